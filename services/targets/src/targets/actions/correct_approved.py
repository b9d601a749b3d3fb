"""Put an approved report right: ask, check, approve. The approved value counts until the corrected one is approved."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date
from targets import publish
from targets.actions.revise_report import Correction
from targets.actions.roll_up import roll_up
from targets.actions.write_report import Change, store_changes
from targets.domain.correction_steps import APPROVED, REFUSED, REQUESTED, STEPS, WAITING
from targets.domain.figures import Figures
from targets.domain.period_steps import OPEN
from targets.domain.refusals import NothingToChange, PeriodClosed, ReasonMissing
from targets.domain.report_steps import APPROVED as REPORT_APPROVED
from targets.domain.report_steps import ENTERING
from targets.domain.reporting_refusals import CorrectionWaiting, NothingApproved
from targets.domain.reports import ReportFacts, breakdown_text
from targets.queries.beside_reports import find_correction
from targets.queries.reports import find_report
from targets.tables import correction


async def request_correction(
    session: AsyncSession, report_id: UUID, given: Correction, *, actor: Actor, now: datetime
) -> UUID:
    """Store what the report should say and return the correction's id.

    Raises NotFound, Forbidden, NothingApproved, PeriodClosed, CorrectionWaiting, NothingToChange, ReasonMissing or
    BadFigures.
    """
    report = await find_report(session, report_id, actor, to_change=True)
    if report.around.roles.isdisjoint(ENTERING):
        raise Forbidden
    if report.status != REPORT_APPROVED:
        raise NothingApproved
    if report.around.period_status(local_date(now)) != OPEN:
        raise PeriodClosed
    if not given.reason:
        raise ReasonMissing
    after = given.applied(report)
    report.around.check(after.figures)
    if after.values() == report.values():
        raise NothingToChange
    waiting = exists().where(correction.c.report_id == report_id, correction.c.status.in_(WAITING))
    if await session.scalar(select(waiting)):
        raise CorrectionWaiting
    made = await session.execute(
        insert(correction)
        .values(
            report_id=report_id,
            status=REQUESTED,
            version=1,
            numerator=after.figures.numerator,
            denominator=after.figures.denominator,
            breakdown=breakdown_text(after.figures.breakdown),
            counting_method=after.counting_method,
            denominator_source=after.denominator_source,
            note=after.note,
            reason=given.reason,
            requested_by=actor.id,
            requested_at=now,
        )
        .returning(correction.c.id)
    )
    correction_id: UUID = made.scalar_one()
    await _audit(session, "correction.request", correction_id, report, actor, now)
    return correction_id


async def decide_correction(
    session: AsyncSession,
    correction_id: UUID,
    *,
    action: str,
    version: int,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Verify, approve or refuse a correction; approved, its values stand in the report and count at once.

    Raises NotFound, Forbidden, StaleVersion, StepNotAllowed, SamePerson, PeriodClosed or ReasonMissing.
    """
    row = await find_correction(session, correction_id, to_change=True)
    report = await find_report(session, row.report_id, actor, to_change=True)
    permit(STEPS, action, report.around.roles)
    if row.version != version:
        raise StaleVersion
    facts = {
        "period_status": report.around.period_status(local_date(now)),
        "actor": actor.id,
        "requested_by": row.requested_by,
        "verified_by": row.verified_by,
        "reason": reason,
    }
    step = decide(STEPS, row.status, action, report.around.roles, facts)
    marks = _marks(step.target, actor, now, reason)
    await session.execute(
        update(correction)
        .where(correction.c.id == correction_id)
        .values(status=step.target, version=version + 1, **marks)
    )
    await _audit(session, f"correction.{action}", correction_id, report, actor, now)
    if step.target == APPROVED:
        await _put_right(session, report, row, actor, now)


def _marks(target: str, actor: Actor, now: datetime, reason: str | None) -> dict[str, Any]:
    if target == APPROVED:
        return {"approved_by": actor.id, "decided_at": now}
    if target == REFUSED:
        return {"refused_by": actor.id, "decided_at": now, "refusal_reason": reason}
    return {"verified_by": actor.id}


async def _put_right(session: AsyncSession, report: ReportFacts, row: Row[Any], actor: Actor, now: datetime) -> None:
    """Write the corrected values with their history; whether the report came in time stays what it was."""
    after = replace(
        report,
        version=report.version + 1,
        told=report.told + 1,
        figures=Figures(
            row.numerator, row.denominator, {name: Decimal(value) for name, value in row.breakdown.items()}
        ),
        counting_method=row.counting_method,
        denominator_source=row.denominator_source,
        note=row.note,
        entered_by=row.requested_by,
        submitted_by=row.requested_by,
        verified_by=row.verified_by,
        approved_by=actor.id,
        approved_on=local_date(now),
        changed_at=now,
    )
    change = Change(report, after, "correct", reason=row.reason, event=publish.report_corrected(after))
    await store_changes(session, [change], actor=actor, now=now)
    await roll_up(session, [report.around.period.id], [report.around.organisation_id], now=now)


async def _audit(
    session: AsyncSession, action: str, correction_id: UUID, report: ReportFacts, actor: Actor, now: datetime
) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="correction",
        subject_id=correction_id,
        actor=actor,
        now=now,
        details={"report": str(report.id), "organisation": str(report.around.organisation_id)},
    )
