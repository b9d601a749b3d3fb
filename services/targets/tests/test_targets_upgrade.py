"""A house that was in use before is brought over: what was approved and computed stands in the figures afterwards."""

import asyncio
import uuid
from decimal import Decimal

import asyncpg
from alembic import command
from targets_house import CITY, COMMUNES, NOW, facts

from devstack.engines import Engines
from devstack.testing import tell_facts
from servicekit import migrations
from servicekit.db import Database
from targets.seeds.resolution import indicator_id

BEFORE = "0014"


async def test_figures_approved_and_computed_before_the_upgrade_are_kept(engines: Engines) -> None:
    name = f"targets_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service="targets")
    try:
        await asyncio.to_thread(command.upgrade, migrations.config("targets", made.owner_url), BEFORE)
        database = Database(made.app_url, pool=1)
        async with database.write() as session:
            await tell_facts(session, facts(), NOW)
        await database.close()
        connection = await asyncpg.connect(made.app_dsn, server_settings={"role": "targets_house"})
        period = await connection.fetchval(
            "INSERT INTO reporting_period (indicator_id, code, kind, first_day, last_day, status, version, told,"
            " due_on, due_provisional, rule_key, rule_version, opened_at, opened_by) VALUES"
            " ($1, '2025', 'year', '2025-01-01', '2025-12-31', 'open', 1, 1, '2026-01-15', false,"
            " 'IND.REPORT_DUE', 1, $2, $3) RETURNING id",
            indicator_id("TGT-01"),
            NOW,
            uuid.uuid4(),
        )
        for commune, status in zip(COMMUNES[:3], ("approved", "approved", "verified"), strict=True):
            await connection.execute("INSERT INTO expected_report VALUES ($1, $2)", period, commune)
            await connection.execute(
                "INSERT INTO report (period_id, organisation_id, status, version, told, numerator, denominator,"
                " breakdown, counting_method, entered_by, created_at, changed_at)"
                " VALUES ($1, $2, $3, 1, 0, 70, 100, '{}', 'distinct_persons', $4, $5, $5)",
                period,
                commune,
                status,
                uuid.uuid4(),
                NOW,
            )
        for organisation in (COMMUNES[0], CITY):
            await connection.execute(
                "INSERT INTO computed_value (id, indicator_id, period, organisation_id, numerator, denominator,"
                " running, told, computed_at) VALUES ($1, $2, '2026', $3, 3, 4, 2, 5, $4)",
                uuid.uuid5(indicator_id("GEN-04"), f"2026:{organisation}"),
                indicator_id("GEN-04"),
                organisation,
                NOW,
            )
        await asyncio.to_thread(migrations.upgrade, "targets", made.owner_url)
        found = await connection.fetch(
            "SELECT i.code, f.organisation_id, f.numerator, f.denominator, f.counted, f.expected FROM roll_up f"
            " JOIN indicator i ON i.id = f.indicator_id ORDER BY i.code"
        )
        await connection.close()
    finally:
        await engines.drop_database(name)
    places = {(row["code"], row["organisation_id"]): tuple(row)[2:] for row in found}
    computed = (Decimal(3), Decimal(4), 4, 6)
    assert places["GEN-04", CITY] == places["GEN-04", None] == places["GEN-04", COMMUNES[0]] == computed
    assert places["TGT-01", CITY] == places["TGT-01", None] == (Decimal(140), Decimal(200), 2, 3)
    assert places["TGT-01", COMMUNES[2]] == (None, None, 0, 1)
