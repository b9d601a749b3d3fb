"""Let units back into a closed period: asked for, decided by another, locked again when its day is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.errors import Forbidden, NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.working_days import local_date
from targets import publish
from targets.domain.period_steps import CLOSED
from targets.domain.reopening_steps import APPROVED, ASKING, LONGEST_DAYS, RELOCKED, REQUESTED, STEPS
from targets.domain.reporting_refusals import BadReopening, PeriodNotClosed
from targets.queries.scope import ORGANISATION, board_role, boards_of, organisation, sees
from targets.tables import expected_report, indicator, reopen_request, reopening, reporting_period

BATCH = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; `organisation_ids` None is everyone who owes a report, for the monitoring board only."""

    organisation_ids: tuple[UUID, ...] | None
    until_on: date
    reason: str


async def request_reopening(
    session: AsyncSession, period_id: UUID, asked: Asked, *, actor: Actor, now: datetime
) -> UUID:
    """Store the request and return its id.

    Raises NotFound (also for a unit outside the actor's), Forbidden, PeriodNotClosed or BadReopening.
    """
    status = await session.scalar(select(reporting_period.c.status).where(reporting_period.c.id == period_id))
    if status is None:
        raise NotFound
    units = await _units(session, period_id, asked, actor)
    asking = _asking_for(units, actor)
    if status != CLOSED:
        raise PeriodNotClosed
    _check_day(asked.until_on, local_date(now))
    made = await session.execute(
        insert(reopen_request)
        .values(
            period_id=period_id,
            organisation_id=asking,
            organisation_ids=[unit.id for unit in units],
            until_on=asked.until_on,
            reason=asked.reason,
            status=REQUESTED,
            version=1,
            requested_by=actor.id,
            requested_at=now,
        )
        .returning(reopen_request.c.id)
    )
    request_id: UUID = made.scalar_one()
    await _audit(session, "period.ask_to_reopen", request_id, period_id, actor, now, units=len(units))
    return request_id


async def _units(session: AsyncSession, period_id: UUID, asked: Asked, actor: Actor) -> Sequence[Row[Any]]:
    """Return the units named, those who owe a report; a missing one is not visible or owes nothing."""
    owes = exists().where(
        expected_report.c.period_id == period_id, expected_report.c.organisation_id == organisation.c.id
    )
    statement = select(
        organisation.c.id, organisation.c.path, owes.label("owes"), boards_of(actor).label("boards")
    ).where(organisation.c.kind == ORGANISATION, sees(actor))
    if asked.organisation_ids is None:
        statement = statement.where(owes, board_role(actor, "monitoring_officer"))
    else:
        statement = statement.where(organisation.c.id.in_(asked.organisation_ids))
    found = (await session.execute(statement.order_by(organisation.c.id))).all()
    if asked.organisation_ids is None and not found:
        raise Forbidden
    if asked.organisation_ids is not None and len(found) < len(set(asked.organisation_ids)):
        raise NotFound
    if not all(row.owes for row in found):
        raise BadReopening(errors=[_problem("organisation_ids", "owes_nothing", *_OWES_NOTHING)])
    return found


def _asking_for(units: Sequence[Row[Any]], actor: Actor) -> UUID:
    """Return the body for which the actor asks: one above all units, or the monitoring board."""
    for board in units[0].boards:
        if board in actor.organisations("monitoring_officer"):
            return UUID(int=board.int)
    for held in sorted(actor.organisations(*ASKING - {"monitoring_officer"})):
        if all(held in unit.path for unit in units):
            return held
    raise Forbidden


_OWES_NOTHING = ("Có đơn vị không phải báo cáo trong kỳ này.", "A unit named owes no report in this period.")


def _check_day(until_on: date, today: date) -> None:
    if until_on < today:
        text = ("Ngày này đã qua.", "This day is over.")
        raise BadReopening(errors=[_problem("until_on", "day_over", *text)])
    if until_on > today + timedelta(days=LONGEST_DAYS):
        text = (f"Chỉ được mở lại tối đa {LONGEST_DAYS} ngày.", f"At most {LONGEST_DAYS} days from today.")
        raise BadReopening(errors=[_problem("until_on", "too_far", *text)])


def _problem(field: str, code: str, vi: str, en: str) -> dict[str, Any]:
    return {"field": field, "code": code, "vi": vi, "en": en}


async def decide_reopening(
    session: AsyncSession,
    request_id: UUID,
    *,
    action: str,
    reason: str | None,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Approve or refuse a request; approved, its units are let in at once.

    Raises NotFound, Forbidden, StaleVersion, StepNotAllowed, OwnRequest, ReasonMissing, or BadReopening when the day
    asked for is over.
    """
    row = (
        await session.execute(
            select(reopen_request, board_role(actor, "monitoring_officer").label("at_board")).where(
                reopen_request.c.id == request_id
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    if not row.at_board:
        raise Forbidden
    permit(STEPS, action, actor.roles())
    if row.version != version:
        raise StaleVersion
    facts = {"actor": actor.id, "requested_by": row.requested_by, "reason": reason}
    step = decide(STEPS, row.status, action, actor.roles(), facts)
    if step.target == APPROVED:
        _check_day(row.until_on, local_date(now))
    await session.execute(
        update(reopen_request)
        .where(reopen_request.c.id == request_id)
        .values(status=step.target, version=version + 1, decided_by=actor.id, decided_at=now, decision_reason=reason)
    )
    if step.target == APPROVED:
        await _let_in(session, row, now)
    await _audit(
        session, f"period.{action}_reopening", request_id, row.period_id, actor, now, units=len(row.organisation_ids)
    )


async def _let_in(session: AsyncSession, request: Row[Any], now: datetime) -> None:
    opened = [
        {
            "request_id": request.id,
            "organisation_id": unit,
            "period_id": request.period_id,
            "until_on": request.until_on,
        }
        for unit in request.organisation_ids
    ]
    await session.execute(insert(reopening), opened)
    period = await _count_period(session, request.period_id)
    event = publish.period_reopened(period, request.organisation_ids, request.until_on)
    await outbox.record(session, event=event, now=now)


async def _count_period(session: AsyncSession, period_id: UUID) -> Row[Any]:
    """Give the period its next version and return it as events tell of it."""
    statement = (
        update(reporting_period)
        .where(and_(reporting_period.c.id == period_id, reporting_period.c.indicator_id == indicator.c.id))
        .values(version=reporting_period.c.version + 1, told=reporting_period.c.told + 1)
        .returning(reporting_period, indicator.c.code.label("indicator_code"))
    )
    found: Row[Any] = (await session.execute(statement)).one()
    return found


async def relock(session: AsyncSession, *, now: datetime) -> int:
    """Lock what was reopened until a day that is over, up to a batch of requests, and return how many."""
    rows = (
        await session.execute(
            select(reopen_request)
            .where(reopen_request.c.status == APPROVED, reopen_request.c.until_on < local_date(now))
            .order_by(reopen_request.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    ).all()
    house = audit.house("targets")
    for row in rows:
        await session.execute(
            update(reopen_request).where(reopen_request.c.id == row.id).values(status=RELOCKED, version=row.version + 1)
        )
        await session.execute(update(reopening).where(reopening.c.request_id == row.id).values(relocked_at=now))
        period = await _count_period(session, row.period_id)
        await outbox.record(session, event=publish.period_relocked(period, row.organisation_ids), now=now)
        await _audit(session, "period.relock", row.id, row.period_id, house, now, units=len(row.organisation_ids))
    return len(rows)


async def _audit(
    session: AsyncSession, action: str, request_id: UUID, period_id: UUID, actor: Actor, now: datetime, *, units: int
) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="reopen_request",
        subject_id=request_id,
        actor=actor,
        now=now,
        details={"period": str(period_id), "units": units},
    )
