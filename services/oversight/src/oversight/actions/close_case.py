"""Closes a case whose addressees were all verified or ended."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.actions.write_changes import change_case
from oversight.domain.case_steps import STEPS
from oversight.queries.cases import case, open_addressees
from oversight.queries.visibility import roles_for_case
from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date


async def close_case(session: AsyncSession, case_id: UUID, *, expected: int, actor: Actor, now: datetime) -> Row[Any]:
    """Take the step `close` and return the case. Raises NotFound, StaleVersion, StepNotAllowed, AddresseesOpen (409).

    No addressee can open again meanwhile: verified and ended are final, and serving another one changes the case.
    """
    seen = await case(session, case_id, actor)
    roles = roles_for_case(actor, seen.presiding_organisation_id)
    permit(STEPS, "close", roles)
    if seen.version != expected:
        raise StaleVersion
    facts = {"open": await open_addressees(session, case_id)}
    step = decide(STEPS, seen.status, "close", roles, facts)
    changed = await change_case(session, seen, step, closed_on=local_date(now))
    await audit.write(
        session,
        action="case.close",
        subject_type="case",
        subject_id=case_id,
        actor=actor,
        now=now,
        details={"version": changed.version},
    )
    await outbox.record(session, event=publish.case_closed(changed), now=now)
    return changed
