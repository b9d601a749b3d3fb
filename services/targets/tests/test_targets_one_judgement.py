"""The same figure has the same status wherever it is shown: dashboard and ranking say what progress says."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from figures_house import add_target, figure, hand_down
from sqlalchemy import text
from targets_house import CITY, COMMUNES, Person, add_indicator

from servicekit.db import Database

PAGE = "/dashboards/resolutions/08-NQ/TU"
SAME = ("numerator", "denominator", "rate", "measured", "measure", "status", "reason", "comparison", "provisional",
        "decided_by", "periods", "missing_periods", "allocated_target", "disputed_values")  # fmt: skip
IN_COVERAGE = ("counted", "expected", "population_counted", "population_expected", "counting_methods")
RUNNING = {"valid_from": "2026-01-01", "valid_to": "2030-12-31"}


class Scene:
    """Stores figures for the whole, the city and one commune, as the sums would."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.indicators: dict[str, UUID] = {}
        self.targets: dict[str, UUID] = {}

    async def indicator(self, code: str, comparator: str, value: str, like: str = "TGT-01", **columns: Any) -> None:
        """Add an indicator with a target; what belongs to the target is given as `target`."""
        more = columns.pop("target", RUNNING)
        made = self.indicators[code] = await add_indicator(self._database, code, like=like, **columns)
        self.targets[code] = await add_target(self._database, made, comparator, value, **more)

    async def figures(self, code: str, values: Mapping[str, tuple[int, int | None]], breakdown: str = "{}") -> None:
        """Store figures by period: of a commune, and a hundred and three times as much of all that is above it."""
        for period, (numerator, denominator) in values.items():
            for place, times in ((None, 103), (CITY, 103), (COMMUNES[0], 1)):
                await figure(
                    self._database,
                    self.indicators[code],
                    period,
                    numerator * times,
                    None if denominator is None else denominator * times,
                    place=place,
                    counted=times,
                    expected=times,
                    breakdown=breakdown if times == 1 else "{}",
                )

    async def hand_down(self, code: str, value: str) -> None:
        """Hand a part of the target down to the commune."""
        await hand_down(self._database, self.targets[code], {COMMUNES[0]: value})


@pytest.fixture
async def scene(database: Database) -> Scene:
    """Every way a figure can be judged, for 2026S1 and 2026."""
    made = Scene(database)
    trend = {f"{year}S{half}": (600 + 20 * (2 * year + half - 4048), 1000) for year in (2024, 2025) for half in (1, 2)}
    halves: dict[str, Any] = {"period_kind": "half", "reporting_kinds": ["half"], "time_aggregation": "last"}
    await made.indicator("SAME-TREND", ">", "99", **halves)
    await made.figures("SAME-TREND", trend | {"2026S1": (690, 1000)})
    await made.indicator("SAME-PACE", ">=", "70", **halves)
    await made.figures("SAME-PACE", {"2025S2": (600, 1000), "2026S1": (640, 1000)})
    await made.indicator("SAME-EACH", ">", "60", target=RUNNING | {"aggregation_scope": "each_unit"}, **halves)
    await made.figures("SAME-EACH", {"2026S1": (610, 1000)})
    await made.indicator("SAME-HANDED", ">", "60", **halves)
    await made.figures("SAME-HANDED", {"2026S1": (610, 1000)})
    await made.hand_down("SAME-HANDED", "70")
    await made.indicator("SAME-GRADE", ">=", "3", like="TGT-02", kind="rating", **halves)
    await made.figures("SAME-GRADE", {"2026S1": (3, 1)}, '{"grade.3": "1"}')
    await made.indicator("SAME-QUARTERS", ">=", "14", like="TGT-02", reporting_kinds=["quarter", "year"])
    await made.figures("SAME-QUARTERS", {"2026Q1": (4, None), "2026Q3": (5, None)})
    ended = {"valid_from": "2020-01-01", "valid_to": "2025-12-31"}
    await made.indicator("SAME-ENDED", ">", "60", target=ended, **halves)
    await made.figures("SAME-ENDED", {"2026S1": (610, 1000)})
    await made.indicator("SAME-PEOPLE", ">", "60", target=RUNNING | {"minimum_population": "50"}, **halves)
    await made.figures("SAME-PEOPLE", {"2026S1": (610, 1000)})
    return made


def places() -> Iterator[dict[str, str]]:
    yield {}
    yield {"organisation_id": str(CITY)}
    yield {"organisation_id": str(COMMUNES[0])}


async def said_by_progress(monitor: Person, code: str, **query: str) -> dict[str, Any]:
    answer = await monitor.get(f"/indicators/{code}/progress", **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found | {name: found["coverage"][name] for name in IN_COVERAGE}


async def test_every_line_of_a_dashboard_says_what_progress_says(scene: Scene, monitor: Person) -> None:
    seen = set()
    for period in ("2026S1", "2026"):
        for place in places():
            page = (await monitor.get(PAGE, period=period, **place)).json()
            for line in page["indicators"]:
                if not line["code"].startswith("SAME-"):
                    continue
                progress = await said_by_progress(monitor, line["code"], period=line["period"], **place)
                for name in (*SAME, *IN_COVERAGE, "against_whole"):
                    assert line[name] == progress[name], (line["code"], period, place, name)
                seen.add((line["reason"], line["decided_by"]))
    assert {"projection_falls_short", "no_allocation", "target_ended", "population_unknown", "coverage_too_low"} <= {
        reason for reason, _ in seen
    }
    assert {"projection", "required_pace", "comparison", None} <= {how for _, how in seen}


async def test_a_target_that_still_runs_is_not_missed(scene: Scene, monitor: Person) -> None:
    page = (await monitor.get(PAGE, period="2026S1")).json()
    found = {line["code"]: line for line in page["indicators"] if line["code"].startswith("SAME-")}
    assert {code: line["status"] for code, line in found.items() if line["status"] == "missed"} == {}
    assert (found["SAME-TREND"]["status"], found["SAME-TREND"]["decided_by"]) == ("at_risk", "projection")
    assert found["SAME-QUARTERS"]["period"] == "2026"
    assert found["SAME-QUARTERS"]["missing_periods"] == ["2026Q2"]
    city = (await monitor.get(PAGE, period="2026S1", organisation_id=str(CITY))).json()
    (of_city,) = [line for line in city["indicators"] if line["code"] == "SAME-QUARTERS"]
    assert (of_city["status"], of_city["reason"]) == (
        found["SAME-QUARTERS"]["status"], found["SAME-QUARTERS"]["reason"]
    )  # fmt: skip


async def test_every_unit_of_a_ranking_is_judged_as_progress_judges_it(scene: Scene, monitor: Person) -> None:
    for code in scene.indicators:
        period = "2026" if code == "SAME-QUARTERS" else "2026S1"
        answer = await monitor.get("/dashboards/organisations", indicator=code, period=period)
        assert answer.status_code == 200, answer.text
        (unit,) = [one for one in answer.json()["items"] if one["organisation_id"] == str(COMMUNES[0])]
        progress = await said_by_progress(monitor, code, period=period, organisation_id=str(COMMUNES[0]))
        shared = [name for name in (*SAME, "against_whole") if name in unit]
        assert {name: unit[name] for name in shared} == {name: progress[name] for name in shared}, code
        assert unit["rank"] == 1


async def test_a_body_at_the_top_is_ranked_as_the_whole_it_stands_for(scene: Scene, monitor: Person) -> None:
    halves: dict[str, Any] = {"period_kind": "half", "reporting_kinds": ["half"], "reporter_level": "city"}
    await scene.indicator("SAME-TOP", ">", "60", **halves)
    await scene.figures("SAME-TOP", {"2026S1": (610, 1000)})
    answer = await monitor.get("/dashboards/organisations", indicator="SAME-TOP", period="2026S1")
    (unit,) = answer.json()["items"]
    progress = await said_by_progress(monitor, "SAME-TOP", period="2026S1", organisation_id=str(CITY))
    assert (unit["organisation_id"], unit["reason"]) == (str(CITY), progress["reason"])
    assert unit["reason"] != "no_allocation"


async def test_a_kept_line_follows_every_thing_it_is_made_of(scene: Scene, monitor: Person, database: Database) -> None:
    commune = {"organisation_id": str(COMMUNES[0])}

    async def line(code: str, **place: str) -> dict[str, Any]:
        page = (await monitor.get(PAGE, period="2026S1", **place)).json()
        (found,) = [one for one in page["indicators"] if one["code"] == code]
        return dict(found)

    assert (await line("SAME-TREND"))["status"] == "at_risk"
    async with database.write() as session:  # an old value of the trend, long before the period that is shown
        await session.execute(
            text("UPDATE roll_up SET numerator = 1, told = told + 1 WHERE indicator_id = :own AND period = '2024S1'"),
            {"own": scene.indicators["SAME-TREND"]},
        )
    assert (await line("SAME-TREND"))["status"] == "on_track"
    assert (await line("SAME-PACE", **commune))["reason"] == "no_allocation"
    await scene.hand_down("SAME-PACE", "20")
    assert (await line("SAME-PACE", **commune))["allocated_target"] == "20"
    before = await line("SAME-EACH", organisation_id=str(CITY))
    async with database.write() as session:  # somebody is expected who does not stand below the city's body
        await session.execute(
            text("UPDATE roll_up SET expected = 104, told = told + 1 WHERE indicator_id = :own AND period = '2026S1'"
                 " AND organisation_id IS NULL"),
            {"own": scene.indicators["SAME-HANDED"]},
        )  # fmt: skip
    assert (await line("SAME-HANDED", organisation_id=str(CITY)))["reason"] == "no_allocation"
    assert await line("SAME-EACH", organisation_id=str(CITY)) == before
    async with database.write() as session:
        await session.execute(
            text("UPDATE indicator SET name_en = 'Another name', version = version + 1 WHERE code = 'SAME-EACH'")
        )
    assert (await line("SAME-EACH"))["name_en"] == "Another name"
