"""A level signs many reports below it at once, or sends them back; whatever is not done is said, with why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import DomainError, NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import permit
from targets.actions.move_report import step_of
from targets.actions.roll_up import roll_up
from targets.actions.write_report import Change, store_changes
from targets.domain.periods import Period
from targets.domain.report_steps import APPROVED, STEPS
from targets.domain.reports import ReportFacts
from targets.queries.forms import find_form, hold_form_period
from targets.queries.sheets import below, find_reports_to_change, of_form_period, roles_at
from targets.tables import report


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report as it was read, and for a return why it goes back."""

    version: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one report; `report` None where it is not visible, not of this form or not below."""

    report_id: UUID
    report: ReportFacts | None
    problem: DomainError | None


async def sign_reports(
    session: AsyncSession,
    code: str,
    period: Period,
    organisation_id: UUID,
    wanted: Mapping[UUID, Wanted],
    *,
    action: str,
    actor: Actor,
    now: datetime,
) -> Sequence[Outcome]:
    """Verify, approve or return the reports named, each at the version it was read at; return what came of every one.

    Each report is decided by the same rules as alone, two persons among them. Raises NotFound for a form period or an
    organisation the actor does not see, and Forbidden where the actor has no such role towards it.
    """
    form, _ = await find_form(session, code, actor)
    permit(STEPS, action, await roles_at(session, organisation_id, actor))
    await hold_form_period(session, form.id, period.code)
    here = and_(of_form_period(form, period), below(organisation_id), report.c.id.in_(wanted))
    found = {one.id: one for one in await find_reports_to_change(session, here, actor)}
    changes: list[Change] = []
    outcomes: list[Outcome] = []
    for report_id, asked in wanted.items():
        before = found.get(report_id)
        if before is None:
            outcomes.append(Outcome(report_id, None, NotFound()))
            continue
        try:
            change = _decide(before, asked, action, now)
        except DomainError as problem:
            outcomes.append(Outcome(report_id, before, problem))
        else:
            changes.append(change)
            outcomes.append(Outcome(report_id, change.after, None))
    if changes:
        await store_changes(session, changes, actor=actor, now=now)
    await _count(session, changes, now)
    return outcomes


def _decide(before: ReportFacts, asked: Wanted, action: str, now: datetime) -> Change:
    permit(STEPS, action, before.around.roles)
    if before.version != asked.version:
        raise StaleVersion
    return step_of(before, action, now=now, reason=asked.reason)


async def _count(session: AsyncSession, changes: Sequence[Change], now: datetime) -> None:
    approved = [change.after.around for change in changes if change.after.status == APPROVED]
    if approved:
        periods = {around.period.id for around in approved}
        await roll_up(session, periods, sorted({around.organisation_id for around in approved}), now=now)
