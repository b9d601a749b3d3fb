"""Records the signed conclusion of an oversight (kết luận giám sát)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.actions.write_changes import change_case
from oversight.domain.case_steps import STEPS
from oversight.queries.cases import case
from oversight.queries.visibility import roles_for_case
from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What was concluded, and the document that says so."""

    text: str
    document_number: str
    document_date: date
    disputed_values: tuple[Mapping[str, str], ...] = ()
    """The indicators' values that it contradicts, as the event tells of them."""


async def conclude_case(
    session: AsyncSession, case_id: UUID, conclusion: Conclusion, *, expected: int, actor: Actor, now: datetime
) -> Row[Any]:
    """Take the step `conclude` and return the case. Raises NotFound, StaleVersion, StepNotAllowed, DatesOutOfOrder."""
    seen = await case(session, case_id, actor)
    roles = roles_for_case(actor, seen.presiding_organisation_id)
    permit(STEPS, "conclude", roles)
    if seen.version != expected:
        raise StaleVersion
    facts = {
        "document_date": conclusion.document_date,
        "plan_date": seen.plan_date,
        "today": local_date(now),
    }
    step = decide(STEPS, seen.status, "conclude", roles, facts)
    changed = await change_case(
        session,
        seen,
        step,
        conclusion=conclusion.text,
        conclusion_number=conclusion.document_number,
        conclusion_date=conclusion.document_date,
        disputed_values=list(conclusion.disputed_values),
    )
    await audit.write(
        session,
        action="case.conclude",
        subject_type="case",
        subject_id=case_id,
        actor=actor,
        now=now,
        details={"version": changed.version},
    )
    await outbox.record(session, event=publish.case_concluded(changed), now=now)
    return changed
