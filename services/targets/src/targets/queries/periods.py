"""Reads of reporting periods and of who owes a report."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.deadline_answers import changes_of
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.queries.scope import ORGANISATION, organisation, sees
from targets.tables import expected_report, indicator, report, reporting_period


def _periods() -> Select[Any]:
    expected = (
        select(func.count())
        .select_from(expected_report)
        .where(expected_report.c.period_id == reporting_period.c.id)
        .scalar_subquery()
    )
    # Of the caller's reports and of others': the function tells the numbers alone, past the row-level security.
    counts = func.count_reports(reporting_period.c.id, type_=JSONB)
    return select(
        reporting_period,
        indicator.c.code.label("indicator_code"),
        expected.label("expected"),
        counts.label("by_status"),
    ).join(indicator, indicator.c.id == reporting_period.c.indicator_id)


async def find_period(session: AsyncSession, period_id: UUID) -> Row[Any]:
    """Return a period with how many reports stand where. Raises NotFound."""
    return await _one(session, _periods().where(reporting_period.c.id == period_id))


async def find_due_day(session: AsyncSession, period_id: UUID) -> Row[Any]:
    """Return a period with its `deadline_changes`. Raises NotFound."""
    changes = changes_of(reporting_period.c.id)
    return await _one(session, select(reporting_period, changes).where(reporting_period.c.id == period_id))


async def _one(session: AsyncSession, statement: Select[Any]) -> Row[Any]:
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def list_periods(
    session: AsyncSession, window: Window, *, indicator_code: str | None, status: str | None
) -> Sequence[Row[Any]]:
    """Return one page of periods in the order they were opened."""
    statement = _periods()
    if indicator_code is not None:
        statement = statement.where(indicator.c.code == indicator_code)
    if status is not None:
        statement = statement.where(reporting_period.c.status == status)
    rows: Sequence[Row[Any]] = (await session.execute(window.select(statement, [reporting_period.c.id]))).all()
    return rows


async def list_expected(
    session: AsyncSession, window: Window, period_id: UUID, actor: Actor, *, missing_only: bool
) -> Sequence[Row[Any]]:
    """Return one page of the organisations that owe a report, as far as the actor may see them, with its state."""
    source = (
        expected_report.join(
            organisation,
            and_(organisation.c.kind == ORGANISATION, organisation.c.id == expected_report.c.organisation_id),
        )
    ).outerjoin(
        report,
        and_(
            report.c.period_id == expected_report.c.period_id,
            report.c.organisation_id == expected_report.c.organisation_id,
        ),
    )
    statement: Select[Any] = (
        select(
            expected_report.c.organisation_id,
            organisation.c.data["name"].astext.label("organisation_name"),
            organisation.c.data["unit_code"].astext.label("unit_code"),
            report.c.id.label("report_id"),
            report.c.status,
            report.c.submitted_on,
        )
        .select_from(source)
        .where(expected_report.c.period_id == period_id, sees(actor))
    )
    if missing_only:
        statement = statement.where(report.c.id.is_(None))
    rows: Sequence[Row[Any]] = (
        await session.execute(window.select(statement, [expected_report.c.organisation_id]))
    ).all()
    return rows
