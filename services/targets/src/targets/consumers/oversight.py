"""What oversight tells of cases and recommendations, and will tell of criticism and opinions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import oversight_v1 as told
from servicekit.inbox import Event, Handler
from targets.actions.attach_finding import NamedValue, attach_finding
from targets.actions.keep_item import organisation_of_case, place_recommendations, start_item
from targets.consumers.changing import changes
from targets.domain.event_items import Case, Criticism, Draft, Opinion, Recommendation
from targets.queries.event_items import ItemKey


async def _opened(session: AsyncSession, event: Event, now: datetime) -> None:
    said = told.CaseOpened.model_validate(event.data)
    presiding = said.presiding_organisation_id
    await place_recommendations(session, event.subject, presiding, now=now)
    await start_item(session, ItemKey(Case.kind, event.subject), Case(), organisation_id=presiding, now=now)


async def _served(session: AsyncSession, event: Event, now: datetime) -> None:
    said = told.RecommendationServed.model_validate(event.data)
    presiding = said.presiding_organisation_id or await organisation_of_case(session, said.case_id)
    for part in sorted(said.addressees, key=lambda one: one.organisation_id):
        await start_item(
            session,
            ItemKey(Recommendation.kind, event.subject, part.organisation_id),
            Recommendation(served_on=said.served_on, due_on=part.reply_due_on),
            organisation_id=presiding,
            case_id=said.case_id,
            now=now,
        )


async def _draft_received(session: AsyncSession, event: Event, now: datetime) -> None:
    said = told.DraftReceived.model_validate(event.data)
    facts = Draft(received_on=said.received_on)
    key = ItemKey(Draft.kind, event.subject)
    await start_item(session, key, facts, organisation_id=said.presiding_organisation_id, now=now)


async def _issued(session: AsyncSession, event: Event, now: datetime) -> None:
    said = told.CriticismIssued.model_validate(event.data)
    facts = Criticism(issued_on=said.issued_on, due_on=said.reply_due_on, points=said.points)
    key = ItemKey(Criticism.kind, event.subject)
    await start_item(session, key, facts, organisation_id=said.presiding_organisation_id, now=now)


async def _opinion_accepted(session: AsyncSession, event: Event, now: datetime) -> None:
    said = told.OpinionAccepted.model_validate(event.data)
    facts = Opinion(accepted_on=said.accepted_on, due_on=said.reply_due_on)
    key = ItemKey(Opinion.kind, event.subject)
    await start_item(session, key, facts, organisation_id=said.front_organisation_id, now=now)


def _planned(item: Case, said: told.CasePlanned, _: UUID | None) -> Case:
    return replace(item, planned_on=said.planned_on)


def _concluded(item: Case, said: told.CaseConcluded, _: UUID | None) -> Case:
    return replace(item, concluded_on=said.concluded_on)


def _replied(item: Recommendation, said: told.RecommendationReplied, _: UUID | None) -> Recommendation:
    return replace(item, replied_on=said.replied_on, disposition=said.disposition)


def _moved(item: Recommendation, said: told.RecommendationDeadlineChanged, _: UUID | None) -> Recommendation:
    return item.due(said.due_on)


def _verified(item: Recommendation, said: told.RecommendationVerified, _: UUID | None) -> Recommendation:
    return replace(item, verified_on=said.verified_on)


def _ended(item: Recommendation, said: told.RecommendationEnded, _: UUID | None) -> Recommendation:
    return replace(item, ended_on=said.ended_on, end_reason=said.reason_code)


def _withdrawn(item: Draft, said: told.DraftWithdrawn, _: UUID | None) -> Draft:
    return replace(item, withdrawn_on=said.withdrawn_on)


def _criticised(item: Draft, said: told.DraftCriticised, _: UUID | None) -> Draft:
    return replace(item, criticised_on=item.criticised_on or said.criticised_on)


def _points_replied(item: Criticism, said: told.CriticismReplied, _: UUID | None) -> Criticism:
    return replace(
        item,
        replied_on=said.replied_on,
        accepted=said.accepted,
        partly_accepted=said.partly_accepted,
        explained=said.explained,
    )


def _criticism_moved(item: Criticism, said: told.CriticismDeadlineChanged, _: UUID | None) -> Criticism:
    return item.due(said.due_on)


def _opinion_replied(item: Opinion, said: told.OpinionReplied, _: UUID | None) -> Opinion:
    return replace(item, replied_on=said.replied_on)


def _opinion_moved(item: Opinion, said: told.OpinionDeadlineChanged, _: UUID | None) -> Opinion:
    return item.due(said.due_on)


_conclude = changes(Case, told.CaseConcluded, _concluded)


async def _case_concluded(session: AsyncSession, event: Event, now: datetime) -> None:
    """Count the case, then dispute the values that its conclusion names."""
    await _conclude(session, event, now)
    said = told.CaseConcluded.model_validate(event.data)
    named = (
        NamedValue(one.indicator_code, one.period, one.organisation_id, one.reason_code) for one in said.disputed_values
    )
    await attach_finding(session, event.subject, named, now=now)


_RECOMMENDATION: Final = "oversight.recommendation"
HANDLERS: Final[Mapping[str, Handler]] = {
    "oversight.case.opened.v1": _opened,
    "oversight.case.planned.v1": changes(Case, told.CasePlanned, _planned),
    "oversight.case.concluded.v1": _case_concluded,
    f"{_RECOMMENDATION}.served.v1": _served,
    f"{_RECOMMENDATION}.replied.v1": changes(Recommendation, told.RecommendationReplied, _replied),
    f"{_RECOMMENDATION}.deadline_changed.v1": changes(Recommendation, told.RecommendationDeadlineChanged, _moved),
    f"{_RECOMMENDATION}.verified.v1": changes(Recommendation, told.RecommendationVerified, _verified),
    f"{_RECOMMENDATION}.ended.v1": changes(Recommendation, told.RecommendationEnded, _ended),
    "oversight.draft.received.v1": _draft_received,
    "oversight.draft.withdrawn.v1": changes(Draft, told.DraftWithdrawn, _withdrawn),
    "oversight.draft.criticised.v1": changes(Draft, told.DraftCriticised, _criticised),
    "oversight.criticism.issued.v1": _issued,
    "oversight.criticism.replied.v1": changes(Criticism, told.CriticismReplied, _points_replied),
    "oversight.criticism.deadline_changed.v1": changes(Criticism, told.CriticismDeadlineChanged, _criticism_moved),
    "oversight.opinion.accepted.v1": _opinion_accepted,
    "oversight.opinion.replied.v1": changes(Opinion, told.OpinionReplied, _opinion_replied),
    "oversight.opinion.deadline_changed.v1": changes(Opinion, told.OpinionDeadlineChanged, _opinion_moved),
}
