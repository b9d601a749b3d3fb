"""Reads of a unit's sheet: every indicator of a form and period it owes, with what is there and what was before."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.identity import Actor
from targets.domain.forms import Form
from targets.domain.periods import Period, code_before
from targets.domain.report_steps import SUBMITTED, VERIFIED
from targets.domain.reports import ReportFacts, Surroundings
from targets.queries.report_targets import valid_target
from targets.queries.reports import around_of, disputed_column, facts_of, reports_of, surroundings
from targets.queries.scope import ORGANISATION, boards_of, organisation, roles_towards, sees
from targets.queries.signing import FORM_OF_PERIOD, signing_columns
from targets.tables import expected_report, form_version, indicator, report, reporting_period, target_version

_before = reporting_period.alias("before")
_earlier = report.alias("earlier_report")


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One indicator of a sheet; `report` None while nothing was entered."""

    around: Surroundings
    report: ReportFacts | None
    numerator_vi: str
    numerator_en: str
    denominator_vi: str | None
    denominator_en: str | None
    evidence_needed: bool
    evidence: int
    previous_status: str | None
    previous_numerator: Decimal | None
    previous_denominator: Decimal | None


def _lines(form: Form, period: Period, actor: Actor) -> Select[Any]:
    own = [column for column in report.c if column.name not in ("period_id", "organisation_id")]
    source = (
        expected_report.join(reporting_period, reporting_period.c.id == expected_report.c.period_id)
        .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
        .join(
            organisation,
            and_(organisation.c.kind == ORGANISATION, organisation.c.id == expected_report.c.organisation_id),
        )
        .outerjoin(target_version, valid_target())
        .outerjoin(form_version, FORM_OF_PERIOD)
        .outerjoin(
            report,
            and_(
                report.c.period_id == reporting_period.c.id,
                report.c.organisation_id == expected_report.c.organisation_id,
            ),
        )
        .outerjoin(
            _before,
            and_(
                _before.c.indicator_id == indicator.c.id,
                _before.c.code == code_before(period),
            ),
        )
        .outerjoin(
            _earlier,
            and_(
                _earlier.c.period_id == _before.c.id,
                _earlier.c.organisation_id == expected_report.c.organisation_id,
            ),
        )
    )
    return (
        select(
            *own,
            disputed_column(expected_report.c.organisation_id),
            expected_report.c.organisation_id,
            *surroundings(actor),
            *signing_columns(actor),
            indicator.c.numerator_vi,
            indicator.c.numerator_en,
            indicator.c.denominator_vi,
            indicator.c.denominator_en,
            _earlier.c.status.label("previous_status"),
            _earlier.c.numerator.label("previous_numerator"),
            _earlier.c.denominator.label("previous_denominator"),
        )
        .select_from(source)
        .where(reporting_period.c.form_id == form.id, reporting_period.c.code == period.code, sees(actor))
        .order_by(indicator.c.position, indicator.c.code)
    )


def _line(row: Row[Any], actor: Actor) -> SheetLine:
    found = None if row.id is None else facts_of(row, actor)
    return SheetLine(
        around=found.around if found else around_of(row, row.organisation_id, actor),
        report=found,
        numerator_vi=row.numerator_vi,
        numerator_en=row.numerator_en,
        denominator_vi=row.denominator_vi,
        denominator_en=row.denominator_en,
        evidence_needed=row.evidence_needed,
        evidence=row.evidence,
        previous_status=row.previous_status,
        previous_numerator=row.previous_numerator,
        previous_denominator=row.previous_denominator,
    )


async def find_sheet(
    session: AsyncSession, form: Form, period: Period, organisation_id: UUID, actor: Actor
) -> list[SheetLine]:
    """Return the sheet of one unit (one statement). Raises NotFound, also for one the actor may not see."""
    statement = _lines(form, period, actor).where(expected_report.c.organisation_id == organisation_id)
    rows = (await session.execute(statement)).all()
    if not rows:
        raise NotFound
    return [_line(row, actor) for row in rows]


def sheet_version(lines: Sequence[SheetLine]) -> int:
    """Return what the ETag of a sheet says: any change of any of its reports makes it larger."""
    return sum(line.report.version for line in lines if line.report is not None)


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:place, 0))")


async def hold_sheet(session: AsyncSession, form: Form, period: Period, organisation_id: UUID) -> None:
    """Let nobody else fill, sign or close this sheet until the end of the transaction."""
    await session.execute(_ALONE, {"place": f"sheet:{form.id}:{period.code}:{organisation_id}"})
    await session.execute(
        select(reporting_period.c.id)
        .where(reporting_period.c.form_id == form.id, reporting_period.c.code == period.code)
        .order_by(reporting_period.c.id)
        .with_for_update(read=True)
    )
    await session.execute(
        select(report.c.id)
        .join(reporting_period, reporting_period.c.id == report.c.period_id)
        .where(
            reporting_period.c.form_id == form.id,
            reporting_period.c.code == period.code,
            report.c.organisation_id == organisation_id,
        )
        .order_by(report.c.id)
        .with_for_update(of=report)
    )


def of_form_period(form: Form, period: Period) -> ColumnElement[bool]:
    """Return the condition that a report belongs to a form and period."""
    return and_(reporting_period.c.form_id == form.id, reporting_period.c.code == period.code)


def below(organisation_id: UUID) -> ColumnElement[bool]:
    """Return the condition that the joined organisation is this one or stands below it."""
    return organisation.c.path.contains([organisation_id])


async def roles_at(session: AsyncSession, organisation_id: UUID, actor: Actor) -> frozenset[str]:
    """Return the roles the actor holds towards an organisation. Raises NotFound unless the actor may see it."""
    statement = select(organisation.c.path, boards_of(actor).label("boards")).where(
        organisation.c.kind == ORGANISATION, organisation.c.id == organisation_id, sees(actor)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return roles_towards(actor, row.path, row.boards)


async def find_reports_to_change(session: AsyncSession, wanted: ColumnElement[bool], actor: Actor) -> list[ReportFacts]:
    """Return the reports a condition names, as far as the actor may see them, locked in one order until the end.

    Their periods are to be held open before; rows stand in the order of their ids.
    """
    statement = reports_of(actor).where(wanted).order_by(report.c.id).with_for_update(of=report)
    return [facts_of(row, actor) for row in (await session.execute(statement)).all()]


async def list_waiting(
    session: AsyncSession, form: Form, period: Period, organisation_id: UUID, act: str, actor: Actor
) -> list[ReportFacts]:
    """Return the reports at or below an organisation that are in the state in which this act is taken."""
    statement = reports_of(actor).where(
        of_form_period(form, period),
        below(organisation_id),
        report.c.status == (SUBMITTED if act == "verify" else VERIFIED),
    )
    return [facts_of(row, actor) for row in (await session.execute(statement.order_by(report.c.id))).all()]
