"""Raise a dispute: feedback of one matter, or a finding of oversight, against a value that was reported or computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.deadlines import Counted
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets import publish
from targets.actions.write_dispute import tell
from targets.domain.dispute_refusals import NoSuchValue, SubjectOfOtherKind, TooFewSubmissions, UnknownSubject
from targets.domain.dispute_steps import INITIAL, RAISING
from targets.domain.disputes import SUBJECT_KINDS, Kind, ReasonCode, SubjectFacts, ValueFacts, value_id
from targets.domain.periods import Period
from targets.queries.calendar import coded_period
from targets.queries.dispute_files import find_place, find_subjects, find_value, minimum_subjects
from targets.queries.scope import roles_towards
from targets.tables import dispute, dispute_subject


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDispute:
    """Which value, against it what, and why; `text` stays in this service."""

    kind: Kind
    indicator_code: str
    period: str
    organisation_id: UUID
    subject_ids: tuple[UUID, ...]
    reason_code: ReasonCode
    text: str


async def raise_dispute(
    session: AsyncSession, given: NewDispute, *, counted: Counted, actor: Actor, now: datetime
) -> UUID:
    """Store the dispute, mark the value, and return its id.

    A front officer at or above the value's organisation, or at or above every source of what the dispute rests on; or
    the monitoring board. Raises UnknownPeriod, NotFound, UnknownSubject, SubjectOfOtherKind, TooFewSubmissions,
    NoSuchValue (422), and AlreadyExists by the key of what it rests on: the same evidence disputes a value once.
    """
    period = await coded_period(session, given.period)
    ids = tuple(dict.fromkeys(given.subject_ids))
    subjects = await _checked(session, given, ids, actor)
    minimum = await minimum_subjects(session, given.kind)
    if len(subjects) < minimum:
        raise TooFewSubmissions(minimum=minimum, given=len(subjects))
    value = await find_value(session, given.indicator_code, given.period, given.organisation_id)
    if value is None:
        raise NoSuchValue
    return await store_dispute(
        session, given, period=period, subjects=subjects, value=value, counted=counted, actor=actor, now=now
    )


async def store_dispute(
    session: AsyncSession,
    given: NewDispute,
    *,
    period: Period,
    subjects: Sequence[SubjectFacts],
    value: ValueFacts,
    counted: Counted,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Store a dispute that was checked, with history, audit and event, and return its id."""
    today = local_date(now)
    made = await session.execute(
        insert(dispute)
        .values(
            kind=given.kind,
            indicator_id=value.indicator_id,
            period=period.code,
            first_day=period.first_day,
            last_day=period.last_day,
            organisation_id=given.organisation_id,
            source_organisation_id=subjects[0].organisation_id,
            status=INITIAL,
            version=1,
            told=1,
            reason_code=given.reason_code,
            text=given.text,
            report_id=value.report_id,
            report_version=value.report_version,
            numerator=value.numerator,
            denominator=value.denominator,
            raised_by=actor.id,
            raised_on=today,
            anchor_on=counted.anchor,
            due_on=counted.due.on,
            due_provisional=counted.due.provisional,
            rule_key=counted.rule.key,
            rule_version=counted.rule.version,
            created_at=now,
            changed_at=now,
        )
        .returning(dispute.c.id)
    )
    dispute_id: UUID = made.scalar_one()
    key = value_id(value.indicator_id, period.code, given.organisation_id)
    await session.execute(
        insert(dispute_subject),
        [
            {"value_id": key, "subject_id": one.id, "subject_kind": one.kind, "dispute_id": dispute_id}
            for one in subjects
        ],
    )
    event = publish.value_disputed(
        dispute_id,
        indicator_code=given.indicator_code,
        period=period.code,
        organisation_id=given.organisation_id,
        kind=given.kind,
        reason_code=given.reason_code,
        subject_ids=[one.id for one in subjects],
        raised_on=today,
        counted=counted,
    )
    await tell(
        session,
        {
            "id": dispute_id,
            "indicator_code": given.indicator_code,
            "period": period.code,
            "organisation_id": given.organisation_id,
        },
        action="raise",
        before=None,
        after=INITIAL,
        version=1,
        event=event,
        actor=actor,
        now=now,
        text=given.text,
        details={"kind": given.kind, "reason_code": given.reason_code},
    )
    return dispute_id


async def _checked(session: AsyncSession, given: NewDispute, ids: Sequence[UUID], actor: Actor) -> list[SubjectFacts]:
    """Return what the dispute rests on, all of it known here and within the actor's say."""
    place = await find_place(session, given.organisation_id, actor)
    towards = frozenset() if place is None else roles_towards(actor, place.path, place.boards)
    known = {one.id: one for one in await find_subjects(session, ids)}
    if towards.isdisjoint(RAISING):
        # Only from the source's side, so everything must be the actor's own, and nothing else is spoken of.
        mine = actor.organisations("front_officer")
        known = {key: one for key, one in known.items() if not mine.isdisjoint(one.path)}
        if not known or place is None:
            raise NotFound
    if missing := [one for one in ids if one not in known]:
        raise UnknownSubject(errors=[{"field": "subject_ids", "code": "unknown_subject", "id": str(missing[0])}])
    subjects = [known[one] for one in ids]
    if any(one.kind not in SUBJECT_KINDS[given.kind] for one in subjects):
        raise SubjectOfOtherKind
    return subjects
