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
from targets.actions.write_report import Change, store_changes
from targets.domain.report_steps import APPROVED, STEPS
from targets.domain.reports import ReportFacts
from targets.queries.reports import find_report

_EVENTS: Final[Mapping[str, Callable[[ReportFacts, date], EventDraft]]] = MappingProxyType(
    {
        "submit": publish.report_submitted,
        "return": publish.report_returned,
        "endorse": publish.report_endorsed,
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

    Raises NotFound, StaleVersion (412), StepNotAllowed and PeriodClosed (409), Forbidden, SamePerson and OtherLevel
    (403), ReasonMissing and EvidenceMissing (422).
    """
    before = await find_report(session, report_id, actor, to_change=True)
    permit(STEPS, action, before.around.roles)
    if before.version != version:
        raise StaleVersion
    change = step_of(before, action, now=now, reason=reason)
    await store_changes(session, [change], actor=actor, now=now)
    if change.after.status == APPROVED:
        await roll_up(session, [before.around.period.id], [before.around.organisation_id], now=now)
    return change.after


def step_of(before: ReportFacts, action: str, *, now: datetime, reason: str | None = None) -> Change:
    """Return the change one step makes, for the actor who read the report.

    Verifying for a level that is not the last one only endorses. Raises StepNotAllowed, Forbidden or the guard's error.
    """
    today = local_date(now)
    taken = "endorse" if action == "verify" and not before.signing.last_verification else action
    step = decide(STEPS, before.status, taken, before.around.roles, before.step_facts(action, today, reason))
    marks = _marks(taken, before, today, reason)
    after = replace(
        before, status=step.target, version=before.version + 1, told=before.told + 1, changed_at=now, **marks
    )
    return Change(
        before=before,
        after=after,
        action=taken,
        reason=reason,
        event=_EVENTS[taken](after, today),
        level=before.signing.pending if taken in ("endorse", "verify", "approve") else None,
    )


def _marks(action: str, before: ReportFacts, today: date, reason: str | None) -> dict[str, Any]:
    """Return who did what; a return takes back what was signed after the submission, by ending the round."""
    actor = before.signing.actor
    if action == "submit":
        held_to = before.around.period.due_on
        return {
            "submitted_by": actor,
            "submitted_on": today,
            "held_to": held_to,
            "return_reason": None,
            "round": before.round + 1,
            "signing": replace(before.signing, signed={}, had_a_hand=True),
        }
    if action == "return":
        returns = before.signing.returns + 1
        signing = replace(before.signing, signed={}, returns=returns)
        return {"return_reason": reason, "verified_by": None, "round": before.round + 1, "signing": signing}
    level = before.signing.pending
    signed = {**before.signing.signed, **({level.key: actor} if level else {})}
    signing = replace(before.signing, signed=signed)
    if action == "endorse":
        return {"signing": signing}
    if action == "verify":
        return {"verified_by": actor, "signing": signing}
    return {"approved_by": actor, "approved_on": today, "signing": signing}
