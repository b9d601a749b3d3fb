"""Keep the clock of one submission from the feedback service's events, and GEN-04 with it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.tables import reference
from targets.actions.compute_value import add_to_values, spread
from targets.domain.on_time import AnswerClock, changes, contribution
from targets.queries.scope import ORGANISATION
from targets.tables import feedback_clock


class ReferenceNotReady(ConnectionError):
    """The registry's organisations have not arrived here yet; a matter of the moment, so the event comes again."""


class UnknownClock(Exception):
    """A submission of which no receipt was ever told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """What an event says about a clock; None means it says nothing about it."""

    due_on: date | None = None
    holder_organisation_id: UUID | None = None
    answered_on: date | None = None

    def applied(self, clock: AnswerClock) -> AnswerClock:
        """Return the clock after the event; the first answer stops it for good."""
        if clock.answered_on is not None:
            return clock
        due_on = self.due_on or clock.due_on
        overdue = clock.overdue and due_on == clock.due_on
        return AnswerClock(due_on, self.answered_on, overdue)


async def start_clock(
    session: AsyncSession, submission_id: UUID, *, front_organisation_id: UUID, unit_id: UUID
) -> None:
    """Note to which Front committee a submission came; raises ReferenceNotReady until that body is known here."""
    path = await session.scalar(
        select(reference.c.path).where(reference.c.kind == ORGANISATION, reference.c.id == front_organisation_id)
    )
    if path is None:
        raise ReferenceNotReady
    await session.execute(
        insert(feedback_clock)
        .values(
            submission_id=submission_id,
            front_organisation_id=front_organisation_id,
            path=list(path) or [front_organisation_id],
            unit_id=unit_id,
            overdue=False,
        )
        .on_conflict_do_nothing()
    )


async def change_clock(session: AsyncSession, submission_id: UUID, change: ClockChange, *, now: datetime) -> None:
    """Change a clock and what it adds to GEN-04. Raises UnknownClock when it was never started."""
    row = (
        await session.execute(
            select(feedback_clock).where(feedback_clock.c.submission_id == submission_id).with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise UnknownClock
    before = AnswerClock(row.due_on, row.answered_on, row.overdue)
    after = change.applied(before)
    await session.execute(
        update(feedback_clock)
        .where(feedback_clock.c.submission_id == submission_id)
        .values(
            due_on=after.due_on,
            answered_on=after.answered_on,
            overdue=after.overdue,
            holder_organisation_id=change.holder_organisation_id or row.holder_organisation_id,
        )
    )
    changed = changes(contribution(before), contribution(after))
    await add_to_values(session, spread(row.path, changed), now=now)
