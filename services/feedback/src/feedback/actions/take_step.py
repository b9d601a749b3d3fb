"""Writes one step of the lifecycle: the row by compare-and-set, the sender's line, the event and the audit.

Every action that changes a submission ends here, so that version, event and audit can never come apart.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.sealing import Keys, seal_note
from feedback.tables import submission, submission_line
from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import Step
from servicekit.outbox import EventDraft

_LINE = insert(submission_line)


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a submission stands after a step."""

    id: UUID
    status: str
    version: int
    holder_organisation_id: UUID
    due_on: date | None
    due_provisional: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the sender will read of a step: which body acted, a code (kind, reason or outcome) and a sealed text."""

    organisation_id: UUID | None = None
    code: str | None = None
    id: UUID = field(default_factory=uuid4)
    note_sealed: bytes | None = None


def noted(keys: Keys, note: str | None, *, organisation_id: UUID | None = None, code: str | None = None) -> Line:
    """Return a line with a text, sealed for exactly this line."""
    line_id = uuid4()
    return Line(organisation_id=organisation_id, code=code, id=line_id, note_sealed=seal_note(keys, line_id, note))


def roles_at(actor: Actor, organisations: Any) -> frozenset[str]:
    """Return the roles the actor holds at these organisations."""
    within = frozenset(organisations)
    return frozenset(grant.role for grant in actor.grants if grant.organisation in within)


def check_version(item: Row[Any], expected: int) -> None:
    """Raise StaleVersion when the item has moved on since the caller read it."""
    if item.version != expected:
        raise StaleVersion


async def take_step(
    session: AsyncSession,
    item: Row[Any],
    *,
    step: Step,
    event: EventDraft,
    line: Line,
    actor: Actor | None,
    now: datetime,
    changes: dict[str, Any] | None = None,
    visible_at: datetime | None = None,
) -> Taken:
    """Write the step: four statements. Raises StaleVersion when somebody else was faster.

    `now` is what is remembered: for a step of an anonymous sender only the hour, whose event waits for `visible_at`.
    """
    version = item.version + 1
    values = {**(changes or {}), "status": step.target, "version": version}
    result = await session.execute(
        update(submission)
        .where(
            submission.c.id == item.id,
            submission.c.version == item.version,
            submission.c.status == step.source,
        )
        .values(values)
        .returning(submission.c.holder_organisation_id, submission.c.due_on, submission.c.due_provisional)
    )
    written = result.one_or_none()
    if written is None:
        raise StaleVersion
    await write_line(session, item.id, version=version, action=step.action, status=step.target, line=line, now=now)
    await outbox.record(session, event=event, now=now, visible_at=visible_at)
    await audit.write(
        session,
        action=f"submission.{step.action}",
        subject_type="submission",
        subject_id=item.id,
        actor=actor,
        now=now,
        reason=line.code,
        details={"from": step.source, "to": step.target, "version": version},
    )
    return Taken(item.id, step.target, version, written.holder_organisation_id, written.due_on, written.due_provisional)


async def write_line(
    session: AsyncSession, submission_id: UUID, *, version: int, action: str, status: str, line: Line, now: datetime
) -> None:
    """Add a line to the timeline the sender sees."""
    await session.execute(
        _LINE,
        {
            "id": line.id,
            "submission_id": submission_id,
            "version": version,
            "at": now,
            "action": action,
            "status": status,
            "organisation_id": line.organisation_id,
            "code": line.code,
            "note_sealed": line.note_sealed,
        },
    )
