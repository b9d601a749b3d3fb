"""Hand in a whole sheet: everything the unit owes of a form and period, or nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import DomainError, Forbidden, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.actions.fill_sheet import problems_of
from targets.actions.move_report import step_of
from targets.actions.write_report import Change, store_changes
from targets.domain.period_steps import OPEN
from targets.domain.periods import Period
from targets.domain.refusals import PeriodClosed
from targets.domain.report_steps import APPROVED, ENTERING, SUBMITTED, VERIFIED
from targets.domain.reporting_refusals import SheetIncomplete
from targets.queries.forms import find_form
from targets.queries.sheets import SheetLine, find_sheet, hold_sheet, sheet_version

_HANDED_IN = (SUBMITTED, VERIFIED, APPROVED)


async def submit_sheet(
    session: AsyncSession,
    code: str,
    period: Period,
    organisation_id: UUID,
    *,
    version: int,
    actor: Actor,
    now: datetime,
) -> Sequence[SheetLine]:
    """Submit every draft of the sheet and return it. What is handed in already stays as it is.

    Raises NotFound, Forbidden, StaleVersion, PeriodClosed, or SheetIncomplete with what is missing or violated by the
    code of the indicator; then nothing is submitted.
    """
    form, _ = await find_form(session, code, actor)
    await hold_sheet(session, form, period, organisation_id)
    lines = await find_sheet(session, form, period, organisation_id, actor)
    if lines[0].around.roles.isdisjoint(ENTERING):
        raise Forbidden
    if sheet_version(lines) != version:
        raise StaleVersion
    if all(line.around.period_status(local_date(now)) != OPEN for line in lines):
        raise PeriodClosed
    changes, errors = _plan(lines, now)
    if errors:
        raise SheetIncomplete(errors=errors)
    if changes:
        await store_changes(session, changes, actor=actor, now=now)
    return await find_sheet(session, form, period, organisation_id, actor)


def _plan(lines: Sequence[SheetLine], now: datetime) -> tuple[list[Change], list[dict[str, Any]]]:
    changes: list[Change] = []
    errors: list[dict[str, Any]] = []
    for line in lines:
        code, report = line.around.indicator.code, line.report
        if report is None:
            errors.append({"field": code, "code": "missing", "vi": "Chưa có số liệu.", "en": "There is no value yet."})
        elif report.status not in _HANDED_IN:
            try:
                line.around.check(report.figures)
                changes.append(step_of(report, "submit", now=now))
            except DomainError as problem:
                errors += problems_of(code, problem)
    return changes, errors
