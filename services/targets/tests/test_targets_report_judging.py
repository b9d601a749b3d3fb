"""What a report says about the target: the same as the progress of its unit, as long as there is no trend."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from figures_house import add_target
from targets_house import (
    BOARD,
    COMMUNES,
    House,
    Person,
    add_indicator,
    amend_targets,
    approve_one,
    report_body,
)

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database

Open = Callable[..., Any]
HERE, THERE = COMMUNES[0], COMMUNES[1]
SAME = ("status", "reason", "comparison", "provisional")


@pytest.fixture
def people(operator: Person, verifier: Person, approver: Person) -> tuple[Person, Person, Person]:
    return operator, verifier, approver


async def found(reader: Person, path: str) -> Any:
    """Read an approved report, and see that the progress of its unit says the same."""
    report = (await reader.get(path)).json()
    query = {"period": report["period"], "organisation_id": report["organisation_id"]}
    progress = (await reader.get(f"/indicators/{report['indicator_code']}/progress", **query)).json()
    assert {name: report["evaluation"][name] for name in SAME} == {name: progress[name] for name in SAME}
    assert report["against_whole"] == progress["against_whole"]
    assert report["allocated_target"] == progress["allocated_target"]
    return report


def said(report: Any) -> tuple[str, str]:
    return report["evaluation"]["status"], report["evaluation"]["reason"]


async def test_a_target_that_still_runs_is_never_missed(
    monitor: Person, period: Open, people: Any, database: Database
) -> None:
    level = await add_indicator(database, "RUN-01", like="TGT-01")
    await add_target(
        database, level, ">", "74", valid_from="2021-01-01", valid_to="2030-12-31", aggregation_scope="each_unit",
        baseline_value="60", baseline_on="2024-12-31",
    )  # fmt: skip
    await period("RUN-01", "2025")
    draft = await people[0].post("/reports", report_body(COMMUNES[2], 739, 1000, indicator_code="RUN-01"))
    assert said(draft.json()) == ("at_risk", "does_not_hold_before_due")
    assert draft.json()["evaluation"]["provisional"] is True
    low = await approve_one(people, HERE, 740, 1000, indicator_code="RUN-01")
    assert said(await found(monitor, low)) == ("at_risk", "does_not_hold_before_due")
    high = await approve_one(people, THERE, 741, 1000, indicator_code="RUN-01")
    assert said(await found(monitor, high)) == ("on_track", "holds_before_due")
    listed = (await monitor.get("/reports", indicator_code="RUN-01")).json()["items"]
    assert {said(report)[0] for report in listed} == {"at_risk", "on_track"}


async def test_a_unit_is_held_against_what_was_handed_down_to_it_last(
    monitor: Person, period: Open, people: Any, made: MadeDatabase
) -> None:
    await period("TGT-01", "2025")
    own, other = await approve_one(people, HERE, 700, 1000), await approve_one(people, THERE, 700, 1000)
    alone = await found(monitor, own)
    assert (said(alone), alone["allocated_target"]) == (("not_assessed", "no_allocation"), None)
    assert (alone["against_whole"]["status"], alone["target"]["value"]) == ("missed", "74")

    async def hand_down(etag: str, *parts: tuple[UUID, str]) -> None:
        units = [{"organisation_id": str(unit), "value": value} for unit, value in parts]
        head = {"method": "by_denominator", "decision": "7-KH/BTGDV", "decided_on": "2026-01-15"}
        done = await monitor.put("/indicators/TGT-01/targets/1/allocation", head | {"units": units}, etag=etag)
        assert done.status_code == 200, done.text

    await hand_down('"0"', (HERE, "70"), (THERE, "60"))
    assert said(await found(monitor, other)) == ("achieved", "comparison_holds")
    assert said(await found(monitor, own)) == ("missed", "comparison_fails")
    await hand_down('"1"', (HERE, "69.9"))
    with_part = await found(monitor, own)
    assert (said(with_part), with_part["allocated_target"]) == (("achieved", "comparison_holds"), "69.9")
    assert with_part["evaluation"]["comparison"] == "100 × 700 = 70000 > 69.9 × 1000 = 69900: đúng"
    assert with_part["against_whole"]["status"] == "missed"
    assert said(await found(monitor, other)) == ("not_assessed", "no_allocation")
    await amend_targets(made, "aggregation_scope = 'each_unit'")
    each = await found(monitor, other)
    assert (said(each), each["against_whole"]) == (("missed", "comparison_fails"), None)
    assert said(await found(monitor, own)) == ("achieved", "comparison_holds")


async def test_what_a_unit_stands_for_in_people_counts_as_in_progress(
    monitor: Person, period: Open, people: Any, made: MadeDatabase
) -> None:
    await amend_targets(made, "aggregation_scope = 'each_unit', minimum_population = 50")
    for unit, counted_on in ((HERE, "2025-01-01"), (HERE, "2026-06-01"), (THERE, "2026-06-01")):
        counted = {"persons": 10, "source": "Cục Thống kê"}
        done = await monitor.put(f"/population/{unit}/{counted_on}", counted, etag='"0"')
        assert done.status_code == 200, done.text
    await period("TGT-01", "2025")
    assert said(await found(monitor, await approve_one(people, HERE, 750, 1000))) == ("achieved", "comparison_holds")
    # THERE was first counted after the period.
    unknown = await found(monitor, await approve_one(people, THERE, 750, 1000))
    assert said(unknown) == ("not_assessed", "population_unknown")


async def test_a_grade_is_judged_as_a_grade_and_the_board_s_is_the_city_s(
    monitor: Person, house: House, period: Open, people: Any, database: Database
) -> None:
    """A number that reached "at least" stays reached; a grade can still fall while its period runs."""
    grade = await add_indicator(database, "RAT-01", like="TGT-02", kind="rating", time_aggregation="last")
    await add_target(database, grade, ">=", "3", aggregation_scope="each_unit")
    await period("RAT-01", "2026")
    path = await approve_one(people, HERE, 3, indicator_code="RAT-01", period="2026")
    report = await found(monitor, path)
    assert said(report) == ("on_track", "holds_so_far")
    assert report["evaluation"]["comparison"] == "trung vị (1: 0, 2: 0, 3: 1, 4: 0) = 3 >= 3: đúng"
    city = await add_indicator(
        database, "RAT-02", like="TGT-02", kind="rating", reporter_kinds=["mass_mobilisation_board"],
        reporter_level="city", time_aggregation="last",
    )  # fmt: skip
    await add_target(database, city, ">=", "3")
    await period("RAT-02", "2026")
    hands = house.person(("reporter", BOARD)), house.person(("verifier", BOARD)), people[2]
    path = await approve_one(hands, BOARD, 2, indicator_code="RAT-02", period="2026")
    whole = await found(monitor, path)
    assert (said(whole), whole["against_whole"]) == (("at_risk", "does_not_hold_yet"), None)


async def test_after_the_target_has_ended_nothing_is_judged(monitor: Person, period: Open, people: Any) -> None:
    await period("TGT-01", "2026")
    report = await found(monitor, await approve_one(people, HERE, 900, 1000, period="2026"))
    assert (said(report), report["target"]) == (("period_ended", "target_ended"), None)
    assert (report["against_whole"], report["evaluation"]["provisional"]) == (None, False)
