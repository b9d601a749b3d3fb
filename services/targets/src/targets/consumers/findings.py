"""What oversight tells of its findings: what a dispute over a value may rest on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import oversight_v1
from servicekit.inbox import Event, Handler
from targets.actions.attach_finding import NamedValue, attach_finding
from targets.actions.keep_finding import keep_case, keep_recommendation


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


HANDLERS: Final[Mapping[str, Handler]] = {
    "oversight.case.opened.v1": _case_opened,
    "oversight.case.concluded.v1": _case_concluded,
    "oversight.recommendation.served.v1": _recommendation_served,
}
