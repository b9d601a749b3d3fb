"""Serves one recommendation on several bodies, starting a clock for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert
from sqlalchemy.ext.asyncio import AsyncSession

from oversight import publish
from oversight.actions.write_changes import change_case
from oversight.domain import addressee_steps
from oversight.domain.case_steps import STEPS, dated_between
from oversight.domain.errors import NamedTwice, PresidingBodyNamed, UnknownOrganisation
from oversight.domain.reply_clock import pin, read_pinned, reply_term
from oversight.queries.cases import case
from oversight.queries.registry_facts import organisation_on, superior_of
from oversight.queries.visibility import roles_for_case
from oversight.tables import addressee, recommendation
from servicekit import audit, outbox
from servicekit.deadlines import RuleVersion
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.law_book import Law
from servicekit.lifecycle import decide, permit
from servicekit.reference import ReferenceBook
from servicekit.working_days import Calendar, local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One body to serve: in which roles, when it received the paper, and a shorter reply date with its reason."""

    organisation_id: UUID
    roles: Sequence[str]
    received_on: date | None
    reply_due_on: date | None
    reply_due_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecommendation:
    """The document, the day it was served (None: the first receipt, else today) and its addressees."""

    number: str
    text: str
    served_on: date | None
    addressees: Sequence[Served]


async def serve_recommendation(
    session: AsyncSession,
    case_id: UUID,
    new: NewRecommendation,
    *,
    expected: int,
    actor: Actor,
    now: datetime,
    book: ReferenceBook,
    law: Law,
) -> tuple[Row[Any], Row[Any], Sequence[Row[Any]]]:
    """Take the step `recommend`; return the case, the recommendation and its addressees' rows.

    Raises NotFound, StaleVersion, StepNotAllowed, RecipientsIncomplete, DatesOutOfOrder, NamedTwice,
    PresidingBodyNamed, UnknownOrganisation, ReplyDateNotAllowed. The direct superior Front committee is informed.
    """
    seen = await case(session, case_id, actor)
    roles = roles_for_case(actor, seen.presiding_organisation_id)
    permit(STEPS, "recommend", roles)
    if seen.version != expected:
        raise StaleVersion
    today = local_date(now)
    receipts = [served.received_on for served in new.addressees if served.received_on is not None]
    served_on = new.served_on or min([*receipts, today])
    facts = {
        "recipient_roles": {role for served in new.addressees for role in served.roles},
        "served_on": served_on,
        "conclusion_date": seen.conclusion_date,
        "today": today,
    }
    step = decide(STEPS, seen.status, "recommend", roles, facts)
    _check_bodies(new.addressees, seen.presiding_organisation_id, served_on, book)
    rule = read_pinned(seen.reply_rule)
    rows = _addressee_rows(new.addressees, rule, law.calendar, served_on, today)

    changed = await change_case(session, seen, step)
    made = (
        await session.execute(
            insert(recommendation)
            .values(
                case_id=case_id,
                number=new.number,
                text=new.text,
                served_on=served_on,
                served_at=now,
                served_by=actor.id,
                rule=pin(rule),
                superior_organisation_id=superior_of(book, seen.presiding_organisation_id),
            )
            .returning(recommendation)
        )
    ).one()
    parts = (
        await session.execute(
            insert(addressee).values([row | {"recommendation_id": made.id} for row in rows]).returning(addressee)
        )
    ).all()
    clocks = [(part.organisation_id, part.reply_due_on) for part in parts]
    await audit.write(
        session,
        action="recommendation.serve",
        subject_type="recommendation",
        subject_id=made.id,
        actor=actor,
        now=now,
        details={
            "case_id": case_id,
            "case_version": changed.version,
            "organisations": [organisation for organisation, _ in clocks],
            "rule": f"{rule.key}/{rule.version}",
        },
    )
    event = publish.recommendation_served(made, changed.presiding_organisation_id, rule.key, rule.version, clocks)
    await outbox.record(session, event=event, now=now)
    return changed, made, parts


def _addressee_rows(
    addressees: Sequence[Served], rule: RuleVersion, calendar: Calendar, served_on: date, today: date
) -> list[dict[str, Any]]:
    """Return each body's row with its own clock. Raises DatesOutOfOrder or ReplyDateNotAllowed."""
    rows: list[dict[str, Any]] = []
    for served in addressees:
        received_on = served.received_on or served_on
        problem = dated_between(received_on, served_on, today)
        if problem is not None:
            raise problem
        term = reply_term(rule, calendar, received_on, served.reply_due_on, served.reply_due_reason)
        rows.append(
            {
                "organisation_id": served.organisation_id,
                "roles": sorted(set(served.roles)),
                "status": addressee_steps.INITIAL,
                "received_on": received_on,
                "reply_due_on": term.due_on,
                "default_due_on": term.default_due_on,
                "due_provisional": term.provisional,
                "due_reason": term.reason,
            }
        )
    return rows


def _check_bodies(addressees: Sequence[Served], presiding: UUID, served_on: date, book: ReferenceBook) -> None:
    organisations = [served.organisation_id for served in addressees]
    if len(set(organisations)) != len(organisations):
        raise NamedTwice(errors=[{"field": "body.addressees", "code": NamedTwice.code}])
    if presiding in organisations:
        raise PresidingBodyNamed(errors=[{"field": "body.addressees", "code": PresidingBodyNamed.code}])
    unknown = [
        {"field": f"body.addressees.{index}.organisation_id", "code": UnknownOrganisation.code}
        for index, organisation in enumerate(organisations)
        if organisation_on(book, organisation, served_on) is None
    ]
    if unknown:
        raise UnknownOrganisation(errors=unknown)
