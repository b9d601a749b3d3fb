"""Reads of what stands beside a report: its evidence and its corrections."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.pages import Window
from targets.tables import correction, evidence


async def list_evidence(session: AsyncSession, window: Window, report_id: UUID) -> Sequence[Row[Any]]:
    """Return one page of a report's evidence, what was taken off left out."""
    statement = select(evidence).where(evidence.c.report_id == report_id, evidence.c.removed_at.is_(None))
    return (await session.execute(window.select(statement, [evidence.c.added_at, evidence.c.id]))).all()


async def find_evidence(session: AsyncSession, evidence_id: UUID) -> Row[Any]:
    """Return evidence; the row-level security asks whether its report is visible. Raises NotFound."""
    statement = select(evidence).where(evidence.c.id == evidence_id, evidence.c.removed_at.is_(None))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def list_corrections(session: AsyncSession, window: Window, report_id: UUID) -> Sequence[Row[Any]]:
    """Return one page of the corrections asked for, in their order."""
    statement = select(correction).where(correction.c.report_id == report_id)
    return (await session.execute(window.select(statement, [correction.c.id]))).all()


async def find_correction(session: AsyncSession, correction_id: UUID, *, to_change: bool = False) -> Row[Any]:
    """Return a correction; the row-level security asks whether its report is visible. Raises NotFound."""
    statement = select(correction).where(correction.c.id == correction_id)
    if to_change:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row
