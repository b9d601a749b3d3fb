"""Open reporting for all indicators of a form at once, and list everyone who owes what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, insert, literal, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.deadlines import Counted
from servicekit.errors import AlreadyExists, Forbidden, Unavailable
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets import publish
from targets.actions.roll_up import roll_up
from targets.domain.forms import Form
from targets.domain.metadata import not_ready
from targets.domain.periods import Period
from targets.domain.refusals import PeriodNotBegun
from targets.domain.reporting_refusals import FormEmpty, WrongFormPeriod
from targets.domain.resolution_refusals import IncompleteIndicators
from targets.queries.forms import belongs, find_form, owing
from targets.queries.scope import ORGANISATION, organisation
from targets.tables import expected_report, indicator, reporting_period


async def open_form_period(
    session: AsyncSession, code: str, period: Period, *, counted: Counted, actor: Actor, now: datetime
) -> Form:
    """Open a period for every indicator of the form that somebody reports; return the form.

    A period that was opened for one indicator alone is taken into the form. What is open already stays as it is, so
    that an indicator added to the form can be opened later. Raises NotFound, Forbidden, WrongFormPeriod,
    PeriodNotBegun, IncompleteIndicators, FormEmpty, AlreadyExists when there is nothing to open, and Unavailable while
    no organisation is known here.
    """
    form, at_board = await find_form(session, code, actor)
    if not at_board:
        raise Forbidden
    if form.period_kind != period.kind:
        raise WrongFormPeriod(expected=form.period_kind, given=period.kind)
    if period.first_day > local_date(now) and not form.open_future:
        raise PeriodNotBegun(first_day=period.first_day.isoformat())
    await _check_told(session, form, period)
    taken = await _take_in(session, form, period)
    made = await _insert_periods(session, form, period, counted, actor, now)
    if not made and not taken:
        raise await _why_nothing(session, form, period)
    await _expect(session, form, period, [row.id for row in made])
    entries = [_entry(row, "period.open", form, period) for row in made]
    entries += [_entry(row, "period.join_form", form, period) for row in taken]
    await audit.write_all(session, entries, actor=actor, now=now)
    events = [
        publish.period_opened(row.id, indicator_code=row.indicator_code, period=period.code, due_on=counted.due.on)
        for row in made
    ]
    await outbox.record_all(session, events, now=now)
    await roll_up(session, [row.id for row in made], None, now=now)
    return form


def _entry(row: Row[Any], action: str, form: Form, period: Period) -> audit.Entry:
    details = {"indicator": row.indicator_code, "period": period.code, "form": form.code, "version": row.version}
    return audit.Entry(action, "reporting_period", row.id, details=details)


def _to_open(form: Form, period: Period) -> ColumnElement[bool]:
    already = exists().where(reporting_period.c.indicator_id == indicator.c.id, reporting_period.c.code == period.code)
    return and_(belongs(form), indicator.c.issued_on <= period.last_day, ~already)


async def _check_told(session: AsyncSession, form: Form, period: Period) -> None:
    """Raise IncompleteIndicators when something to be opened is not fully told: all of the form is opened, or none."""
    found = (await session.execute(select(indicator).where(_to_open(form, period)).order_by(indicator.c.code))).all()
    lacking = not_ready(row._asdict() for row in found)
    if lacking:
        raise IncompleteIndicators(
            number=len(lacking),
            errors=[
                {"field": f"{code}.{name}", "code": "missing"} for code, names in lacking.items() for name in names
            ],
        )


async def _take_in(session: AsyncSession, form: Form, period: Period) -> list[Row[Any]]:
    statement = (
        update(reporting_period)
        .where(
            reporting_period.c.indicator_id == indicator.c.id,
            reporting_period.c.code == period.code,
            reporting_period.c.form_id.is_(None),
            belongs(form),
        )
        .values(form_id=form.id, form_version=form.version, version=reporting_period.c.version + 1)
        .returning(reporting_period.c.id, reporting_period.c.version, indicator.c.code.label("indicator_code"))
    )
    return list((await session.execute(statement)).all())


# As text: the statement the rows come from names the same table, and would be taken for the one inserted into.
_CODE: ColumnElement[str] = literal_column(
    "(SELECT i.code FROM indicator i WHERE i.id = reporting_period.indicator_id)"
)


async def _insert_periods(
    session: AsyncSession, form: Form, period: Period, counted: Counted, actor: Actor, now: datetime
) -> list[Row[Any]]:
    values = {
        "code": period.code,
        "kind": period.kind.value,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "status": "open",
        "version": 1,
        "told": 1,
        "due_on": counted.due.on,
        "due_provisional": counted.due.provisional,
        "rule_key": counted.rule.key,
        "rule_version": counted.rule.version,
        "opened_at": now,
        "opened_by": actor.id,
        "form_id": form.id,
        "form_version": form.version,
    }
    somebody = exists().where(owing(form, period)).correlate(indicator)
    fitting = select(
        indicator.c.id, *(literal(value, reporting_period.c[name].type) for name, value in values.items())
    ).where(_to_open(form, period), somebody)
    statement = (
        insert(reporting_period)
        .from_select(["indicator_id", *values], fitting)
        .returning(
            reporting_period.c.id,
            reporting_period.c.version,
            _CODE.label("indicator_code"),
        )
    )
    return list((await session.execute(statement)).all())


async def _expect(session: AsyncSession, form: Form, period: Period, periods: list[UUID]) -> None:
    owed = (
        select(reporting_period.c.id, organisation.c.id.label("organisation_id"))
        .select_from(reporting_period)
        .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
        .join(organisation, owing(form, period))
        .where(reporting_period.c.id.in_(periods))
    )
    await session.execute(insert(expected_report).from_select(["period_id", "organisation_id"], owed))


async def _why_nothing(session: AsyncSession, form: Form, period: Period) -> Exception:
    row = (
        await session.execute(
            select(
                exists().where(organisation.c.kind == ORGANISATION).label("organisations"),
                exists()
                .where(reporting_period.c.form_id == form.id, reporting_period.c.code == period.code)
                .label("opened"),
            )
        )
    ).one()
    if not row.organisations:
        return Unavailable()
    return AlreadyExists() if row.opened else FormEmpty()
