"""Events this service listens to: feedback's for GEN-04, oversight's findings, the registry's for its read copies.

The inbox applies the events of one submission in their order, once; a late one waits for its predecessor.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import feedback_v1, oversight_v1
from servicekit import reference
from servicekit.inbox import Consumer, Event
from servicekit.recount import MARKS
from targets.actions.attach_finding import NamedValue, attach_finding
from targets.actions.keep_clock import ClockChange, change_clock, start_clock
from targets.actions.keep_finding import keep_case, keep_recommendation

REFERENCES = ("organisation", "calendar_day", "calendar_year", "deadline_rule")
"""Kinds of registry facts copied here."""


async def _received(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = feedback_v1.SubmissionReceived.model_validate(event.data)
    await start_clock(session, event.subject, front_organisation_id=fact.front_organisation_id, unit_id=fact.unit_id)


def _change(read: Callable[[dict[str, Any]], ClockChange]) -> Callable[..., Awaitable[None]]:
    async def handle(session: AsyncSession, event: Event, now: datetime) -> None:
        await change_clock(session, event.subject, read(event.data), now=now)

    return handle


def _accepted(data: dict[str, Any]) -> ClockChange:
    fact = feedback_v1.SubmissionAccepted.model_validate(data)
    return ClockChange(due_on=fact.due_on)


def _assigned(data: dict[str, Any]) -> ClockChange:
    fact = feedback_v1.SubmissionAssigned.model_validate(data)
    return ClockChange(due_on=fact.due_on, holder_organisation_id=fact.holder_organisation_id)


def _deadline_changed(data: dict[str, Any]) -> ClockChange:
    fact = feedback_v1.SubmissionDeadlineChanged.model_validate(data)
    return ClockChange(due_on=fact.due_on if fact.deadline == "answer" else None)


def _answered(data: dict[str, Any]) -> ClockChange:
    fact = feedback_v1.SubmissionAnswered.model_validate(data)
    return ClockChange(
        due_on=fact.due_on, holder_organisation_id=fact.holder_organisation_id, answered_on=fact.answered_on
    )


async def _case_opened(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = oversight_v1.CaseOpened.model_validate(event.data)
    await keep_case(session, event.subject, presiding_organisation_id=fact.presiding_organisation_id)


async def _case_concluded(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = oversight_v1.CaseConcluded.model_validate(event.data)
    await keep_case(session, event.subject, concluded_on=fact.concluded_on)
    named = (
        NamedValue(one.indicator_code, one.period, one.organisation_id, one.reason_code) for one in fact.disputed_values
    )
    await attach_finding(session, event.subject, named, now=now)


async def _recommendation_served(session: AsyncSession, event: Event, now: datetime) -> None:
    fact = oversight_v1.RecommendationServed.model_validate(event.data)
    await keep_recommendation(session, event.subject, case_id=fact.case_id, served_on=fact.served_on)


FEEDBACK = Consumer(
    name="targets-feedback",
    stream="FEEDBACK",
    handlers={
        "feedback.submission.received.v1": _received,
        "feedback.submission.accepted.v1": _change(_accepted),
        "feedback.submission.assigned.v1": _change(_assigned),
        "feedback.submission.deadline_changed.v1": _change(_deadline_changed),
        "feedback.submission.answered.v1": _change(_answered),
    },
)
REGISTRY = Consumer(
    name="targets-registry",
    stream="REGISTRY",
    handlers=reference.handlers(REFERENCES, then=MARKS),
)
FINDINGS = Consumer(
    name="targets-findings",
    stream="OVERSIGHT",
    handlers={
        "oversight.case.opened.v1": _case_opened,
        "oversight.case.concluded.v1": _case_concluded,
        "oversight.recommendation.served.v1": _recommendation_served,
    },
)
"""What a dispute over a value may rest on."""
