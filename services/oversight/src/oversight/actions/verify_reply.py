"""The presiding body checks, with evidence, that an addressee did what it said."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.actions.write_changes import change_part, next_sequence
from oversight.domain.addressee_steps import STEPS
from oversight.queries.recommendations import part
from oversight.queries.visibility import roles_for_part
from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result (code), what was found, and what shows it."""

    result: str
    finding: str
    evidence: str


async def verify_reply(
    session: AsyncSession,
    recommendation_id: UUID,
    organisation_id: UUID,
    verification: Verification,
    *,
    expected: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Take the step `verify`. Raises NotFound, StaleVersion, StepNotAllowed, VerifierIsReplier, ResultDoesNotFit."""
    seen = await part(session, recommendation_id, organisation_id, actor)
    roles = roles_for_part(actor, seen.presiding_organisation_id, organisation_id)
    permit(STEPS, "verify", roles)
    if seen.version != expected:
        raise StaleVersion
    facts = {
        "verifier": actor.id,
        "replier": seen.replied_by,
        "disposition": seen.disposition,
        "result": verification.result,
    }
    step = decide(STEPS, seen.status, "verify", roles, facts)
    changed = await change_part(
        session,
        seen,
        step,
        result=verification.result,
        finding=verification.finding,
        evidence=verification.evidence,
        verified_on=local_date(now),
        verified_by=actor.id,
    )
    sequence = await next_sequence(session, recommendation_id)
    await audit.write(
        session,
        action="recommendation.verify",
        subject_type="recommendation",
        subject_id=recommendation_id,
        actor=actor,
        now=now,
        reason=verification.result,
        details={"organisation_id": organisation_id, "version": changed.version},
    )
    event = publish.recommendation_verified(changed, seen.case_id, sequence)
    await outbox.record(session, event=event, now=now)
