"""Reads of forms, the indicators they hold, and their periods."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, TextClause, and_, any_, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.domain.forms import Form, read_levels, read_steps
from targets.domain.periods import Period
from targets.queries.scope import ORGANISATION, board_role, organisation, stood_on
from targets.tables import expected_report, form, form_version, indicator, reporting_period


def forms(actor: Actor) -> Select[Any]:
    """Return the statement for forms in their current version, with `at_board`."""
    return select(form, form_version, board_role(actor, "monitoring_officer").label("at_board")).join(
        form_version, and_(form_version.c.form_id == form.c.id, form_version.c.number == form.c.version)
    )


def read_form(row: Row[Any]) -> Form:
    """Return the form of a row that holds a form and one of its versions."""
    return Form(
        id=row.form_id,
        code=row.code,
        version=row.number,
        resolution_id=row.resolution_id,
        name_vi=row.name_vi,
        name_en=row.name_en,
        period_kind=row.period_kind,
        reporter_kinds=None if row.reporter_kinds is None else tuple(row.reporter_kinds),
        reporter_level=row.reporter_level,
        indicators=None if row.indicators is None else tuple(row.indicators),
        evidence_for=tuple(row.evidence_for),
        levels=read_levels(row.levels),
        steps=read_steps(row.steps),
        expiry_days=row.expiry_days,
        open_future=row.open_future,
    )


async def find_form(session: AsyncSession, code: str, actor: Actor) -> tuple[Form, bool]:
    """Return a form and whether the actor is a monitoring officer of the city's board. Raises NotFound."""
    row = (await session.execute(forms(actor).where(form.c.code == code))).one_or_none()
    if row is None:
        raise NotFound
    return read_form(row), row.at_board


async def list_forms(session: AsyncSession, window: Window, actor: Actor) -> list[Form]:
    """Return one page of forms by code."""
    rows = (await session.execute(window.select(forms(actor), [form.c.code]))).all()
    return [read_form(row) for row in rows]


def belongs(of: Form) -> ColumnElement[bool]:
    """Return the condition that an indicator belongs to a form, whatever the period."""
    chosen = (
        indicator.c.resolution_id == of.resolution_id
        if of.indicators is None
        else indicator.c.code == any_(literal(list(of.indicators), indicator.c.reporting_kinds.type))
    )
    conditions = [chosen, indicator.c.source == "reports", literal(of.period_kind) == any_(indicator.c.reporting_kinds)]
    if of.reporter_kinds is not None:
        conditions.append(indicator.c.reporter_kinds.overlap(list(of.reporter_kinds)))
    if of.reporter_level is not None:
        conditions.append(indicator.c.reporter_level == of.reporter_level)
    return and_(*conditions)


def owing(of: Form, period: Period) -> ColumnElement[bool]:
    """Return the condition that an organisation reports an indicator of a form."""
    data, kinds = organisation.c.data, indicator.c.reporter_kinds
    conditions: list[ColumnElement[bool] | TextClause] = [
        organisation.c.kind == ORGANISATION,
        data["kind"].astext == any_(kinds),
        data["level"].astext == indicator.c.reporter_level,
        stood_on(period.last_day),
    ]
    if of.reporter_kinds is not None:
        conditions.append(data["kind"].astext.in_(of.reporter_kinds))
    return and_(*conditions)


async def list_form_indicators(session: AsyncSession, of: Form) -> Sequence[Row[Any]]:
    """Return the indicators of a form in its order: as listed, else as in the resolution."""
    statement = select(indicator).where(belongs(of))
    if of.indicators is None:
        return (await session.execute(statement.order_by(indicator.c.position, indicator.c.code))).all()
    place = {code: number for number, code in enumerate(of.indicators)}
    return sorted((await session.execute(statement)).all(), key=lambda row: place[row.code])


async def find_form_period(session: AsyncSession, of: Form, period: Period) -> Sequence[Row[Any]]:
    """Return the periods of a form, one an indicator, with how many reports stand where. Raises NotFound."""
    expected = (
        select(func.count())
        .select_from(expected_report)
        .where(expected_report.c.period_id == reporting_period.c.id)
        .scalar_subquery()
    )
    rows = (
        await session.execute(
            select(
                reporting_period,
                indicator.c.code.label("indicator_code"),
                indicator.c.name_vi,
                indicator.c.name_en,
                expected.label("expected"),
                func.count_reports(reporting_period.c.id, type_=JSONB).label("by_status"),
            )
            .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
            .where(reporting_period.c.form_id == of.id, reporting_period.c.code == period.code)
            .order_by(indicator.c.position, indicator.c.code)
        )
    ).all()
    if not rows:
        raise NotFound
    return rows


async def hold_form_period(session: AsyncSession, form_id: UUID, period: str) -> Sequence[UUID]:
    """Hold the periods of a form as they are until the end of the transaction. Raises NotFound."""
    held = (
        await session.scalars(
            select(reporting_period.c.id)
            .where(reporting_period.c.form_id == form_id, reporting_period.c.code == period)
            .order_by(reporting_period.c.id)
            .with_for_update(read=True)
        )
    ).all()
    if not held:
        raise NotFound
    return held
