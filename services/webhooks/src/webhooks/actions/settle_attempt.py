"""Write down what came of one attempt, and when to try again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime

from webhooks.actions.change_endpoint import give_up
from webhooks.actions.claim_deliveries import Claimed
from webhooks.domain.retry_schedule import DISABLE_AFTER, next_attempt
from webhooks.tables import Endpoint

_SETTLE = text(
    """
    WITH settled AS (
      UPDATE delivery SET attempts = attempts + 1, status = :status, settled_at = :settled_at, version = version + 1,
        next_attempt_at = COALESCE(:next, next_attempt_at)
      WHERE id = :id RETURNING id
    )
    INSERT INTO attempt (delivery_id, at, milliseconds, status_code, error, response_sealed)
    SELECT id, :at, :milliseconds, :status_code, :error, :response_sealed FROM settled
    """
).bindparams(
    bindparam("settled_at", type_=DateTime(timezone=True)),
    bindparam("next", type_=DateTime(timezone=True)),
    bindparam("at", type_=DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to; `error` is a code, `response_sealed` the first bytes of the answer."""

    at: datetime
    milliseconds: int
    status_code: int | None = None
    error: str | None = None
    response_sealed: bytes | None = None
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """Only a 2xx is a success; a redirect is not followed and fails."""
        return self.status_code is not None and 200 <= self.status_code < 300


async def settle_attempt(
    session: AsyncSession, claimed: Claimed, outcome: Outcome, *, chance: float, scale: float, now: datetime
) -> None:
    """Store the attempt; the endpoint is switched off on 410, or after five days without one success."""
    attempts = claimed.attempts + 1
    again = None
    if not outcome.delivered:
        again = next_attempt(attempts, now, chance=chance, scale=scale, retry_after=outcome.retry_after)
    status = "delivered" if outcome.delivered else "pending" if again else "failed"
    await session.execute(
        _SETTLE,
        {
            "id": claimed.id,
            "status": status,
            "settled_at": None if again else now,
            "next": again,
            "at": outcome.at,
            "milliseconds": outcome.milliseconds,
            "status_code": outcome.status_code,
            "error": outcome.error,
            "response_sealed": outcome.response_sealed,
        },
    )
    await _judge_endpoint(session, claimed.endpoint_id, outcome, scale, now)


async def _judge_endpoint(
    session: AsyncSession, endpoint_id: UUID, outcome: Outcome, scale: float, now: datetime
) -> None:
    if outcome.delivered:
        recovered = update(Endpoint).where(Endpoint.id == endpoint_id, Endpoint.failing_since.is_not(None))
        await session.execute(recovered.values(failing_since=None))
        return
    locked = select(Endpoint).where(Endpoint.id == endpoint_id).with_for_update()
    endpoint = (await session.execute(locked)).scalar_one()
    if outcome.status_code == 410:
        await give_up(session, endpoint, "gone", now)
    elif endpoint.failing_since is None:
        failing = update(Endpoint).where(Endpoint.id == endpoint_id)
        await session.execute(failing.values(failing_since=now))
    elif now - endpoint.failing_since >= DISABLE_AFTER * scale:
        await give_up(session, endpoint, "failing", now)
