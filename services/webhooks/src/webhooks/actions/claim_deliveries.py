"""Take what is due, with a share for each endpoint, so that a slow receiver holds up nobody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LEASE = timedelta(seconds=60)
"""How long a claim holds; after a crash the delivery is due again then."""
PER_ENDPOINT = 16

_CLAIM = text(
    """
    WITH due AS (
      SELECT line.id FROM endpoint e
      LEFT JOIN unnest(CAST(:busy_ids AS uuid[]), CAST(:busy_counts AS int[])) AS busy (id, n) ON busy.id = e.id
      CROSS JOIN LATERAL (
        SELECT d.id FROM delivery d
        WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.next_attempt_at <= :now
        ORDER BY d.next_attempt_at LIMIT GREATEST(0, :share - COALESCE(busy.n, 0)) FOR UPDATE SKIP LOCKED
      ) AS line
      WHERE e.status = 'active'
    )
    UPDATE delivery d SET next_attempt_at = :lease
    FROM due, endpoint e, message m
    WHERE d.id = due.id AND e.id = d.endpoint_id AND m.id = d.message_id
    RETURNING d.id, d.endpoint_id, d.attempts, e.url, e.secret_sealed, e.old_secret_sealed, e.old_secret_until,
              m.id AS message_id, m.body
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """All that one attempt needs."""

    id: UUID
    endpoint_id: UUID
    attempts: int
    url: str
    secret_sealed: bytes
    old_secret_sealed: bytes | None
    old_secret_until: datetime | None
    message_id: UUID
    body: bytes


async def claim_deliveries(session: AsyncSession, busy: Mapping[UUID, int], now: datetime) -> list[Claimed]:
    """Return the deliveries to try now (one statement); `busy` counts those under way for each endpoint."""
    parameters = {
        "busy_ids": list(busy),
        "busy_counts": list(busy.values()),
        "share": PER_ENDPOINT,
        "now": now,
        "lease": now + LEASE,
    }
    return [Claimed(**row) for row in (await session.execute(_CLAIM, parameters)).mappings()]
