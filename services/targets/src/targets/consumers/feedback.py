"""What feedback tells of submissions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import feedback_v1 as told
from servicekit.inbox import Event, Handler
from targets.actions.keep_item import start_item
from targets.consumers.changing import changes
from targets.domain.event_items import Submission
from targets.queries.event_items import ItemKey


async def _received(session: AsyncSession, event: Event, now: datetime) -> None:
    said = told.SubmissionReceived.model_validate(event.data)
    key = ItemKey(Submission.kind, event.subject)
    await start_item(session, key, Submission(), organisation_id=said.front_organisation_id, now=now)


def _accepted(item: Submission, said: told.SubmissionAccepted, _: UUID | None) -> Submission:
    return replace(item.due(said.due_on), accepted_on=said.accepted_on)


def _assigned(item: Submission, said: told.SubmissionAssigned, front: UUID | None) -> Submission:
    return replace(item.due(said.due_on), forwarded=item.forwarded or said.holder_organisation_id != front)


def _deadline_changed(item: Submission, said: told.SubmissionDeadlineChanged, _: UUID | None) -> Submission:
    return item.due(said.due_on) if said.deadline == "answer" else item


def _answered(item: Submission, said: told.SubmissionAnswered, _: UUID | None) -> Submission:
    return item.answered(said.answered_on, said.due_on, said.outcome)


def _confirmed(item: Submission, _: told.SubmissionConfirmed, __: UUID | None) -> Submission:
    return replace(item, word="confirmed")


def _disputed(item: Submission, _: told.SubmissionDisputed, __: UUID | None) -> Submission:
    return replace(item, word="disputed")


HANDLERS: Final[Mapping[str, Handler]] = {
    "feedback.submission.received.v1": _received,
    "feedback.submission.accepted.v1": changes(Submission, told.SubmissionAccepted, _accepted),
    "feedback.submission.assigned.v1": changes(Submission, told.SubmissionAssigned, _assigned),
    "feedback.submission.deadline_changed.v1": changes(Submission, told.SubmissionDeadlineChanged, _deadline_changed),
    "feedback.submission.answered.v1": changes(Submission, told.SubmissionAnswered, _answered),
    "feedback.submission.confirmed.v1": changes(Submission, told.SubmissionConfirmed, _confirmed),
    "feedback.submission.disputed.v1": changes(Submission, told.SubmissionDisputed, _disputed),
}
