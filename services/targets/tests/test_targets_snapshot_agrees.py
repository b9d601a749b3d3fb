"""A snapshot says of every figure what progress says that day: the same numbers, coverage, status and reason."""

import json
from typing import Any
from uuid import UUID

import pytest
from figures_house import add_target, figure, hand_down
from snapshot_house import make
from targets_house import CITY, COMMUNES, Person, add_indicator

from servicekit.db import Database

FREE, HELD, THIRD = COMMUNES[:3]
QUARTERS = ("2025Q4", "2026Q1", "2026Q2", "2026Q3")
GRADES = '{"grade.1": "49", "grade.3": "3", "grade.4": "51"}'


async def everywhere(
    database: Database, indicator: UUID, period: str, numerator: int, denominator: int | None = None, **more: Any
) -> None:
    """Store a figure of the whole and of the committee at the top, which stands for it."""
    for place in (None, CITY):
        await figure(database, indicator, period, numerator, denominator, place=place, **more)


async def unit(
    database: Database, indicator: UUID, period: str, place: UUID, numerator: int, *more: int, **other: Any
) -> None:
    await figure(database, indicator, period, numerator, *more, place=place, counted=1, expected=1, **other)


async def levels(database: Database) -> None:
    """A level by quarters whose target runs on: its trend falls short, though the figures of one unit reach it."""
    level = await add_indicator(
        database, "LEV-01", like="TGT-01", period_kind="quarter", reporting_kinds=["quarter"], time_aggregation="last"
    )
    given = {"valid_to": "2027-12-31", "baseline_value": "60", "baseline_on": "2025-12-31"}
    version = await add_target(database, level, ">", "74", **given)
    await hand_down(database, version, {HELD: "80", THIRD: "70"}, {HELD: "65"})
    for quarter, whole, free in zip(QUARTERS, (60, 62, 64, 65), (70, 72, 74, 75), strict=True):
        await everywhere(database, level, quarter, whole * 10, 1000)
        await unit(database, level, quarter, FREE, free, 100)
        if quarter != "2026Q3":
            await unit(database, level, quarter, HELD, free - 10, 100)  # its last one is of the second quarter
        await unit(database, level, quarter, THIRD, 71, 100)


async def counts(database: Database) -> None:
    """A number of the year counted by quarters, the second of which nobody reported."""
    count = await add_indicator(database, "CNT-01", like="TGT-02", reporting_kinds=["quarter", "year"])
    version = await add_target(database, count, ">=", "14")
    await hand_down(database, version, {HELD: "2"})
    for quarter, whole in (("2026Q1", 4), ("2026Q3", 7)):
        await everywhere(database, count, quarter, whole)
        await unit(database, count, quarter, FREE, 1)
    await unit(database, count, "2026Q1", HELD, 1)


async def the_others(database: Database) -> None:
    """What each unit must reach for itself, grades, events that run, and two ways of counting."""
    each = await add_indicator(database, "EAC-01", like="TGT-01")
    await add_target(database, each, ">", "74", aggregation_scope="each_unit")
    rating = await add_indicator(database, "RAT-01", like="TGT-02", kind="rating")
    await add_target(database, rating, ">=", "3")
    mixed = await add_indicator(database, "MIX-01", like="TGT-01")
    await add_target(database, mixed, ">", "74")
    for indicator, methods in ((each, ("distinct_persons",)), (mixed, ("distinct_persons", "memberships"))):
        await everywhere(database, indicator, "2026", 800, 1000, methods=methods)
        await unit(database, indicator, "2026", FREE, 73, 100, methods=methods)
        await unit(database, indicator, "2026", HELD, 75, 100, methods=methods)
    events = await add_indicator(database, "EVT-01", like="GEN-04")
    await everywhere(database, events, "2026", 0, 5, counted=0, expected=5, methods=())  # five run, none is settled
    await everywhere(database, rating, "2026", 262, 103, breakdown=GRADES)
    await unit(database, rating, "2026", FREE, 3, 1, breakdown='{"grade.3": "1"}')


async def ended(database: Database) -> None:
    """A target that ended with 2025: its year is judged for good, the year after no more."""
    over = await add_indicator(database, "END-01", like="TGT-01")
    await add_target(database, over, ">", "74", valid_from="2021-01-01", valid_to="2025-12-31")
    for period in ("2025", "2026"):
        await everywhere(database, over, period, 740, 1000)
        await unit(database, over, period, FREE, 75, 100)


@pytest.fixture
async def scene(database: Database) -> None:
    for part in (levels, counts, the_others, ended):
        await part(database)


def said_by_progress(found: Any) -> dict[str, Any]:
    names = (
        "numerator", "denominator", "status", "reason", "comparison", "provisional", "decided_by", "measure",
        "periods", "missing_periods", "disputed",
    )  # fmt: skip
    coverage = found["coverage"]
    beside = found["against_whole"]
    return {
        **{name: found[name] for name in names},
        "breakdown": {one["category"]: one["numerator"] for one in found["breakdown"]},
        **{name: coverage[name] for name in ("counted", "expected", "population_counted", "population_expected")},
        "methods": coverage["counting_methods"],
        "allocated": found["allocated_target"],
        "against_whole": None if beside is None else {"status": beside["status"], "reason": beside["reason"]},
        "target": None if found["target"] is None else found["target"]["number"],
        "part": found["period"]["status"],
    }


def said_by_snapshot(content: Any, one: Any) -> dict[str, Any]:
    verdict = one["verdict"]
    [part] = [p for p in content["parts"] if (p["indicator"], p["period"]) == (one["indicator"], one["period"])]
    names = (
        "numerator", "denominator", "measure", "periods", "missing_periods", "breakdown", "counted", "expected",
        "population_counted", "population_expected", "methods", "allocated",
    )  # fmt: skip
    return {
        **{name: one[name] for name in names},
        **{name: value for name, value in verdict.items() if name != "against_whole"},
        "against_whole": verdict["against_whole"],
        "disputed": bool(one["disputes"]),
        "target": None if part["target"] is None else part["target"]["number"],
        "part": part["period_status"],
    }


async def frozen(monitor: Person, snapshot: str) -> Any:
    found = await monitor.get(f"/exports/snapshots/{snapshot}.json")
    assert found.status_code == 200, found.text
    return json.loads(found.content)["content"]


async def test_every_figure_says_what_progress_says(scene: None, monitor: Person) -> None:
    snapshot, _ = await make(monitor, periods=["2020T2025", "2025", "2026", "2026Q3"])
    content = await frozen(monitor, snapshot)
    for one in content["figures"].values():
        place = {} if one["organisation"] == "city" else {"organisation_id": one["organisation"]}
        found = await monitor.get(f"/indicators/{one['indicator']}/progress", period=one["period"], **place)
        assert found.status_code == 200, found.text
        assert said_by_snapshot(content, one) == said_by_progress(found.json()), one["key"]
    # So that the comparison cannot pass over an empty scene.
    verdicts = {key: one["verdict"] for key, one in content["figures"].items()}

    def status(code: str, period: str, place: UUID | str = "city") -> tuple[str, str]:
        verdict = verdicts[f"{code}_{period}_{place}"]
        return verdict["status"], verdict["reason"]

    assert status("LEV-01", "2026Q3") == status("LEV-01", "2026Q3", CITY) == ("at_risk", "projection_falls_short")
    assert verdicts["LEV-01_2026Q3_city"]["decided_by"] == "projection"
    assert status("LEV-01", "2026Q3", FREE) == ("not_assessed", "no_allocation")
    beside = verdicts[f"LEV-01_2026Q3_{FREE}"]["against_whole"]
    assert beside == {"status": "on_track", "reason": "projection_reaches"}
    assert status("LEV-01", "2026", HELD) == ("on_track", "projection_reaches")
    assert content["figures"][f"LEV-01_2026_{HELD}"]["allocated"] == "65"
    assert content["figures"][f"LEV-01_2026_{HELD}"]["periods"] == ["2026Q2"]
    assert status("LEV-01", "2026Q3", THIRD) == ("not_assessed", "no_allocation")  # the newest version left it out
    assert {status("EAC-01", "2026", place)[0] for place in (FREE, HELD)} == {"at_risk", "on_track"}
    assert status("RAT-01", "2026") == ("on_track", "holds_so_far")
    assert status("MIX-01", "2026") == ("not_assessed", "counting_methods_mixed")
    assert content["figures"]["EVT-01_2026_city"]["denominator"] == "5"
    assert content["figures"]["END-01_2020T2025_city"]["periods"] == ["2025"]
    assert (status("END-01", "2025")[0], status("END-01", "2026")[0]) == ("missed", "period_ended")
    year = content["figures"]["CNT-01_2026_city"]
    assert (year["numerator"], year["periods"], year["missing_periods"]) == ("11", ["2026Q1", "2026Q3"], ["2026Q2"])
    assert (year["counted"], year["expected"], year["verdict"]["provisional"]) == (206, 309, True)
    assert content["figures"][f"CNT-01_2026_{HELD}"]["missing_periods"] == ["2026Q2", "2026Q3"]
    assert "source_not_telling" in {verdict["reason"] for verdict in verdicts.values()}
