"""Submit, return, verify or approve a report."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.outbox import EventDraft
from servicekit.working_days import local_date
from targets import publish
from targets.actions.roll_up import roll_up
from targets.actions.write_report import compare_and_set, tell
from targets.domain.report_steps import APPROVED, STEPS
from targets.domain.reports import ReportFacts
from targets.queries.reports import find_report, had_a_hand

_EVENTS: Final[Mapping[str, Callable[[ReportFacts, date], EventDraft]]] = MappingProxyType(
    {
        "submit": publish.report_submitted,
        "return": publish.report_returned,
        "verify": publish.report_verified,
        "approve": publish.report_approved,
    }
)


async def move_report(
    session: AsyncSession,
    report_id: UUID,
    *,
    action: str,
    version: int,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> ReportFacts:
    """Take one step and return the report.

    Raises NotFound, StaleVersion (412), StepNotAllowed and PeriodClosed (409), Forbidden and SamePerson (403),
    ReasonMissing (422).
    """
    before = await find_report(session, report_id, actor, to_change=True)
    permit(STEPS, action, before.around.roles)
    if before.version != version:
        raise StaleVersion
    facts = {
        "period_status": before.around.period.status,
        "actor": actor.id,
        "entered_by": before.entered_by,
        "submitted_by": before.submitted_by,
        "verified_by": before.verified_by,
        "had_a_hand": action in ("verify", "approve") and await had_a_hand(session, report_id, actor.id),
        "reason": reason,
    }
    step = decide(STEPS, before.status, action, before.around.roles, facts)
    today = local_date(now)
    after = replace(
        before,
        status=step.target,
        version=version + 1,
        told=before.told + 1,
        changed_at=now,
        **_marks(action, before, actor, today, reason),
    )
    await compare_and_set(session, before, after)
    if after.status == APPROVED:
        await roll_up(session, [before.around.period.id], [before.around.organisation_id], now=now)
    event = _EVENTS[action](after, today)
    await tell(session, before, after, action=action, reason=reason, event=event, actor=actor, now=now)
    return after


def _marks(action: str, before: ReportFacts, actor: Actor, today: date, reason: str | None) -> dict[str, Any]:
    """Return who did what; a return takes back what was signed after the submission."""
    if action == "submit":
        held_to = before.around.period.due_on
        return {"submitted_by": actor.id, "submitted_on": today, "held_to": held_to, "return_reason": None}
    if action == "return":
        return {"return_reason": reason, "verified_by": None}
    if action == "verify":
        return {"verified_by": actor.id}
    return {"approved_by": actor.id, "approved_on": today}
