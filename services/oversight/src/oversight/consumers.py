"""What oversight hears: feedback's events (a read copy from which cases are opened) and the registry's facts."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import feedback_v1
from oversight.actions.record_feedback import record_change, record_received
from oversight.queries.registry_facts import REFERENCES
from servicekit.inbox import Consumer, Event, Handler
from servicekit.recount import MARKS
from servicekit.reference import handlers, reference_consumer


async def _received(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionReceived.model_validate(event.data)
    await record_received(session, event.subject, event.sequence, fact)


async def _classified(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionClassified.model_validate(event.data)
    await record_change(session, event.subject, event.sequence, status="classified", kind=fact.kind)


async def _accepted(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionAccepted.model_validate(event.data)
    await record_change(session, event.subject, event.sequence, status="accepted", kind=fact.kind, due_on=fact.due_on)


async def _guided_out(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionGuidedOut.model_validate(event.data)
    await record_change(session, event.subject, event.sequence, status="guided_out", kind=fact.kind)


async def _assigned(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionAssigned.model_validate(event.data)
    await record_change(
        session,
        event.subject,
        event.sequence,
        status="assigned",
        holder_organisation_id=fact.holder_organisation_id,
        due_on=fact.due_on,
    )


async def _deadline_changed(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionDeadlineChanged.model_validate(event.data)
    moved = {"due_on": fact.due_on} if fact.deadline == "answer" else {}
    await record_change(session, event.subject, event.sequence, **moved)


async def _linked(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionLinkedToOversight.model_validate(event.data)
    await record_change(session, event.subject, event.sequence, case_id=fact.case_id)


def _moves_to(status: str) -> Handler:
    """Return the handler of an event that says nothing beyond the new state."""

    async def handle(session: AsyncSession, event: Event, now: datetime) -> None:
        await record_change(session, event.subject, event.sequence, status=status)

    return handle


HANDLERS: Mapping[str, Handler] = {
    "feedback.submission.received.v1": _received,
    "feedback.submission.classified.v1": _classified,
    "feedback.submission.accepted.v1": _accepted,
    "feedback.submission.refused.v1": _moves_to("refused"),
    "feedback.submission.guided_out.v1": _guided_out,
    "feedback.submission.assigned.v1": _assigned,
    "feedback.submission.answered.v1": _moves_to("answered"),
    "feedback.submission.confirmed.v1": _moves_to("confirmed"),
    "feedback.submission.disputed.v1": _moves_to("disputed"),
    "feedback.submission.deadline_changed.v1": _deadline_changed,
    "feedback.submission.linked_to_oversight.v1": _linked,
}
FEEDBACK = Consumer(name="oversight-feedback", stream="FEEDBACK", handlers=HANDLERS)
REGISTRY = Consumer(name=reference_consumer("oversight"), stream="REGISTRY", handlers=handlers(REFERENCES, then=MARKS))
