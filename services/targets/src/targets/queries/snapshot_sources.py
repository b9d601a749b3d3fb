"""Reads everything a snapshot copies: a few statements for all indicators, periods and organisations together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from servicekit.identity import Actor
from servicekit.tables import reference
from targets.domain.disputes import OpenDisputes
from targets.domain.periods import Period
from targets.domain.suppression import SmallCellRule
from targets.queries.disputes import open_disputes
from targets.queries.scope import ORGANISATION, board_role
from targets.tables import (
    expected_report,
    indicator,
    report,
    reporting_period,
    resolution,
    roll_up,
    small_cell_rule,
)


@dataclass(frozen=True, slots=True)
class Sources:
    """The rows a snapshot is made of."""

    indicators: Sequence[Row[Any]]
    periods: Sequence[Row[Any]]
    figures: Sequence[Row[Any]]
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
    periods = [span.code for span in spans]
    order = (indicator.c.section, indicator.c.position, indicator.c.code)
    found = select(indicator).where(indicator.c.resolution_id == resolution_id).order_by(*order)
    indicators = (await session.execute(found)).all()
    ids = [row.id for row in indicators]
    opened = and_(reporting_period.c.indicator_id.in_(ids), reporting_period.c.code.in_(periods))
    period_rows = (await session.execute(select(reporting_period).where(opened))).all()
    await session.execute(_HOLD, {"periods": [row.id for row in period_rows]})
    figures = (
        await session.execute(
            select(roll_up)
            .where(roll_up.c.indicator_id.in_(ids), roll_up.c.period.in_(periods))
            .order_by(roll_up.c.indicator_id, roll_up.c.period, roll_up.c.organisation_id.nulls_first())
        )
    ).all()
    reports = await _reports(session, [row.id for row in period_rows])
    named = {row.organisation_id for row in (*figures, *reports) if row.organisation_id is not None}
    return Sources(
        indicators=indicators,
        periods=period_rows,
        figures=figures,
        reports=reports,
        organisations=await _organisations(session, named),
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
