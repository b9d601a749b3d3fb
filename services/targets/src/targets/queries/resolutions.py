"""Reads of resolutions: which there are, what one consists of, what a new one would collide with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.queries.scope import board_role
from targets.tables import indicator, resolution, resolution_part

_INDICATORS = (
    select(func.count())
    .select_from(indicator)
    .where(indicator.c.resolution_id == resolution.c.id)
    .scalar_subquery()
    .label("indicators")
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a new resolution is there already, and whether the caller may load one."""

    at_board: bool
    number: bool
    codes: frozenset[str]


async def list_resolutions(session: AsyncSession, window: Window) -> Sequence[Row[Any]]:
    """Return one page of resolutions by the day they were issued."""
    statement = select(resolution, _INDICATORS)
    return (await session.execute(window.select(statement, [resolution.c.issued_on, resolution.c.id]))).all()


async def find_resolution(session: AsyncSession, resolution_id: UUID) -> Row[Any]:
    """Return a resolution. Raises NotFound."""
    statement = select(resolution, _INDICATORS).where(resolution.c.id == resolution_id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def list_parts(session: AsyncSession, resolution_id: UUID) -> Sequence[Row[Any]]:
    """Return the parts of a resolution in the order of its text."""
    statement = select(resolution_part).where(resolution_part.c.resolution_id == resolution_id)
    return (await session.execute(statement.order_by(resolution_part.c.position))).all()


async def list_own_indicators(session: AsyncSession, resolution_id: UUID) -> Sequence[Row[Any]]:
    """Return all indicators of a resolution in the order of its text."""
    statement = select(indicator).where(indicator.c.resolution_id == resolution_id)
    return (await session.execute(statement.order_by(indicator.c.position, indicator.c.code))).all()


async def find_taken(session: AsyncSession, number: str, codes: Sequence[str], actor: Actor) -> Taken:
    """Say what is there already (one statement)."""
    used = select(indicator.c.code).where(indicator.c.code.in_(codes)).scalar_subquery()
    row = (
        await session.execute(
            select(
                board_role(actor, "monitoring_officer").label("at_board"),
                exists().where(resolution.c.number == number).label("number"),
                func.array(used, type_=ARRAY(Text())).label("codes"),
            )
        )
    ).one()
    return Taken(row.at_board, row.number, frozenset(row.codes))
