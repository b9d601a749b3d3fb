"""The compare-and-set writes that every step of a case or of an addressee's part goes through."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncSession

from oversight.tables import addressee, oversight_case, recommendation
from servicekit.errors import StaleVersion
from servicekit.lifecycle import Step


async def change_case(session: AsyncSession, case: Row[Any], step: Step, **values: object) -> Row[Any]:
    """Take a step on a case as it was read, and return it as it is now. Raises StaleVersion (412).

    `version` always goes up; `sequence` only with an event about the case itself, so that it has no gaps.
    """
    told = int(step.event.startswith("oversight.case."))
    table = oversight_case
    statement = (
        update(table)
        .where(table.c.id == case.id, table.c.version == case.version, table.c.status == case.status)
        .values(status=step.target, version=table.c.version + 1, sequence=table.c.sequence + told, **values)
        .returning(table)
    )
    changed: Row[Any] | None = (await session.execute(statement)).one_or_none()
    if changed is None:
        raise StaleVersion
    return changed


async def change_part(session: AsyncSession, part: Row[Any], step: Step, **values: object) -> Row[Any]:
    """Take a step on one addressee's part as it was read, and return it as it is now. Raises StaleVersion (412)."""
    table = addressee
    statement = (
        update(table)
        .where(table.c.id == part.id, table.c.version == part.version, table.c.status == part.status)
        .values(status=step.target, version=table.c.version + 1, **values)
        .returning(table)
    )
    changed: Row[Any] | None = (await session.execute(statement)).one_or_none()
    if changed is None:
        raise StaleVersion
    return changed


async def next_sequence(session: AsyncSession, recommendation_id: UUID) -> int:
    """Return the number of the next event about a recommendation, locking it until the transaction ends.

    Always called after `change_part`, so two addressees replying at once wait here in one order.
    """
    statement = (
        update(recommendation)
        .where(recommendation.c.id == recommendation_id)
        .values(sequence=recommendation.c.sequence + 1)
        .returning(recommendation.c.sequence)
    )
    sequence: int = (await session.execute(statement)).scalar_one()
    return sequence
