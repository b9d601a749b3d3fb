"""Open reporting for an indicator and a period, and list who owes a report."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.deadlines import Counted
from servicekit.errors import Forbidden, Unavailable
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets import publish
from targets.actions.roll_up import roll_up
from targets.domain.metadata import missing
from targets.domain.periods import Period
from targets.domain.refusals import (
    ComputedIndicator,
    PeriodBeforeIndicator,
    PeriodNotBegun,
    UnknownIndicator,
    WrongPeriodKind,
)
from targets.domain.resolution_refusals import IncompleteIndicator
from targets.queries.scope import ORGANISATION, board_role, organisation, stood_on
from targets.tables import expected_report, indicator, reporting_period


async def open_period(
    session: AsyncSession,
    *,
    indicator_code: str,
    period: Period,
    counted: Counted,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Open the period and return its id; everyone of the reporting kind that existed on its last day is expected.

    Raises UnknownIndicator, ComputedIndicator, IncompleteIndicator, WrongPeriodKind, PeriodNotBegun, Forbidden,
    PeriodBeforeIndicator, AlreadyExists (by the unique key) and Unavailable while no organisation is known here.
    """
    found = (
        await session.execute(
            select(indicator, board_role(actor, "monitoring_officer").label("at_board")).where(
                indicator.c.code == indicator_code
            )
        )
    ).one_or_none()
    if found is None:
        raise UnknownIndicator(errors=[{"field": "indicator_code", "code": "unknown_indicator"}])
    if not found.at_board:
        raise Forbidden
    if found.source != "reports":
        raise ComputedIndicator
    if lacking := missing(found._asdict()):
        raise IncompleteIndicator(missing=", ".join(lacking), indicator=indicator_code)
    if period.kind not in found.reporting_kinds:
        raise WrongPeriodKind(expected=", ".join(found.reporting_kinds), given=period.kind)
    if period.first_day > local_date(now):
        raise PeriodNotBegun(first_day=period.first_day.isoformat())
    if period.last_day < found.issued_on:
        raise PeriodBeforeIndicator(issued_on=found.issued_on.isoformat())
    period_id = await _insert_period(session, found.id, period, counted, actor, now)
    expected = await _expect(session, period_id, found.reporter_kinds, found.reporter_level, period.last_day)
    if expected == 0:
        raise Unavailable
    await roll_up(session, [period_id], None, now=now)
    await audit.write(
        session,
        action="period.open",
        subject_type="reporting_period",
        subject_id=period_id,
        actor=actor,
        now=now,
        reason=None,
        details={"indicator": indicator_code, "period": period.code, "expected": expected, "version": 1},
    )
    event = publish.period_opened(period_id, indicator_code=indicator_code, period=period.code, due_on=counted.due.on)
    await outbox.record(session, event=event, now=now)
    return period_id


async def _insert_period(
    session: AsyncSession,
    indicator_id: UUID,
    period: Period,
    counted: Counted,
    actor: Actor,
    now: datetime,
) -> UUID:
    statement = (
        insert(reporting_period)
        .values(
            indicator_id=indicator_id,
            code=period.code,
            kind=period.kind.value,
            first_day=period.first_day,
            last_day=period.last_day,
            status="open",
            version=1,
            told=1,
            due_on=counted.due.on,
            due_provisional=counted.due.provisional,
            rule_key=counted.rule.key,
            rule_version=counted.rule.version,
            opened_at=now,
            opened_by=actor.id,
        )
        .returning(reporting_period.c.id)
    )
    made: UUID = (await session.execute(statement)).scalar_one()
    return made


async def _expect(session: AsyncSession, period_id: UUID, kinds: list[str], level: str, last_day: date) -> int:
    """List who owes a report."""
    data = organisation.c.data
    owing = select(literal(period_id), organisation.c.id).where(
        and_(
            organisation.c.kind == ORGANISATION,
            data["kind"].astext.in_(kinds),
            data["level"].astext == level,
            stood_on(last_day),
        )
    )
    made = await session.execute(
        insert(expected_report)
        .from_select(["period_id", "organisation_id"], owing)
        .returning(expected_report.c.organisation_id)
    )
    return len(made.all())
