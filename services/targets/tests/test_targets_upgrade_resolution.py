"""An installation with the first four indicators gets the whole resolution; what was reported before stays valid."""

import asyncio
import uuid

import asyncpg
from alembic import command
from targets_house import COMMUNES, NOW, facts

from devstack.engines import Engines
from devstack.testing import tell_facts
from servicekit import migrations
from servicekit.db import Database
from targets.domain.event_rules import RULES
from targets.seeds.resolution import indicator_id, read_document

BEFORE = "0020"
FIRST = ("GEN-04", "TGT-01", "TGT-02", "TGT-03")
_PERIOD = """
INSERT INTO reporting_period (indicator_id, code, kind, first_day, last_day, status, version, told, due_on,
  due_provisional, rule_key, rule_version, opened_at, opened_by)
VALUES ($1, '2025', 'year', '2025-01-01', '2025-12-31', 'open', 1, 1, '2026-01-15', false, 'IND.REPORT_DUE', 1, $2, $3)
RETURNING id"""
_REPORT = """
INSERT INTO report (period_id, organisation_id, status, version, told, numerator, breakdown, counting_method,
  entered_by, created_at, changed_at)
VALUES ($1, $2, 'approved', 1, 0, 3, '{"trade_union": "2", "youth_union": "1"}', 'organisations_founded', $3, $4, $4)"""


async def test_four_are_completed_the_others_added_and_reports_stay(engines: Engines) -> None:
    name = f"targets_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service="targets")
    try:
        await asyncio.to_thread(command.upgrade, migrations.config("targets", made.owner_url), BEFORE)
        database = Database(made.app_url, pool=1)
        async with database.write() as session:
            await tell_facts(session, facts(), NOW)
        await database.close()
        connection = await asyncpg.connect(made.app_dsn, server_settings={"role": "targets_house"})
        period = await connection.fetchval(_PERIOD, indicator_id("TGT-02"), NOW, uuid.uuid4())
        await connection.execute("INSERT INTO expected_report VALUES ($1, $2)", period, COMMUNES[0])
        await connection.execute(_REPORT, period, COMMUNES[0], uuid.uuid4(), NOW)
        await connection.execute("SELECT roll_up_reports($1, NULL, $2)", period, NOW)
        kept = "SELECT * FROM target_version WHERE number = 1 AND indicator_id = ANY ($1::uuid[]) ORDER BY id"
        figures = "SELECT numerator, breakdown FROM roll_up ORDER BY id"
        first = [indicator_id(code) for code in FIRST]
        before = (await connection.fetch(kept, first), await connection.fetch(figures))
        await asyncio.to_thread(migrations.upgrade, "targets", made.owner_url)
        after = (await connection.fetch(kept, first), await connection.fetch(figures))
        rows = await connection.fetch("SELECT id, code, version, categories, definition_vi FROM indicator")
        await connection.close()
    finally:
        await engines.drop_database(name)
    assert [{name: row[name] for name in dict(before[0][0])} for row in after[0]] == [dict(row) for row in before[0]]
    assert len(before[0]) == 4
    assert after[1] == before[1]
    found = {row["code"]: row for row in rows}
    assert {given["code"] for given in read_document()["indicators"]} <= set(found)
    assert [found[code]["id"] for code in FIRST] == first
    assert all(found[code]["definition_vi"] for code in FIRST)
    assert {"trade_union", "youth_union"} <= set(found["TGT-02"]["categories"])


async def test_gen_04_is_no_level_any_more(engines: Engines) -> None:
    """What is made from events is counted anew in each period; an installation of before took GEN-04 for a level."""
    name = f"targets_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service="targets")
    try:
        await asyncio.to_thread(command.upgrade, migrations.config("targets", made.owner_url), "0027")
        connection = await asyncpg.connect(made.owner_dsn)
        stored = "SELECT code, time_aggregation FROM indicator WHERE source LIKE '%\\_events' ORDER BY code"
        fresh = {row["code"]: row["time_aggregation"] for row in await connection.fetch(stored)}
        assert fresh == dict.fromkeys(sorted(RULES), "sum")
        await connection.execute("UPDATE indicator SET time_aggregation = 'last' WHERE code = 'GEN-04'")
        await asyncio.to_thread(migrations.upgrade, "targets", made.owner_url)
        after = {row["code"]: row["time_aggregation"] for row in await connection.fetch(stored)}
        await connection.close()
    finally:
        await engines.drop_database(name)
    assert after == fresh
