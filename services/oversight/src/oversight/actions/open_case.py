"""Opens an oversight case, usually from a feedback item that stayed unsolved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert
from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.domain.case_steps import INITIAL
from oversight.domain.errors import (
    NamedTwice,
    PresidingBodyNamed,
    PresidingBodyRequired,
    TriggerAndSubmission,
    UnknownOrganisation,
)
from oversight.domain.reply_clock import RULE_KEY, pin
from oversight.domain.roles import PRESIDING
from oversight.queries.cases import visible_submission
from oversight.queries.registry_facts import organisation_on
from oversight.tables import oversight_case
from servicekit import audit, outbox
from servicekit.errors import Forbidden
from servicekit.identity import Actor
from servicekit.law_book import Law
from servicekit.reference import ReferenceBook
from servicekit.working_days import local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What the presiding body decided to look into."""

    form: str
    trigger: str
    submission_id: UUID | None
    presiding_organisation_id: UUID | None
    object_organisation_ids: Sequence[UUID]
    title: str
    content: str


async def open_case(
    session: AsyncSession, new: NewCase, *, actor: Actor, now: datetime, book: ReferenceBook, law: Law
) -> Row[Any]:
    """Open a case and return it; the reply rule of today is pinned to it.

    Raises TriggerAndSubmission, PresidingBodyRequired, UnknownOrganisation, PresidingBodyNamed, NamedTwice (422),
    NotFound (404) for a feedback item the actor does not see, Forbidden, RuleUnknown (503); AlreadyExists (409) by
    the unique index when the feedback item has a case.
    """
    today = local_date(now)
    if (new.trigger == "feedback") != (new.submission_id is not None):
        raise TriggerAndSubmission
    presiding = _presiding_body(new, actor, today, book)
    _check_objects(new, presiding, now, book)
    if new.submission_id is not None:
        await visible_submission(session, new.submission_id, actor)
    statement = (
        insert(oversight_case)
        .values(
            status=INITIAL,
            form=new.form,
            trigger=new.trigger,
            submission_id=new.submission_id,
            presiding_organisation_id=presiding,
            object_organisation_ids=list(new.object_organisation_ids),
            title=new.title,
            content=new.content,
            opened_on=today,
            opened_at=now,
            opened_by=actor.id,
            reply_rule=pin(law.rule_on(RULE_KEY, today)),
        )
        .returning(oversight_case)
    )
    case: Row[Any] = (await session.execute(statement)).one()
    await audit.write(
        session,
        action="case.open",
        subject_type="case",
        subject_id=case.id,
        actor=actor,
        now=now,
        reason=new.trigger,
        details={"submission_id": new.submission_id, "presiding_organisation_id": presiding, "form": new.form},
    )
    await outbox.record(session, event=publish.case_opened(case), now=now)
    return case


def _presiding_body(new: NewCase, actor: Actor, today: date, book: ReferenceBook) -> UUID:
    """Return the Front committee the actor acts for, not what once went into it.

    Raises Forbidden or PresidingBodyRequired.
    """
    held = [
        organisation
        for organisation in actor.organisations(*PRESIDING)
        if (organisation_on(book, organisation, today) or {}).get("kind") == "front_committee"
    ]
    wanted = new.presiding_organisation_id
    if not held or (wanted is not None and wanted not in held):
        raise Forbidden
    if wanted is not None:
        return wanted
    if len(held) > 1:
        raise PresidingBodyRequired(errors=[{"field": "body.presiding_organisation_id", "code": "missing"}])
    return held[0]


def _check_objects(new: NewCase, presiding: UUID, now: datetime, book: ReferenceBook) -> None:
    objects = new.object_organisation_ids
    field = "body.object_organisation_ids"
    if len(set(objects)) != len(objects):
        raise NamedTwice(errors=[{"field": field, "code": NamedTwice.code}])
    if presiding in objects:
        raise PresidingBodyNamed(errors=[{"field": field, "code": PresidingBodyNamed.code}])
    today = local_date(now)
    unknown = [
        {"field": f"{field}.{index}", "code": UnknownOrganisation.code}
        for index, organisation in enumerate(objects)
        if organisation_on(book, organisation, today) is None
    ]
    if unknown:
        raise UnknownOrganisation(errors=unknown)
