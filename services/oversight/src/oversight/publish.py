"""Turns what happened in oversight into events of the catalogue: ids and dates, never a text."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts import oversight_v1 as facts
from contracts.envelope import Fact
from servicekit.events import EventDraft
from servicekit.recount import Moved


def case_opened(case: Row[Any]) -> EventDraft:
    """A case was opened."""
    fact = facts.CaseOpened(
        presiding_organisation_id=case.presiding_organisation_id,
        form=case.form,
        trigger=case.trigger,
        submission_id=case.submission_id,
        opened_on=case.opened_on,
    )
    return _draft("oversight.case.opened.v1", case.id, case.sequence, fact)


def case_planned(case: Row[Any]) -> EventDraft:
    """The plan was issued; dated by its document."""
    return _draft("oversight.case.planned.v1", case.id, case.sequence, facts.CasePlanned(planned_on=case.plan_date))


def case_concluded(case: Row[Any]) -> EventDraft:
    """The conclusion was signed; dated by its document."""
    fact = facts.CaseConcluded(concluded_on=case.conclusion_date, disputed_values=case.disputed_values)
    return _draft("oversight.case.concluded.v1", case.id, case.sequence, fact)


def case_closed(case: Row[Any]) -> EventDraft:
    """The case was closed."""
    return _draft("oversight.case.closed.v1", case.id, case.sequence, facts.CaseClosed(closed_on=case.closed_on))


def recommendation_served(
    recommendation: Row[Any], presiding: UUID, rule_key: str, rule_version: int, clocks: Iterable[tuple[UUID, date]]
) -> EventDraft:
    """A recommendation went out; `clocks` are (organisation, reply due on) of its addressees."""
    fact = facts.RecommendationServed(
        case_id=recommendation.case_id,
        served_on=recommendation.served_on,
        rule_key=rule_key,
        rule_version=rule_version,
        addressees=[
            facts.Addressee(organisation_id=organisation, reply_due_on=due_on) for organisation, due_on in clocks
        ],
        presiding_organisation_id=presiding,
    )
    return _draft("oversight.recommendation.served.v1", recommendation.id, recommendation.sequence, fact)


def recommendation_acknowledged(part: Row[Any], case_id: UUID, sequence: int) -> EventDraft:
    """One addressee says that it arrived."""
    fact = facts.RecommendationAcknowledged(
        case_id=case_id, organisation_id=part.organisation_id, acknowledged_on=part.acknowledged_on
    )
    return _draft("oversight.recommendation.acknowledged.v1", part.recommendation_id, sequence, fact)


def recommendation_ended(part: Row[Any], case_id: UUID, sequence: int) -> EventDraft:
    """One addressee is no longer followed."""
    fact = facts.RecommendationEnded(
        case_id=case_id,
        organisation_id=part.organisation_id,
        reason_code=part.end_reason,
        ended_on=part.ended_on,
    )
    return _draft("oversight.recommendation.ended.v1", part.recommendation_id, sequence, fact)


def recommendation_replied(part: Row[Any], case_id: UUID, sequence: int) -> EventDraft:
    """One addressee replied."""
    fact = facts.RecommendationReplied(
        case_id=case_id,
        organisation_id=part.organisation_id,
        disposition=part.disposition,
        replied_on=part.replied_on,
        on_time=part.on_time,
    )
    return _draft("oversight.recommendation.replied.v1", part.recommendation_id, sequence, fact)


def recommendation_overdue(part: Row[Any], case_id: UUID, sequence: int) -> EventDraft:
    """One addressee stayed silent past its clock."""
    fact = facts.RecommendationOverdue(
        case_id=case_id,
        organisation_id=part.organisation_id,
        due_on=part.reply_due_on,
        noticed_on=part.overdue_on,
    )
    return _draft("oversight.recommendation.overdue.v1", part.recommendation_id, sequence, fact)


def recommendation_deadline_changed(moved: Moved, sequence: int, *, overdue: bool) -> EventDraft:
    """The calendar changed, and with it the day one addressee's reply is due."""
    row = moved.row
    fact = facts.RecommendationDeadlineChanged(
        case_id=row.case_id,
        organisation_id=row.organisation_id,
        overdue=overdue,
        **moved.told,
    )
    return _draft("oversight.recommendation.deadline_changed.v1", row.recommendation_id, sequence, fact)


def recommendation_verified(part: Row[Any], case_id: UUID, sequence: int) -> EventDraft:
    """The presiding body checked what one addressee did."""
    fact = facts.RecommendationVerified(
        case_id=case_id, organisation_id=part.organisation_id, verified_on=part.verified_on
    )
    return _draft("oversight.recommendation.verified.v1", part.recommendation_id, sequence, fact)


def _draft(event_type: str, subject: UUID, sequence: int, fact: Fact) -> EventDraft:
    return EventDraft(type=event_type, subject=subject, sequence=sequence, data=fact.model_dump(mode="json"))
