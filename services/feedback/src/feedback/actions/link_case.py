"""Link: an oversight case was opened from a submission; the sender and the webhooks learn of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from feedback import publish
from feedback.actions.take_step import Line, write_line
from feedback.tables import submission
from servicekit import audit, outbox


class SubmissionMissing(Exception):
    """Oversight names a submission that is not here; the event is put aside for a person to look at."""


async def link_case(
    session: AsyncSession,
    submission_id: UUID,
    *,
    case_id: UUID,
    presiding_organisation_id: UUID,
    now: datetime,
) -> None:
    """Flag a submission as under oversight, whatever its status. Raises SubmissionMissing."""
    linked = await session.execute(
        update(submission)
        .where(submission.c.id == submission_id, submission.c.case_id.is_distinct_from(case_id))
        .values(case_id=case_id, version=submission.c.version + 1)
        .returning(submission.c.version, submission.c.status)
    )
    row = linked.one_or_none()
    if row is None:
        if await session.scalar(select(submission.c.id).where(submission.c.id == submission_id)) is None:
            raise SubmissionMissing
        return
    line = Line(organisation_id=presiding_organisation_id)
    await write_line(
        session,
        submission_id,
        version=row.version,
        action="link_to_oversight",
        status=row.status,
        line=line,
        now=now,
    )
    event = publish.linked_to_oversight(submission_id, row.version, case_id=case_id)
    await outbox.record(session, event=event, now=now)
    await audit.write(
        session,
        action="submission.link_to_oversight",
        subject_type="submission",
        subject_id=submission_id,
        actor=None,
        now=now,
        details={"by": "oversight.case.opened", "case_id": case_id, "version": row.version},
    )
