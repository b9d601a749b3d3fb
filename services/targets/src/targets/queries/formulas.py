"""Reads of formulas, their versions, and the figures they are computed from."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from servicekit.errors import NotFound
from servicekit.pages import Window
from targets.domain.figures import Figures
from targets.domain.judging import Coverage
from targets.domain.periods import MONTHS, SHORTEST_FIRST, Period, PeriodKind, parse_period
from targets.domain.recalculation import FormulaIndicator, Formulas, FormulaVersion, Pair, Source
from targets.domain.time_aggregation import Held
from targets.tables import formula_version, indicator, reporting_period

# What came with the resolution and was never changed is version 1, and applies to every period.
_FORMULAS = (
    select(
        indicator.c.id,
        indicator.c.code,
        indicator.c.kind,
        indicator.c.period_kind,
        indicator.c.formula,
        formula_version.c.number,
        formula_version.c.numerator,
        formula_version.c.denominator,
        formula_version.c.applies_from,
    )
    .select_from(indicator.outerjoin(formula_version, formula_version.c.indicator_id == indicator.c.id))
    .where(indicator.c.source == "formula", indicator.c.formula.isnot(None))
    .order_by(indicator.c.code, formula_version.c.number)
)
_VERSION = ("number", "numerator", "denominator", "applies_from", "decision", "decided_on", "set_at")
# The whole has a row of every period any organisation has.
_PERIODS = text(
    """
    SELECT i.code, f.period FROM roll_up f JOIN indicator i ON i.id = f.indicator_id
     WHERE i.code = ANY (:codes) AND f.organisation_id IS NULL AND f.period_kind = ANY (:kinds)
     ORDER BY i.code, f.period
    """
)
_HELD = text(
    """
    SELECT i.code, i.kind, i.source, i.time_aggregation, f.organisation_id, f.period, f.numerator, f.denominator,
           f.breakdown, f.methods, f.counted, f.expected, f.population_counted, f.population_expected, f.told,
           f.computed_at
      FROM roll_up f JOIN indicator i ON i.id = f.indicator_id
     WHERE i.code = ANY (:codes) AND f.last_day BETWEEN :first_day AND :last_day
       AND (CAST(:organisations AS uuid[]) IS NULL OR f.organisation_id IS NULL
            OR f.organisation_id IN (SELECT unnest(o.path) FROM reference o
                                      WHERE o.kind = 'organisation' AND o.id = ANY (:organisations)))
    """
).bindparams(bindparam("organisations", type_=ARRAY(Uuid())))


async def load_formulas(session: AsyncSession) -> dict[str, FormulaIndicator]:
    """Return every indicator that has a formula, with all its versions (one statement)."""
    found: dict[str, list[Any]] = {}
    for row in (await session.execute(_FORMULAS)).all():
        found.setdefault(row.code, []).append(row)
    return {
        code: FormulaIndicator(
            id=rows[0].id,
            code=code,
            kind=rows[0].kind,
            period_kind=PeriodKind(rows[0].period_kind),
            versions=tuple(_version(row) for row in rows),
        )
        for code, rows in found.items()
    }


def _version(row: Row[Any]) -> FormulaVersion:
    if row.number is None:
        return FormulaVersion(1, row.formula["numerator"], row.formula.get("denominator"), date.min)
    return FormulaVersion(row.number, row.numerator, row.denominator, row.applies_from)


async def pairs_of(session: AsyncSession, periods: Sequence[UUID]) -> list[Pair]:
    """Return the indicators and periods of these reporting periods, as far as formulas use them (one statement)."""
    statement = (
        select(indicator.c.code, reporting_period.c.code.label("period"))
        .join(reporting_period, reporting_period.c.indicator_id == indicator.c.id)
        .where(reporting_period.c.id.in_(periods), reporting_period.c.kind.in_(MONTHS))
    )
    return [(row.code, parse_period(row.period)) for row in (await session.execute(statement)).all()]


async def load_sources(
    session: AsyncSession, codes: Iterable[str], spans: Sequence[Period], organisations: Sequence[UUID] | None
) -> dict[str, Source]:
    """Return what roll_up holds of these indicators within the spans, on the way up from these organisations.

    None means everywhere (one statement).
    """
    rows = await session.execute(
        _HELD,
        {
            "codes": sorted(codes),
            "first_day": min(span.first_day for span in spans),
            "last_day": max(span.last_day for span in spans),
            "organisations": None if organisations is None else list(organisations),
        },
    )
    sources: dict[str, Source] = {}
    for row in rows.all():
        source = sources.setdefault(row.code, Source(row.kind, row.time_aggregation, {}, row.source == "formula"))
        source.held.setdefault(row.organisation_id, {})[row.period] = held(row)
    return sources


def held(row: Row[Any]) -> Held:
    """Return what a row of roll_up says; nobody counted is no figure, unless things count before they are settled."""
    figures = None
    if row.numerator is not None and (row.counted or row.denominator):
        breakdown = {name: Decimal(value) for name, value in sorted(row.breakdown.items())}
        figures = Figures(row.numerator, row.denominator, breakdown)
    return Held(
        figures=figures,
        coverage=Coverage(row.counted, row.expected),
        population=(row.population_counted, row.population_expected),
        methods=tuple(row.methods),
        told=row.told,
        computed_at=row.computed_at,
    )


async def list_versions(session: AsyncSession, indicator_id: UUID, window: Window) -> Sequence[Row[Any]]:
    """Return one page of an indicator's formulas, oldest first."""
    statement = select(formula_version).where(formula_version.c.indicator_id == indicator_id)
    return (await session.execute(window.select(statement, [formula_version.c.number]))).all()


async def find_formula(session: AsyncSession, code: str) -> Row[Any]:
    """Return an indicator with its newest formula version, if any (one statement). Raises NotFound."""
    newest = (
        select(formula_version)
        .where(formula_version.c.indicator_id == indicator.c.id)
        .order_by(formula_version.c.number.desc())
        .limit(1)
        .lateral("newest")
    )
    statement = (
        select(
            indicator.c.id,
            indicator.c.code,
            indicator.c.kind,
            indicator.c.source,
            indicator.c.period_kind,
            indicator.c.formula,
            indicator.c.instrument,
            indicator.c.issued_on,
            *(newest.c[name] for name in _VERSION),
        )
        .select_from(indicator.outerjoin(newest, true()))
        .where(indicator.c.code == code)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def shortest_kinds(session: AsyncSession) -> dict[str, PeriodKind]:
    """Return every indicator with the shortest kind of period it has figures of (one statement).

    From single days and terms nothing is computed, so they count only where there is nothing else.
    """
    statement = select(indicator.c.code, indicator.c.period_kind, indicator.c.reporting_kinds)
    found = {}
    for row in (await session.execute(statement)).all():
        kinds = set(map(PeriodKind, (row.period_kind, *row.reporting_kinds)))
        found[row.code] = min(kinds & MONTHS.keys() or kinds, key=SHORTEST_FIRST.index)
    return found


async def every_pair(session: AsyncSession, formulas: Formulas) -> list[Pair]:
    """Return every period of every indicator that a formula uses and that is not computed itself (one statement)."""
    used = {code for found in formulas.values() for version in found.versions for code in version.formula.codes}
    rows = await session.execute(_PERIODS, {"codes": sorted(used - formulas.keys()), "kinds": list(MONTHS)})
    return [(row.code, parse_period(row.period)) for row in rows.all()]
