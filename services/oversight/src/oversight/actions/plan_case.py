"""Records the plan of an oversight (kế hoạch giám sát) with its six parts (NQLT 403 Art. 7)."""

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
class Plan:
    """The six parts (code → text) and the document that carries them."""

    parts: Mapping[str, str]
    document_number: str
    document_date: date


async def plan_case(
    session: AsyncSession, case_id: UUID, plan: Plan, *, expected: int, actor: Actor, now: datetime
) -> Row[Any]:
    """Take the step `plan` and return the case. Raises NotFound, StaleVersion, StepNotAllowed, PlanIncomplete."""
    seen = await case(session, case_id, actor)
    roles = roles_for_case(actor, seen.presiding_organisation_id)
    permit(STEPS, "plan", roles)
    if seen.version != expected:
        raise StaleVersion
    facts = {"parts": plan.parts, "document_date": plan.document_date, "today": local_date(now)}
    step = decide(STEPS, seen.status, "plan", roles, facts)
    changed = await change_case(
        session,
        seen,
        step,
        plan=dict(plan.parts),
        plan_number=plan.document_number,
        plan_date=plan.document_date,
    )
    await audit.write(
        session,
        action="case.plan",
        subject_type="case",
        subject_id=case_id,
        actor=actor,
        now=now,
        details={"version": changed.version},
    )
    await outbox.record(session, event=publish.case_planned(changed), now=now)
    return changed
