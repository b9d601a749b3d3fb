"""Reads of requests to reopen a period, and of the periods whose time is over."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.pages import Window
from servicekit.working_days import ZONE
from targets.domain.period_steps import OPEN
from targets.queries.signing import FORM_OF_PERIOD
from targets.tables import form_version, indicator, reopen_request, reporting_period


def _requests() -> Select[Any]:
    return (
        select(reopen_request, reporting_period.c.code.label("period"), indicator.c.code.label("indicator_code"))
        .join(reporting_period, reporting_period.c.id == reopen_request.c.period_id)
        .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
    )


async def find_request(session: AsyncSession, request_id: UUID) -> Row[Any]:
    """Return a request; the row-level security decides who sees it. Raises NotFound."""
    row: Row[Any] | None = (await session.execute(_requests().where(reopen_request.c.id == request_id))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def list_requests(
    session: AsyncSession, window: Window, *, period_id: UUID | None, status: str | None
) -> Sequence[Row[Any]]:
    """Return one page of the requests the caller may see, in the order they were made."""
    statement = _requests()
    if period_id is not None:
        statement = statement.where(reopen_request.c.period_id == period_id)
    if status is not None:
        statement = statement.where(reopen_request.c.status == status)
    rows: Sequence[Row[Any]] = (await session.execute(window.select(statement, [reopen_request.c.id]))).all()
    return rows


async def list_expired(session: AsyncSession, today: date, *, batch: int) -> Sequence[UUID]:
    """Return open periods whose form closes them by itself: so many days after the due day, and after the opening.

    What is opened late has its days too; else a period of last year would close before anybody could report.
    """
    opened_on = cast(func.timezone(ZONE.key, reporting_period.c.opened_at), Date)
    statement = (
        select(reporting_period.c.id)
        .join(form_version, FORM_OF_PERIOD)
        .where(
            reporting_period.c.status == OPEN,
            form_version.c.expiry_days.is_not(None),
            func.greatest(reporting_period.c.due_on, opened_on) + form_version.c.expiry_days < today,
        )
        .order_by(reporting_period.c.id)
        .limit(batch)
        .with_for_update(of=reporting_period, skip_locked=True)
    )
    return (await session.scalars(statement)).all()
