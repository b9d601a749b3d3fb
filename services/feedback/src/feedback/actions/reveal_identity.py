"""Reveal: look at who sent something. Needs a reason; is audited, and the sender sees that it happened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from feedback.actions.take_step import Line, check_version, roles_at, write_line
from feedback.domain.intake import REVEALERS, NoIdentity
from feedback.queries.submissions import contact_of, item_for_step
from feedback.sealing import Keys, open_json
from servicekit import audit
from servicekit.errors import Forbidden
from servicekit.identity import Actor


async def reveal_identity(
    session: AsyncSession,
    submission_id: UUID,
    *,
    reason_code: str,
    expected: int,
    actor: Actor,
    now: datetime,
    keys: Keys,
) -> dict[str, Any]:
    """Return name and contact. Raises NotFound, StaleVersion, Forbidden or NoIdentity.

    No state changes, so the version stays and no event is told; the line and the audit entry are the trace.
    """
    item = await item_for_step(session, submission_id, actor=actor, roles=tuple(REVEALERS))
    if REVEALERS.isdisjoint(roles_at(actor, item.front_path)):
        raise Forbidden
    check_version(item, expected)
    sealed = await contact_of(session, submission_id)
    if sealed is None:
        raise NoIdentity
    line = Line(organisation_id=item.front_organisation_id, code=reason_code)
    await write_line(
        session, item.id, version=item.version, action="reveal_identity", status=item.status, line=line, now=now
    )
    await audit.write(
        session,
        action="submission.reveal_identity",
        subject_type="submission",
        subject_id=item.id,
        actor=actor,
        now=now,
        reason=reason_code,
        details={"version": item.version},
    )
    contact: dict[str, Any] = open_json(keys, "identity_vault", "contact_sealed", item.id, sealed)
    return contact
