"""Progress over HTTP: where it is heading, by which step that was decided, and the wall around what judges it."""

import uuid
from typing import Any
from uuid import UUID

import pytest
from figures_house import add_target, figure
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import BOARD, COMMUNES, NOW, Person, add_indicator, amend_targets, organisation_id, rows

from devstack.databases import Database as MadeDatabase
from devstack.testing import tell_facts
from servicekit.db import Database
from servicekit.identity import Actor, Grant
from servicekit.row_scope import PUBLIC, Scope, scope_of_actor
from targets.app import SERVICE


async def progress(monitor: Person, code: str, period: str = "2026") -> Any:
    answer = await monitor.get(f"/indicators/{code}/progress", period=period)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_level_is_judged_by_its_trend_to_the_target_s_own_date(
    monitor: Person, database: Database, made: MadeDatabase
) -> None:
    level = await add_indicator(
        database, "LEV-01", like="TGT-01", period_kind="quarter", reporting_kinds=["quarter"], time_aggregation="last"
    )
    await add_target(database, level, ">", "74", valid_to="2027-12-31", baseline_value="60", baseline_on="2025-12-31")
    values = (("2025Q4", 60), ("2026Q1", 62), ("2026Q2", 64), ("2026Q3", 65))
    for period, value in values:
        await figure(database, level, period, value * 10, 1000)
    await figure(database, level, "2025Q3", 100, 1000, counted=20)  # too few units to be a point of the trend
    found = await progress(monitor, "LEV-01", "2026Q3")
    assert (found["status"], found["reason"]) == ("at_risk", "projection_falls_short")
    assert found["decided_by"] == "projection"
    assert [point["value"] for point in found["series"]] == ["60", "62", "64", "65"]
    line = found["projection"]
    assert (line["on"], line["points"], line["confidence"], line["t"]) == ("2027-12-31", 4, 95, "4.303")
    assert abs(float(line["value"]) - 73.8) < 0.2  # 1.7 a quarter, 6.5 quarters after the middle at 62.75
    assert float(line["low"]) < float(line["value"]) < float(line["high"])
    pace = found["pace"]
    assert (pace["first_is_baseline"], pace["first"]["value"], pace["last"]["on"]) == (True, "60", "2026-09-30")
    assert (pace["days_left"], pace["remaining"], pace["periods_left"]) == (457, "9", 5)
    assert (pace["required_per_day"], pace["required_per_period"]) == ("0.019694", "1.8")
    words = " ".join(step["en"] for step in found["explanation"])
    assert "(74 − 65) ÷ 457 = 0.019694 a day" in words
    assert "Decided by the trend." in words
    await amend_targets(made, "value = 73 WHERE decision = 'x'")
    nearer = await progress(monitor, "LEV-01", "2026Q3")
    assert (nearer["status"], nearer["reason"]) == ("on_track", "projection_reaches")
    assert nearer["projection"]["sure"] is False
    # Two values are a pace and no trend; a coverage too low is not judged at all.
    second = await progress(monitor, "LEV-01", "2026Q1")
    assert (second["decided_by"], second["projection"], second["status"]) == ("required_pace", None, "on_track")
    assert second["no_projection"]["en"] == "No projection: 2 values, at least 3 are needed."
    low = await progress(monitor, "LEV-01", "2025Q3")
    assert low["status"] == "not_assessed"


async def test_a_count_of_the_year_is_judged_by_its_pace(monitor: Person, database: Database) -> None:
    """30 September is the 273rd day: 10 so far lead to 10 + 92 × 10 ÷ 273 = 13.369963 by the year's end."""
    count = await add_indicator(database, "CNT-01", like="TGT-02", reporting_kinds=["quarter", "year"])
    await add_target(database, count, ">=", "14")
    await figure(database, count, "2026Q1", 4)
    await figure(database, count, "2026Q2", 6)
    found = await progress(monitor, "CNT-01")
    assert (found["periods"], found["missing_periods"]) == (["2026Q1", "2026Q2"], ["2026Q3"])
    assert (found["numerator"], found["coverage"]["counted"], found["coverage"]["expected"]) == ("10", 206, 309)
    assert (found["status"], found["reason"], found["provisional"]) == ("not_assessed", "coverage_too_low", True)
    assert (found["pace"]["last"]["on"], found["pace"]["periods_left"]) == ("2026-06-30", 2)
    await figure(database, count, "2026Q3", 0)  # and the fourth quarter, which still runs, is not missing
    late = await progress(monitor, "CNT-01")
    assert (late["status"], late["decided_by"], late["reason"]) == ("at_risk", "required_pace", "pace_too_slow")
    assert (late["coverage"]["counted"], late["coverage"]["expected"]) == (309, 309)
    assert late["pace"]["first"] == {"on": "2025-12-31", "value": "0"}
    assert (late["pace"]["last"]["on"], late["pace"]["value_at_due"]) == ("2026-09-30", "13.369963")
    assert (late["pace"]["periods_left"], late["pace"]["required_per_period"]) == (1, "4")
    async with database.write() as session:
        await session.execute(text("UPDATE roll_up SET numerator = 1 WHERE period = '2026Q3'"))
    assert (await progress(monitor, "CNT-01"))["status"] == "on_track"  # 11 lead to 14.7
    async with database.write() as session:
        await session.execute(text("UPDATE roll_up SET numerator = 4 WHERE period = '2026Q3'"))
    assert (await progress(monitor, "CNT-01"))["status"] == "achieved"


async def test_a_year_of_quarters_continues_the_quarters_trend(monitor: Person, database: Database) -> None:
    level = await add_indicator(database, "LEV-02", like="TGT-01", reporting_kinds=["quarter"], time_aggregation="last")
    await add_target(database, level, ">", "66")
    for quarter, value in (("2026Q1", 62), ("2026Q2", 64), ("2026Q3", 65)):
        await figure(database, level, quarter, value * 10, 1000)
    found = await progress(monitor, "LEV-02")
    assert (found["rate"], found["periods"], found["missing_periods"]) == ("65", ["2026Q3"], [])
    assert [point["on"] for point in found["series"]] == ["2026-03-31", "2026-06-30", "2026-09-30"]
    assert (found["decided_by"], found["status"], found["projection"]["on"]) == (
        "projection", "on_track", "2026-12-31"
    )  # fmt: skip
    assert found["pace"]["periods_left"] == 1


async def test_a_part_of_a_year_does_not_miss_the_year_s_target(monitor: Person, database: Database) -> None:
    count = await add_indicator(database, "CNT-02", like="TGT-02", reporting_kinds=["half", "year"])
    await add_target(database, count, ">=", "14")
    await figure(database, count, "2026S1", 5)
    found = await progress(monitor, "CNT-02", "2026S1")
    assert (found["status"], found["reason"], found["numerator"]) == ("not_assessed", "target_of_longer_period", "5")
    assert found["comparison"] == "5 >= 14: sai"
    async with database.write() as session:
        await session.execute(text("UPDATE roll_up SET numerator = 15 WHERE period = '2026S1'"))
    assert (await progress(monitor, "CNT-02", "2026S1"))["status"] == "achieved"
    anew = {"reporting_kinds": ["half", "year"], "time_aggregation": "sum"}
    share = await add_indicator(database, "SHR-01", like="TGT-01", **anew)
    await add_target(database, share, ">", "74")
    await figure(database, share, "2026S1", 700, 1000)
    found = await progress(monitor, "SHR-01", "2026S1")
    assert (found["status"], found["reason"]) == ("at_risk", "does_not_hold_before_due")
    assert (found["pace"], found["projection"], found["no_projection"]) == (None, None, None)


async def test_grades_and_yes_or_no_are_judged_as_what_they_are(monitor: Person, database: Database) -> None:
    rating = await add_indicator(database, "RAT-01", like="TGT-02", kind="rating")
    await add_target(database, rating, ">=", "3")
    spread = '{"grade.1": "49", "grade.3": "3", "grade.4": "51"}'
    await figure(database, rating, "2026", 262, 103, breakdown=spread)
    found = await progress(monitor, "RAT-01")
    assert (found["measure"], found["measured"], found["rate"]) == ("median_grade", "3", None)
    assert (found["status"], found["comparison"]) == (
        "on_track", "trung vị (1: 49, 2: 0, 3: 3, 4: 51) = 3 >= 3: đúng"
    )  # fmt: skip
    yes = await add_indicator(database, "YES-01", like="TGT-02", kind="yes_no")
    await add_target(database, yes, ">=", "100")
    await figure(database, yes, "2026", 102, 103)
    asked = await progress(monitor, "YES-01")
    assert (asked["measure"], asked["rate"], asked["status"]) == ("share", "99.029126", "at_risk")
    assert asked["comparison"] == "100 × 102 = 10200 >= 100 × 103 = 10300: sai"


async def test_persons_and_memberships_are_never_judged_together(monitor: Person, database: Database) -> None:
    mixed = await add_indicator(database, "MIX-01", like="TGT-01")
    await add_target(database, mixed, ">", "74")
    await figure(database, mixed, "2026", 800, 1000, methods=("distinct_persons", "memberships"))
    found = await progress(monitor, "MIX-01")
    assert (found["status"], found["reason"]) == ("not_assessed", "counting_methods_mixed")


def scope(*grants: tuple[str, UUID]) -> Scope:
    actor = Actor("person", uuid.uuid4(), uuid.uuid4(), tuple(Grant(role, where) for role, where in grants))
    return scope_of_actor(actor, SERVICE.groups)


_WRITES = (
    "INSERT INTO allocation VALUES ((SELECT id FROM target_version LIMIT 1), 1, 'sum', 'x', '2026-01-01', uuidv7(),"
    " now())",
    "INSERT INTO formula_version VALUES ((SELECT id FROM indicator LIMIT 1), 1, 'A', NULL, '2026-01-01', 'x',"
    " '2026-01-01', NULL, now())",
    f"INSERT INTO population VALUES ('{COMMUNES[0]}', '2026-01-01', 1, 'x')",
)
_NEVER = (
    "DELETE FROM population",
    "UPDATE allocation SET decision = 'x'",
    "DELETE FROM allocated_target",
    "UPDATE formula_version SET numerator = 'B'",
    "UPDATE indicator SET formula = NULL",
    "UPDATE roll_up SET numerator = 1",
)


@pytest.mark.parametrize("place", ["nobody", "commune", "district board", "board"])
async def test_only_the_board_s_requests_may_write_what_judges(database: Database, place: str) -> None:
    district = organisation_id("district board")
    data = {"kind": "mass_mobilisation_board", "level": "district", "path": [str(district)]}
    async with database.write() as session:
        await tell_facts(session, [{"kind": "organisation", "id": district, "data": data}], NOW)
    held = {"commune": COMMUNES[0], "district board": district, "board": BOARD}
    whose = PUBLIC if place == "nobody" else scope(("monitoring_officer", held[place]))
    for statement in _NEVER + (() if place == "board" else _WRITES):
        with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
            async with database.write(whose) as session:
                await session.execute(text(statement))
    if place == "board":
        async with database.write(whose) as session:
            for statement in _WRITES:
                await session.execute(text(statement))
        assert len(await rows(database, "SELECT 1 FROM allocation")) == 1
