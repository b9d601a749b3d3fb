"""Somebody who looks at very many people's identities is noticed (reliability T22): an audit row, a metric, a log line.

Reads of an identity are audit entries already; once a minute they are counted by reader.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from opentelemetry import metrics

from servicekit import audit
from servicekit.db import Database, fetch
from servicekit.service import Runtime
from servicekit.worker import Job

MANY: Final = 200
WINDOW: Final = timedelta(minutes=10)
ALERT: Final = "reads.many"
READER: Final = "reader"
_EVERY: Final = timedelta(minutes=1)
_alerts = metrics.get_meter("servicekit").create_counter(
    "nhipcau_many_reads", description="Readers who saw very many identities within ten minutes"
)
_log = structlog.get_logger(__name__)

# Ids of entries by people begin with their millisecond (uuidv7): the primary key finds the last minutes.
_READERS = """
SELECT e.actor_id, sum(coalesce((e.details->>'count')::int, 1))::int AS seen
  FROM audit_entry e
 WHERE e.id >= $1 AND e.id < $2 AND e.action = ANY($3) AND e.actor_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM audit_entry a
                    WHERE a.subject_type = $6 AND a.subject_id = e.actor_id AND a.at > $4 AND a.action = $7)
 GROUP BY e.actor_id HAVING sum(coalesce((e.details->>'count')::int, 1)) >= $5"""


def watch_reads(*actions: str) -> Job:
    """Return the job that counts these audit actions, each one look or `details.count` looks at an identity."""

    async def run(database: Any, _: Runtime, now: datetime) -> None:
        await look(database, actions, now)

    return Job("watch reads", _EVERY, run)


async def look(database: Database, actions: tuple[str, ...], now: datetime) -> int:
    """Write an alert for each reader over the limit who has none of the last ten minutes; return how many."""
    since = now - WINDOW
    first, last = _first_id(since), _first_id(now + _EVERY)
    async with database.write() as session:
        readers = await fetch(session, _READERS, first, last, list(actions), since, MANY, READER, ALERT)
        for reader in readers:
            await audit.write(
                session,
                action=ALERT,
                subject_type=READER,
                subject_id=reader["actor_id"],
                actor=None,
                now=now,
                details={"count": reader["seen"], "minutes": int(WINDOW.total_seconds()) // 60},
            )
    for reader in readers:
        _alerts.add(1)
        _log.warning("many_identities_read", count=reader["seen"])
    return len(readers)


def _first_id(moment: datetime) -> UUID:
    return UUID(int=int(moment.timestamp() * 1000) << 80)
