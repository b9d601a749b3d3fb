"""Correct a draft or a returned report; what it said before stays in its history."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date
from targets.actions.check_values import hold_to_rules
from targets.actions.write_report import Change, store_changes
from targets.domain.figures import Figures
from targets.domain.refusals import NothingToChange
from targets.domain.report_steps import DRAFT, STEPS
from targets.domain.reports import ReportFacts
from targets.queries.reports import find_report


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The fields to change; None leaves a field as it is. `reason` says why and stays in the history."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    breakdown: Mapping[str, Decimal] | None = None
    counting_method: str | None = None
    denominator_source: str | None = None
    note: str | None = None
    reason: str | None = None

    def applied(self, report: ReportFacts) -> ReportFacts:
        """Return the report with the new values."""
        figures = report.figures
        return replace(
            report,
            figures=Figures(
                figures.numerator if self.numerator is None else self.numerator,
                figures.denominator if self.denominator is None else self.denominator,
                figures.breakdown if self.breakdown is None else self.breakdown,
            ),
            counting_method=self.counting_method or report.counting_method,
            denominator_source=self.denominator_source or report.denominator_source,
            note=self.note or report.note,
        )


async def revise_report(
    session: AsyncSession, report_id: UUID, given: Correction, *, version: int, actor: Actor, now: datetime
) -> ReportFacts:
    """Store the correction and return the report, which is a draft again.

    A draft that already says all this is left as it is. Raises NotFound, StaleVersion, StepNotAllowed, PeriodClosed,
    Forbidden, NothingToChange, BadFigures or RuleBroken.
    """
    if given == Correction(reason=given.reason):
        raise NothingToChange
    before = await find_report(session, report_id, actor, to_change=True)
    permit(STEPS, "revise", before.around.roles)
    if before.version != version:
        raise StaleVersion
    change = revision_of(before, given, now=now)
    if change is None:
        return before
    change = replace(change, after=await hold_to_rules(session, change.after))
    await store_changes(session, [change], actor=actor, now=now)
    return change.after


def revision_of(before: ReportFacts, given: Correction, *, now: datetime) -> Change | None:
    """Return the change a correction makes, for the actor who read the report; None when it changes nothing.

    Raises StepNotAllowed, Forbidden, PeriodClosed or BadFigures.
    """
    around = before.around
    decide(STEPS, before.status, "revise", around.roles, before.step_facts("revise", local_date(now)))
    after = given.applied(before)
    around.check(after.figures)
    if before.status == DRAFT and after.values() == before.values():
        return None
    signing = replace(before.signing, had_a_hand=True)
    entered_by = before.signing.actor
    after = replace(
        after, status=DRAFT, version=before.version + 1, entered_by=entered_by, changed_at=now, signing=signing
    )
    return Change(before=before, after=after, action="revise", reason=given.reason)
