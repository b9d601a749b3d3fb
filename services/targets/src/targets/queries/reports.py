"""Reads of reports with everything a rule needs, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Row,
    Select,
    Uuid,
    and_,
    any_,
    column,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import FromClause

from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.domain.figures import Figures
from targets.domain.periods import PeriodKind
from targets.domain.reports import IndicatorFacts, PeriodFacts, ReportFacts, Surroundings
from targets.queries.report_targets import asked_of, target_columns, valid_target
from targets.queries.scope import ORGANISATION, boards_of, organisation, roles_towards, sees
from targets.queries.signing import FORM_OF_PERIOD, read_signing, reopened_until, signing_columns
from targets.tables import (
    expected_report,
    form_version,
    indicator,
    report,
    report_change,
    reporting_period,
    target_version,
)


def surroundings(actor: Actor) -> list[ColumnElement[Any]]:
    """Return the columns `around_of` needs, for a query that joins period, indicator, organisation and target."""
    return [
        indicator.c.id.label("indicator_id"),
        indicator.c.code.label("indicator_code"),
        indicator.c.name_vi,
        indicator.c.name_en,
        indicator.c.kind.label("indicator_kind"),
        indicator.c.unit,
        indicator.c.whole_numbers,
        indicator.c.categories,
        reporting_period.c.id.label("period_id"),
        reporting_period.c.code.label("period_code"),
        reporting_period.c.kind.label("period_kind"),
        reporting_period.c.status.label("period_status"),
        reporting_period.c.first_day,
        reporting_period.c.last_day,
        reporting_period.c.due_on,
        reporting_period.c.due_provisional,
        reporting_period.c.rule_key,
        reporting_period.c.rule_version,
        *target_columns(),
        organisation.c.data["name"].astext.label("organisation_name"),
        organisation.c.path.label("organisation_path"),
        boards_of(actor).label("boards"),
        reopened_until(),
    ]


def around_of(row: Row[Any], organisation_id: UUID, actor: Actor) -> Surroundings:
    """Return the surroundings of a report, also of one that is not there yet."""
    return Surroundings(
        indicator=IndicatorFacts(
            id=row.indicator_id,
            code=row.indicator_code,
            name_vi=row.name_vi,
            name_en=row.name_en,
            kind=row.indicator_kind,
            unit=row.unit,
            whole_numbers=row.whole_numbers,
            categories=tuple(row.categories),
        ),
        period=PeriodFacts(
            id=row.period_id,
            code=row.period_code,
            kind=PeriodKind(row.period_kind),
            status=row.period_status,
            first_day=row.first_day,
            last_day=row.last_day,
            due_on=row.due_on,
            due_provisional=row.due_provisional,
            rule_key=row.rule_key,
            rule_version=row.rule_version,
        ),
        asked=asked_of(row),
        persons=row.persons,
        organisation_id=organisation_id,
        organisation_name=row.organisation_name,
        roles=roles_towards(actor, row.organisation_path, row.boards),
        reopened_until=row.reopened_until,
    )


# All there are, once in a statement: thousands of reports are listed, and few values are disputed.
_MARKED = (
    select(
        func.open_disputes(null(), null(), null(), null()).table_valued(
            column("indicator_id", Uuid),
            column("first_day", Date),
            column("last_day", Date),
            column("organisation_id", Uuid),
            column("path", ARRAY(Uuid)),
        )
    )
    .cte("marked")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)


def disputed_column(owner: ColumnElement[Any] = report.c.organisation_id) -> ColumnElement[Any]:
    """Return how many values of an owner of reports stand in a period whose reasons are still owed."""
    return (
        select(func.count())
        .select_from(_MARKED)
        .where(
            _MARKED.c.indicator_id == indicator.c.id,
            _MARKED.c.first_day >= reporting_period.c.first_day,
            _MARKED.c.last_day <= reporting_period.c.last_day,
            or_(_MARKED.c.organisation_id == owner, owner == any_(_MARKED.c.path)),
        )
        .correlate(indicator, reporting_period, report, expected_report)
        .scalar_subquery()
        .label("disputed")
    )


def reports_of(actor: Actor) -> Select[Any]:
    """Return the statement for the reports an actor may see, as `facts_of` reads them."""
    source: FromClause = (
        report.join(reporting_period, reporting_period.c.id == report.c.period_id)
        .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
        .join(
            organisation,
            and_(organisation.c.kind == ORGANISATION, organisation.c.id == report.c.organisation_id),
        )
        .outerjoin(target_version, valid_target())
        .outerjoin(form_version, FORM_OF_PERIOD)
    )
    own = [column for column in report.c if column.name != "period_id"]
    return (
        select(*own, disputed_column(), *surroundings(actor), *signing_columns(actor))
        .select_from(source)
        .where(sees(actor))
    )


def facts_of(row: Row[Any], actor: Actor) -> ReportFacts:
    """Return a report with what stands around it."""
    return ReportFacts(
        id=row.id,
        status=row.status,
        version=row.version,
        told=row.told,
        figures=Figures(
            row.numerator,
            row.denominator,
            {name: Decimal(value) for name, value in row.breakdown.items()},
        ),
        counting_method=row.counting_method,
        denominator_source=row.denominator_source,
        note=row.note,
        return_reason=row.return_reason,
        entered_by=row.entered_by,
        submitted_by=row.submitted_by,
        submitted_on=row.submitted_on,
        held_to=row.held_to,
        verified_by=row.verified_by,
        approved_by=row.approved_by,
        approved_on=row.approved_on,
        created_at=row.created_at,
        changed_at=row.changed_at,
        around=around_of(row, row.organisation_id, actor),
        round=row.round,
        signing=read_signing(row, actor),
        evidence_missing=row.evidence_needed and row.evidence == 0,
        disputed=row.disputed,
        warnings=tuple(row.warnings),
    )


async def find_report(session: AsyncSession, report_id: UUID, actor: Actor, *, to_change: bool = False) -> ReportFacts:
    """Return a report the actor may see; `to_change` holds its period so that nobody closes it meanwhile.

    Raises NotFound, also for a report that is not visible to the actor.
    """
    statement = reports_of(actor).where(report.c.id == report_id)
    if to_change:
        statement = statement.with_for_update(read=True, of=reporting_period)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return facts_of(row, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """What a list of reports may be narrowed by."""

    indicator_code: str | None = None
    period: str | None = None
    status: str | None = None
    organisation_id: UUID | None = None


async def list_reports(session: AsyncSession, window: Window, wanted: ReportFilter, actor: Actor) -> list[ReportFacts]:
    """Return one page (and one more) of the reports the actor may see, in the order they were entered."""
    statement = reports_of(actor)
    for narrowed, value in (
        (indicator.c.code, wanted.indicator_code),
        (reporting_period.c.code, wanted.period),
        (report.c.status, wanted.status),
        (report.c.organisation_id, wanted.organisation_id),
    ):
        if value is not None:
            statement = statement.where(narrowed == value)
    rows = (await session.execute(window.select(statement, [report.c.id]))).all()
    return [facts_of(row, actor) for row in rows]


async def list_changes(session: AsyncSession, report_id: UUID, window: Window) -> Sequence[Row[Any]]:
    """Return one page of a report's history, oldest first."""
    statement = select(report_change).where(report_change.c.report_id == report_id)
    return (await session.execute(window.select(statement, [report_change.c.version]))).all()
