"""Reads everything a snapshot copies: a few statements for all indicators, periods and organisations together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, and_, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from servicekit.identity import Actor
from servicekit.tables import reference
from targets.domain.dashboards import SECTIONS
from targets.domain.disputes import OpenDisputes
from targets.domain.periods import Period
from targets.domain.suppression import SmallCellRule
from targets.domain.time_aggregation import Held
from targets.queries.disputes import open_disputes
from targets.queries.judging import find_known
from targets.queries.scope import ORGANISATION, board_role
from targets.tables import (
    expected_report,
    indicator,
    report,
    reporting_period,
    resolution,
    small_cell_rule,
)


@dataclass(frozen=True, slots=True)
class Sources:
    """The rows a snapshot is made of."""

    indicators: Sequence[Row[Any]]
    periods: Sequence[Row[Any]]
    """Those opened for reports, and shorter ones in them."""
    known: Mapping[tuple[UUID, UUID | None], Mapping[str, Held]]
    """By indicator and place (None: the whole), and by period code."""
    allocated: Mapping[tuple[UUID, UUID], Decimal]
    """What was handed down, by target version and organisation."""
    reports: Sequence[Row[Any]]
    """Who owes a report, with id and version of the approved one, if any."""
    organisations: Sequence[Row[Any]]
    disputes: OpenDisputes


async def find_resolution(session: AsyncSession, number: str, actor: Actor) -> Row[Any] | None:
    """Return a resolution by its number, with whether the actor may make snapshots of it."""
    statement = select(resolution, board_role(actor, "monitoring_officer").label("at_board"))
    return (await session.execute(statement.where(resolution.c.number == number))).one_or_none()


async def find_rule(session: AsyncSession, today: date) -> SmallCellRule:
    """Return the rule on small counts, in the newest version that is valid today."""
    valid = select(small_cell_rule).where(small_cell_rule.c.valid_from <= today)
    statement = valid.order_by(small_cell_rule.c.version.desc()).limit(1)
    row = (await session.execute(statement)).one()
    return SmallCellRule(row.threshold, row.zero_shown, row.source_vi, row.source_en, row.confirmed)


# An approval sums its period anew under this lock; while a snapshot is made no sum may move against its reports.
_HOLD = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('roll_up:' || id, 0))"
    " FROM (SELECT id FROM unnest(:periods) AS period(id) ORDER BY id) held"
).bindparams(bindparam("periods", type_=ARRAY(Uuid())))


async def read_sources(session: AsyncSession, resolution_id: UUID, spans: Sequence[Period]) -> Sources:
    """Return the rows of all indicators of a resolution in these periods, as they stand at one moment."""
    section = func.array_position(list(SECTIONS), indicator.c.section, type_=Integer)
    order = (section, indicator.c.position, indicator.c.code)
    found = select(indicator).where(indicator.c.resolution_id == resolution_id).order_by(*order)
    indicators = (await session.execute(found)).all()
    ids = [row.id for row in indicators]
    inside = (
        and_(reporting_period.c.first_day >= span.first_day, reporting_period.c.last_day <= span.last_day)
        for span in spans
    )
    named = reporting_period.c.code.in_([span.code for span in spans])
    opened = and_(reporting_period.c.indicator_id.in_(ids), or_(named, *inside))
    period_rows = (await session.execute(select(reporting_period).where(opened))).all()
    await session.execute(_HOLD, {"periods": [row.id for row in period_rows]})
    known = await find_known(session, ids, spans, None)
    reports = await _reports(session, [row.id for row in period_rows])
    places = {place for _, place in known if place is not None} | {row.organisation_id for row in reports}
    return Sources(
        indicators=indicators,
        periods=period_rows,
        known=known,
        allocated=await _allocated(session, ids),
        reports=reports,
        organisations=await _organisations(session, places),
        disputes=await open_disputes(
            session,
            indicator_ids=ids,
            first_day=min(span.first_day for span in spans),
            last_day=max(span.last_day for span in spans),
        ),
    )


async def _reports(session: AsyncSession, periods: Sequence[UUID]) -> Sequence[Row[Any]]:
    approved = and_(
        report.c.period_id == expected_report.c.period_id,
        report.c.organisation_id == expected_report.c.organisation_id,
        report.c.status == "approved",
    )
    statement: Select[Any] = (
        select(expected_report.c.period_id, expected_report.c.organisation_id, report.c.id, report.c.version)
        .select_from(expected_report.outerjoin(report, approved))
        .where(expected_report.c.period_id.in_(periods))
        .order_by(expected_report.c.period_id, expected_report.c.organisation_id)
    )
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows


_ALLOCATED = text(
    """
    SELECT t.target_version_id, t.organisation_id, t.value
      FROM allocated_target t
      JOIN (SELECT target_version_id, max(version) AS version FROM allocation GROUP BY target_version_id) newest
     USING (target_version_id, version)
      JOIN target_version v ON v.id = t.target_version_id
     WHERE v.indicator_id = ANY (:indicators)
    """
)


async def _allocated(session: AsyncSession, indicator_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], Decimal]:
    rows = await session.execute(_ALLOCATED, {"indicators": list(indicator_ids)})
    return {(row.target_version_id, row.organisation_id): row.value for row in rows.all()}


async def _organisations(session: AsyncSession, named: Iterable[UUID]) -> Sequence[Row[Any]]:
    data = reference.c.data
    statement: Select[Any] = select(
        reference.c.id,
        reference.c.path,
        data["name"].astext.label("name"),
        data["level"].astext.label("level"),
        data["unit_code"].astext.label("unit_code"),
    ).where(reference.c.kind == ORGANISATION, reference.c.id.in_(sorted(named)))
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows
