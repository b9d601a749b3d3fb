"""The status that `targets.indicator.computed.v1` tells of an organisation is the one its progress shows."""

import uuid
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from event_stories import BODY as ADDRESSED
from event_stories import FRONT, OTHER, TOLD, apply, case, recommendation, replied, settle, verified
from sqlalchemy import text
from targets_house import BOARD, CITY, NOW, House, StatementCount, amend_targets, rows

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database
from targets.actions.compute_value import tell_figures
from targets.actions.recompute import recompute
from targets.seeds.resolution import indicator_id

OVS_02 = indicator_id("OVS-02")
OF_OVS_02 = f"indicator_id = '{OVS_02}'"


async def told_last(database: Database) -> dict[tuple[str, str, str], str]:
    """The status last told of every indicator, period and organisation."""
    found = await rows(
        database,
        "SELECT DISTINCT ON (subject) data FROM outbox WHERE type = 'targets.indicator.computed.v1'"
        " ORDER BY subject, sequence DESC",
    )
    return {
        (row["data"]["indicator_code"], row["data"]["period"], row["data"]["organisation_id"]): row["data"]["status"]
        for row in found
    }


async def shown(house: House, places: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
    """The status that progress shows of the same."""
    reader = house.person(("monitoring_officer", BOARD))
    found = {}
    for code, period, organisation in places:
        query = {"period": period, "organisation_id": organisation}
        found[code, period, organisation] = (await reader.get(f"/indicators/{code}/progress", **query)).json()["status"]
    return found


async def hand_down(database: Database, version: int, **parts: tuple[UUID, str]) -> None:
    """Hand the target of OVS-02 down; nobody reports it, so the route would name no unit."""
    async with database.write() as session:
        target = await session.scalar(text(f"SELECT id FROM target_version WHERE {OF_OVS_02}"))
        given = {"target": target, "version": version, "by": uuid.uuid4(), "now": NOW}
        await session.execute(
            text("INSERT INTO allocation VALUES (:target, :version, 'by_denominator', 'x', '2026-01-01', :by, :now)"),
            given,
        )
        for unit, value in parts.values():
            await session.execute(
                text("INSERT INTO allocated_target VALUES (:target, :version, :unit, CAST(:value AS numeric))"),
                given | {"unit": unit, "value": value},
            )


async def test_events_say_what_progress_says(house: House, database: Database, made: MadeDatabase) -> None:
    """FRONT reached 2 of 5, OTHER 1 of 2, the city 3 of 7 in the running year."""
    await amend_targets(made, f"value = 45 WHERE {OF_OVS_02}")
    await hand_down(database, 1, front=(FRONT, "90"), other=(OTHER, "90"))
    await hand_down(database, 2, front=(FRONT, "40"))
    await apply(database, TOLD)
    await settle(database)
    told = await told_last(database)
    assert told == await shown(house, told)
    assert len(told) > 10
    of = {organisation: status for (code, _, organisation), status in told.items() if code == "OVS-02"}
    assert of == {str(FRONT): "on_track", str(OTHER): "not_assessed", str(CITY): "at_risk"}


async def test_a_target_that_runs_on_is_never_told_as_missed(
    house: House, database: Database, made: MadeDatabase
) -> None:
    """The level of three years leads to the target, though the last year alone does not reach it."""
    admin = await asyncpg.connect(made.admin_dsn)
    await admin.execute("UPDATE indicator SET time_aggregation = 'last' WHERE code = 'OVS-02'")
    for year, numerator in ((2023, 20), (2024, 40)):
        for place in (CITY, None):
            await admin.execute(
                "INSERT INTO roll_up (indicator_id, period, period_kind, last_day, organisation_id, numerator,"
                " denominator, counted, expected, told, computed_at)"
                " VALUES ($1, $2, 'year', make_date($3, 12, 31), $4, $5, 100, 1, 1, 1, $6)",
                OVS_02, str(year), year, place, numerator, NOW,
            )  # fmt: skip
    await admin.close()
    await amend_targets(made, f"value = 90, valid_to = '2030-12-31' WHERE {OF_OVS_02}")
    said = (replied(ADDRESSED, "2025-05-12"), verified(ADDRESSED))
    ahead = recommendation(9, 1, FRONT, *said, served="2025-05-04")
    for event in ahead:
        for addressee in event.data.get("addressees", []):
            addressee["reply_due_on"] = "2025-05-19"
    await apply(database, [*case(1, FRONT), *ahead])
    await settle(database)
    told = await told_last(database)
    assert told == await shown(house, told)
    assert told["OVS-02", "2025", str(CITY)] == "on_track"  # 20, 40, 50 per cent, and five years left
    assert "missed" not in told.values()


async def test_a_recount_tells_the_same(house: House, database: Database, made: MadeDatabase) -> None:
    await amend_targets(made, f"value = 45 WHERE {OF_OVS_02}")
    await apply(database, TOLD)
    await settle(database)
    before = await told_last(database)
    async with database.write() as session:
        await session.execute(text(f"UPDATE roll_up SET numerator = 0, denominator = 9 WHERE {OF_OVS_02}"))
        await recompute(session, now=NOW)
    told = await told_last(database)
    assert told == before == await shown(house, told)


@pytest.mark.parametrize("number", [0, 1, 7])
async def test_telling_costs_two_reads_whatever_is_told_and_none_without(
    house: House, database: Database, number: int
) -> None:
    await apply(database, TOLD)
    query = text(
        "SELECT id, indicator_id, period, organisation_id, numerator, denominator, told + 1 AS told FROM roll_up"
        " WHERE organisation_id IS NOT NULL AND expected > 0 ORDER BY id LIMIT :number"
    )
    async with house.runtime.database.write() as session:
        given: list[Any] = list((await session.execute(query, {"number": number})).all())
        assert len(given) == number
        with StatementCount(house.runtime.database) as count:
            await tell_figures(session, given, now=NOW)
    reads = [one for one in count.statements if one.startswith("SELECT")]
    assert len(reads) == (2 if number else 0), reads
