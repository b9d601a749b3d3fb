"""Count a try before anything is checked, by name and by address, and take it off again when it succeeded.

The address comes first: one that has tried too often must not use up the tries of names. Every transaction locks the
two rows in this order, so none waits in a circle.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.throttle import (
    BY_ADDRESS,
    BY_NAME,
    Limit,
    Throttle,
    count_attempt,
    forgive_attempt,
    seconds_blocked,
)
from registry.tables import SignInThrottle
from servicekit.errors import TooMany


@dataclass(frozen=True, slots=True)
class Tried:
    """HMACs of where a try comes from and of the name it is made under; None where a code says who it is."""

    address_hash: bytes
    name_hash: bytes | None = None


async def count_try(session: AsyncSession, tried: Tried, *, now: datetime) -> None:
    """Count the try. Raises TooMany, whether or not the name exists; then nothing is counted."""
    await _count(session, tried.address_hash, BY_ADDRESS, now)
    if tried.name_hash is not None:
        await _count(session, tried.name_hash, BY_NAME, now)


async def forgive_try(session: AsyncSession, tried: Tried, *, now: datetime) -> None:
    """Take a try that succeeded off the address, and forget those under the name."""
    row = await _locked(session, tried.address_hash)
    if row is not None:
        _write(row, forgive_attempt(_state(row), now, BY_ADDRESS))
        await session.flush()
    if tried.name_hash is not None:
        await session.execute(delete(SignInThrottle).where(SignInThrottle.key_hash == tried.name_hash))


async def _count(session: AsyncSession, key_hash: bytes, limit: Limit, now: datetime) -> None:
    made = insert(SignInThrottle).values(key_hash=key_hash, attempts=0, window_started_at=now, blocks=0)
    # Changing nothing locks the row: between a statement that finds it and one that locks it, it could be forgotten.
    locked = made.on_conflict_do_update(index_elements=["key_hash"], set_={"attempts": SignInThrottle.attempts})
    row = (await session.scalars(locked.returning(SignInThrottle), execution_options={"populate_existing": True})).one()
    wait = seconds_blocked(_state(row), now)
    if wait:
        raise TooMany(retry_after=wait)
    _write(row, count_attempt(_state(row), now, limit))
    await session.flush()


async def _locked(session: AsyncSession, key_hash: bytes) -> SignInThrottle | None:
    found = await session.scalars(select(SignInThrottle).where(SignInThrottle.key_hash == key_hash).with_for_update())
    return found.one_or_none()


def _state(row: SignInThrottle) -> Throttle:
    return Throttle(row.attempts, row.window_started_at, row.blocks, row.blocked_until)


def _write(row: SignInThrottle, state: Throttle) -> None:
    row.attempts, row.window_started_at = state.attempts, state.window_started_at
    row.blocks, row.blocked_until = state.blocks, state.blocked_until
