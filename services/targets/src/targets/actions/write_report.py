"""The three things every change of a report writes beside the report: history, audit, event."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.outbox import EventDraft
from targets.domain.reports import ReportFacts, breakdown_text, difference
from targets.tables import report, report_change


def stored(after: ReportFacts) -> dict[str, Any]:
    """Return the columns of a report that a change may touch."""
    return {
        "status": after.status,
        "version": after.version,
        "told": after.told,
        "numerator": after.figures.numerator,
        "denominator": after.figures.denominator,
        "breakdown": breakdown_text(after.figures.breakdown),
        "counting_method": after.counting_method,
        "denominator_source": after.denominator_source,
        "note": after.note,
        "warnings": list(after.warnings),
        "return_reason": after.return_reason,
        "entered_by": after.entered_by,
        "submitted_by": after.submitted_by,
        "submitted_on": after.submitted_on,
        "held_to": after.held_to,
        "verified_by": after.verified_by,
        "approved_by": after.approved_by,
        "approved_on": after.approved_on,
        "changed_at": after.changed_at,
    }


async def compare_and_set(session: AsyncSession, before: ReportFacts, after: ReportFacts) -> None:
    """Write `after` over `before`. Raises StaleVersion when somebody else was faster."""
    written = await session.execute(
        update(report)
        .where(report.c.id == before.id, report.c.version == before.version, report.c.status == before.status)
        .values(stored(after))
        .returning(report.c.id)
    )
    if written.one_or_none() is None:
        raise StaleVersion


async def tell(
    session: AsyncSession,
    before: ReportFacts | None,
    after: ReportFacts,
    *,
    action: str,
    reason: str | None,
    event: EventDraft | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Write the history line (old value, who, why), the audit entry and the event of one change."""
    old, new = difference({} if before is None else before.values(), after.values())
    await session.execute(
        insert(report_change).values(
            report_id=after.id,
            version=after.version,
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            status_before=None if before is None else before.status,
            status_after=after.status,
            values_before=old,
            values_after=new,
            reason=reason,
        )
    )
    around = after.around
    await audit.write(
        session,
        action=f"report.{action}",
        subject_type="report",
        subject_id=after.id,
        actor=actor,
        now=now,
        reason=None,
        details={
            "indicator": around.indicator.code,
            "period": around.period.code,
            "organisation": str(around.organisation_id),
            "status": after.status,
            "version": after.version,
        },
    )
    if event is not None:
        await outbox.record(session, event=event, now=now)
