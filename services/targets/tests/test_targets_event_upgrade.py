"""A house in which GEN-04 was counted before there were items: nothing is counted anew, and nothing twice."""

import asyncio
import uuid
from datetime import date

import asyncpg
from alembic import command
from targets_house import CITY, COMMUNES, NOW, facts
from test_targets_gen04 import told, values

from devstack.engines import Engines
from devstack.testing import tell_facts
from servicekit import migrations
from servicekit.db import Database
from servicekit.inbox import Outcome, handle_once
from targets.actions.recompute import recompute
from targets.consumers import FEEDBACK
from targets.seeds.resolution import indicator_id

BEFORE = "0020"
ANSWERED, OVERDUE, RUNNING, RECEIVED = (uuid.UUID(int=number) for number in range(1, 5))


async def test_clocks_become_items_and_their_figures_stand(engines: Engines) -> None:
    name = f"targets_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service="targets")
    try:
        await asyncio.to_thread(command.upgrade, migrations.config("targets", made.owner_url), BEFORE)
        database = Database(made.app_url, pool=2)
        async with database.write() as session:
            await tell_facts(session, facts(), NOW)
        connection = await asyncpg.connect(made.app_dsn, server_settings={"role": "targets_house"})
        for submission, due, answered, overdue in (
            (ANSWERED, date(2026, 3, 10), date(2026, 3, 10), False),
            (OVERDUE, date(2026, 3, 10), None, True),
            (RUNNING, date(2026, 12, 20), None, False),
            (RECEIVED, None, None, False),
        ):
            await connection.execute(
                "INSERT INTO feedback_clock (submission_id, front_organisation_id, path, unit_id, due_on, answered_on,"
                " overdue) VALUES ($1, $2, $3, $1, $4, $5, $6)",
                submission,
                COMMUNES[0],
                [CITY, COMMUNES[0]],
                due,
                answered,
                overdue,
            )
            await connection.execute(
                "INSERT INTO inbox_progress VALUES ('targets-feedback', 'nhipcau/feedback', $1, $2)",
                submission,
                1 if due is None else 5 if answered else 4,
            )
        for organisation in (COMMUNES[0], CITY, None):
            own = uuid.uuid5(indicator_id("GEN-04"), f"2026:{organisation}") if organisation else uuid.uuid4()
            await connection.execute(
                "INSERT INTO roll_up (id, indicator_id, period, period_kind, last_day, organisation_id, numerator,"
                " denominator, counted, expected, told, computed_at)"
                " VALUES ($1, $2, '2026', 'year', '2026-12-31', $3, 1, 2, 2, 3, 2, $4)",
                own,
                indicator_id("GEN-04"),
                organisation,
                NOW,
            )
        await asyncio.to_thread(migrations.upgrade, "targets", made.owner_url)
        assert await values(database) == {COMMUNES[0]: (1, 2, 1), CITY: (1, 2, 1)}
        async with database.write() as session:
            done = await recompute(session, now=NOW)
        assert (done.items, done.figures_changed, done.checksum_before) == (4, 0, done.checksum_after)
        answer = {
            "holder_organisation_id": str(COMMUNES[1]),
            "front_organisation_id": str(COMMUNES[0]),
            "outcome": "done",
            "answered_on": "2026-11-22",
            "due_on": "2026-12-20",
            "on_time": True,
        }
        assert await handle_once(database, FEEDBACK, told(RUNNING, 5, "answered", answer), NOW) is Outcome.APPLIED
        assert await values(database) == {COMMUNES[0]: (2, 3, 0), CITY: (2, 3, 0)}
        whole = await connection.fetchrow("SELECT numerator, denominator FROM roll_up WHERE organisation_id IS NULL")
        assert whole is not None
        assert tuple(whole) == (2, 3)
        told_of = await connection.fetch("SELECT sequence FROM outbox")
        assert {row["sequence"] for row in told_of} == {3}
        await connection.close()
        await database.close()
    finally:
        await engines.drop_database(name)
