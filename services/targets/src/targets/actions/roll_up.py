"""Bring the figures of a period up to date after which reports count in it has changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

# In one order, so that two that touch the same periods wait for each other and never both.
_ROLL_UP = text(
    "SELECT roll_up_reports(p.id, :organisations, :now) FROM unnest(:periods) AS p(id) ORDER BY p.id"
).bindparams(bindparam("periods", type_=ARRAY(Uuid())), bindparam("organisations", type_=ARRAY(Uuid())))


async def roll_up(
    session: AsyncSession, periods: Iterable[UUID], organisations: Sequence[UUID] | None, *, now: datetime
) -> None:
    """Sum these periods anew for the organisations, everyone above them and the whole; None means all (one statement).

    Called in the transaction of the change, so that a figure and what is made of it are never seen apart.
    """
    touched = None if organisations is None else list(organisations)
    await session.execute(_ROLL_UP, {"periods": sorted(periods), "organisations": touched, "now": now})
