"""Reads for the matrix of completeness: one statement, whatever the size."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.identity import Actor
from servicekit.pages import Window
from targets.domain.forms import Form
from targets.domain.periods import Period
from targets.domain.reporting_refusals import WrongFormPeriod
from targets.queries.scope import ORGANISATION, organisation, sees
from targets.queries.signing import FORM_OF_PERIOD, evidence_needed, reopened_until
from targets.tables import (
    evidence,
    expected_report,
    form,
    form_version,
    indicator,
    report,
    report_change,
    reporting_period,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFilter:
    """Which units stand in a matrix."""

    level: str | None = None
    below: UUID | None = None

    def conditions(self, actor: Actor) -> list[ColumnElement[bool]]:
        """Return the conditions, that of what the actor may see among them."""
        found = [sees(actor)]
        if self.level is not None:
            found.append(organisation.c.data["level"].astext == self.level)
        if self.below is not None:
            found.append(organisation.c.path.contains([self.below]))
        return found


def _owed() -> FromClause:
    return (
        expected_report.join(reporting_period, reporting_period.c.id == expected_report.c.period_id)
        .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
        .join(
            organisation,
            and_(organisation.c.kind == ORGANISATION, organisation.c.id == expected_report.c.organisation_id),
        )
        .outerjoin(
            report,
            and_(
                report.c.period_id == expected_report.c.period_id,
                report.c.organisation_id == expected_report.c.organisation_id,
            ),
        )
    )


_UNIT = (
    expected_report.c.organisation_id,
    organisation.c.data["name"].astext.label("organisation_name"),
    organisation.c.data["unit_code"].astext.label("unit_code"),
)
_IN_TIME = (report.c.submitted_on <= report.c.held_to).label("in_time")


async def cells_by_indicator(
    session: AsyncSession, of: Form, period: Period, units: UnitFilter, today: date, actor: Actor
) -> Sequence[Row[Any]]:
    """Return one row for each unit and indicator of a form period."""
    returns = (
        select(func.count())
        .select_from(report_change)
        .where(report_change.c.report_id == report.c.id, report_change.c.action == "return")
        .scalar_subquery()
    )
    statement = (
        select(
            *_UNIT,
            indicator.c.code.label("column"),
            indicator.c.name_vi.label("label_vi"),
            indicator.c.name_en.label("label_en"),
            report.c.status,
            _IN_TIME,
            (reporting_period.c.due_on < today).label("due_over"),
            literal(1).label("number"),
            returns.label("returns"),
        )
        .select_from(_owed())
        .where(reporting_period.c.form_id == of.id, reporting_period.c.code == period.code, *units.conditions(actor))
        .order_by(organisation.c.data["name"].astext, expected_report.c.organisation_id, indicator.c.position)
    )
    return (await session.execute(statement)).all()


async def cells_by_period(
    session: AsyncSession, of: Form, first: Period, last: Period, units: UnitFilter, today: date, actor: Actor
) -> Sequence[Row[Any]]:
    """Return rows for each unit and period of a form, the equal ones counted. Raises WrongFormPeriod."""
    for given in (first, last):
        if given.kind != of.period_kind:
            raise WrongFormPeriod(expected=of.period_kind, given=given.kind)
    due_over = (reporting_period.c.due_on < today).label("due_over")
    keys = (*_UNIT, reporting_period.c.code.label("column"), report.c.status, _IN_TIME, due_over)
    statement = (
        select(*keys, func.count().label("number"))
        .select_from(_owed())
        .where(
            reporting_period.c.form_id == of.id,
            reporting_period.c.first_day >= first.first_day,
            reporting_period.c.last_day <= last.last_day,
            *units.conditions(actor),
        )
        .group_by(
            expected_report.c.organisation_id,
            organisation.c.data,
            reporting_period.c.code,
            report.c.status,
            _IN_TIME,
            due_over,
        )
        .order_by(organisation.c.data["name"].astext, expected_report.c.organisation_id, reporting_period.c.code)
    )
    return (await session.execute(statement)).all()


async def list_obligations(
    session: AsyncSession, window: Window, *, organisation_id: UUID | None, form_code: str | None, actor: Actor
) -> Sequence[Row[Any]]:
    """Return one page of what is owed and not done, the earliest due day first."""
    kept = (
        select(func.count())
        .select_from(evidence)
        .where(evidence.c.report_id == report.c.id, evidence.c.removed_at.is_(None))
        .scalar_subquery()
    )
    statement: Select[Any] = (
        select(
            *_UNIT,
            reporting_period.c.id.label("period_id"),
            reporting_period.c.code.label("period"),
            reporting_period.c.status.label("period_status"),
            reporting_period.c.due_on,
            reporting_period.c.due_provisional,
            reopened_until(expected_report.c.organisation_id),
            indicator.c.code.label("indicator_code"),
            indicator.c.name_vi,
            indicator.c.name_en,
            form.c.code.label("form_code"),
            report.c.id.label("report_id"),
            report.c.status,
            evidence_needed().label("evidence_needed"),
            kept.label("evidence"),
        )
        .select_from(
            _owed().outerjoin(form_version, FORM_OF_PERIOD).outerjoin(form, form.c.id == form_version.c.form_id)
        )
        .where(sees(actor), or_(report.c.status.is_(None), report.c.status.in_(("draft", "returned"))))
    )
    if organisation_id is not None:
        statement = statement.where(expected_report.c.organisation_id == organisation_id)
    if form_code is not None:
        statement = statement.where(form.c.code == form_code)
    columns = [reporting_period.c.due_on, reporting_period.c.id, expected_report.c.organisation_id]
    rows: Sequence[Row[Any]] = (await session.execute(window.select(statement, columns))).all()
    return rows
