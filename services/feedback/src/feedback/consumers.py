"""What this service does when others tell something: keep the registry's facts, link oversight cases."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.oversight_v1 import CaseOpened
from feedback.actions.link_case import link_case
from servicekit import reference
from servicekit.inbox import Consumer, Event
from servicekit.recount import MARKS

KINDS = ("organisation", "unit", "calendar_day", "calendar_year", "deadline_rule")
"""Facts of the registry this service keeps a copy of."""


async def case_opened(session: AsyncSession, event: Event, now: datetime) -> None:
    """oversight.case.opened.v1: flag the submission that was the trigger, if there was one."""
    fact = CaseOpened.model_validate(event.data)
    if fact.submission_id is not None:
        await link_case(
            session,
            fact.submission_id,
            case_id=UUID(str(event.subject)),
            presiding_organisation_id=fact.presiding_organisation_id,
            now=now,
        )


CONSUMERS = (
    Consumer("feedback-registry", "REGISTRY", reference.handlers(KINDS, then=MARKS)),
    Consumer("feedback-oversight", "OVERSIGHT", {"oversight.case.opened.v1": case_opened}),
)
