"""Reads of the place a new report would stand at, and of what is not known about it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.identity import Actor
from targets.domain.reports import Surroundings
from targets.domain.validity import Span
from targets.queries.report_targets import valid_target
from targets.queries.reports import around_of, surroundings
from targets.queries.scope import ORGANISATION, organisation, sees
from targets.queries.signing import FORM_OF_PERIOD, evidence_needed
from targets.tables import expected_report, form_version, indicator, report, reporting_period, target_version


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a new report would stand: its surroundings, and what speaks against it."""

    around: Surroundings
    organisation: Span
    expected: bool
    exists: bool
    evidence_needed: bool


async def find_entry(
    session: AsyncSession, indicator_code: str, period: str, organisation_id: UUID, actor: Actor
) -> Entry | None:
    """Return the place of a new report, with its period held open; None when a part of it is not known.

    Raises NotFound when the organisation is outside what the actor may see.
    """
    source = (
        reporting_period.join(indicator, indicator.c.id == reporting_period.c.indicator_id)
        .join(
            organisation,
            and_(organisation.c.kind == ORGANISATION, organisation.c.id == organisation_id),
        )
        .outerjoin(target_version, valid_target())
        .outerjoin(form_version, FORM_OF_PERIOD)
    )
    here = (
        expected_report.c.period_id == reporting_period.c.id,
        expected_report.c.organisation_id == organisation_id,
    )
    there = (report.c.period_id == reporting_period.c.id, report.c.organisation_id == organisation_id)
    statement: Select[Any] = (
        select(
            *surroundings(actor),
            sees(actor).label("seen"),
            organisation.c.data.label("organisation"),
            exists().where(*here).label("expected"),
            exists().where(*there).label("already"),
            evidence_needed().label("evidence_needed"),
        )
        .select_from(source)
        .where(indicator.c.code == indicator_code, reporting_period.c.code == period)
        .with_for_update(read=True, of=reporting_period)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    if not row.seen:
        raise NotFound
    return Entry(
        around=around_of(row, organisation_id, actor),
        organisation=Span.of(row.organisation),
        expected=row.expected,
        exists=row.already,
        evidence_needed=row.evidence_needed,
    )


@dataclass(frozen=True, slots=True)
class MissingParts:
    """Which part of an entry is not known; asked only after `find_entry` found nothing."""

    indicator: bool
    computed: bool
    organisation: bool


async def find_missing(session: AsyncSession, indicator_code: str, organisation_id: UUID) -> MissingParts:
    """Say which part is not known."""
    of_code = indicator.c.code == indicator_code
    row = (
        await session.execute(
            select(
                exists().where(of_code).label("indicator"),
                exists().where(of_code, indicator.c.source != literal("reports")).label("computed"),
                exists()
                .where(organisation.c.kind == ORGANISATION, organisation.c.id == organisation_id)
                .label("organisation"),
            )
        )
    ).one()
    return MissingParts(not row.indicator, row.computed, not row.organisation)
