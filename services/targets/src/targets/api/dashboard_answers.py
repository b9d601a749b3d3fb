"""What a dashboard says: every indicator of a resolution on one page, and one indicator over all units.

The page of a whole resolution is written line by line from plain values: a model for each of hundreds of lines would
cost more than reading them. `DashboardAnswer` describes it, and a test holds the page to it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Row

from servicekit.text import Answer, Exact, Instant, LegalDate, Uuid
from targets.api.shared_answers import (
    Comparator,
    DisputeMark,
    JudgementFields,
    JudgementStatus,
    judgement_fields,
    mark,
)
from targets.domain.dashboards import Line, summaries
from targets.domain.disputes import OpenDisputes
from targets.domain.figures import Figures, is_ratio, plain, rate
from targets.domain.judging import PERIOD_ENDED, Coverage, Judgement, Target, judge
from targets.domain.periods import Period, parse_period
from targets.domain.wording import COMPARATORS

LINES_KEPT: Final = 4096
"""About 25 pages of a large resolution, some 8 MB."""
Order = Literal["best", "worst"]


class PreviousAnswer(Answer):
    """The figures of the period with figures before the one shown, for the trend."""

    period: str
    numerator: Exact
    denominator: Exact | None
    rate: Exact | None


class DashboardTarget(Answer):
    """The target version valid on the last day of the period shown."""

    number: int
    comparator: Comparator
    comparator_vi: str
    comparator_en: str
    value: Exact | None
    valid_from: LegalDate
    valid_to: LegalDate | None
    minimum_coverage: Exact | None


class DashboardLine(JudgementFields, DisputeMark):
    """One indicator: its figures, how many stand behind them, its target then, and what that says."""

    code: str
    name_vi: str
    name_en: str
    section: str
    clause: str
    kind: str
    unit: str
    direction: str
    source: str
    period: str | None
    """The period shown; null when there is none that answers for the one asked for."""
    numerator: Exact | None
    denominator: Exact | None
    rate: Exact | None
    breakdown: dict[str, str]
    counted: int
    expected: int
    population_counted: Exact | None
    population_expected: Exact | None
    counting_methods: list[str]
    computed_at: Instant | None
    target: DashboardTarget | None
    previous: PreviousAnswer | None
    ended: bool
    """The target's own date passed before the period shown."""


class SectionAnswer(Answer):
    """How the indicators of one part of the resolution stand."""

    section: str
    indicators: int
    by_status: dict[JudgementStatus, int]
    disputed: int


class DashboardAnswer(Answer):
    """A whole resolution on one page, for the city or for one organisation with what lies below it."""

    resolution: str
    title: str
    period: str
    organisation_id: Uuid | None
    organisation_name: str | None
    organisation_ended_on: LegalDate | None
    sections: list[SectionAnswer]
    indicators: list[DashboardLine]


class RankedUnitAnswer(JudgementFields, DisputeMark):
    """One unit's figures; `rank` null while it has none."""

    rank: int | None
    organisation_id: Uuid
    organisation_name: str
    unit_code: str | None
    organisation_ended_on: LegalDate | None
    numerator: Exact | None
    denominator: Exact | None
    rate: Exact | None


def dashboard(
    rows: Sequence[Mapping[str, Any]],
    targets: Mapping[UUID, Sequence[Mapping[str, Any]]],
    disputes: OpenDisputes,
    *,
    asked: Period,
    organisation_id: UUID | None,
    today: date,
) -> bytes:
    """Return the page as JSON, as `DashboardAnswer` describes it."""
    first = rows[0]
    names = tuple(first.keys())
    codes = {row["period"] for row in rows} - {None, asked.code}  # a term answers for itself alone
    periods = {asked.code: asked, **{code: parse_period(code) for code in codes}}
    written, lines = [], []
    for row in rows:
        period = periods.get(row["period"], asked)
        versions = tuple(tuple(one.items()) for one in targets.get(row["id"], ()))
        disputed = disputes.within(row["id"], period.first_day, period.last_day, organisation_id)
        text, status = _written(names, tuple(row.values()), versions, period, disputed, today)
        written.append(text)
        lines.append(Line(row["section"], status, disputed > 0))
    head = {
        "resolution": first["number"],
        "title": first["title"],
        "period": asked.code,
        "organisation_id": organisation_id,
        "organisation_name": first["place_name"],
        "organisation_ended_on": first["place_valid_to"],
        "sections": [asdict(one) for one in summaries(lines)],
    }
    return b'%b,"indicators":[%b]}' % (to_json(head)[:-1], b",".join(written))


# A page is opened far more often than a figure on it changes. The key is everything a line is made of, so a line that
# is kept can never be another one than would be made.
@lru_cache(maxsize=LINES_KEPT)
def _written(
    names: tuple[str, ...],
    values: tuple[Any, ...],
    versions: tuple[tuple[tuple[str, Any], ...], ...],
    period: Period,
    disputed: int,
    today: date,
) -> tuple[bytes, str]:
    line = _line(dict(zip(names, values, strict=True)), [dict(one) for one in versions], period, disputed, today)
    return to_json(line), str(line["status"])


def _line(
    row: Mapping[str, Any], versions: Sequence[Mapping[str, Any]], period: Period, disputed: int, today: date
) -> dict[str, Any]:
    target = _on(versions, period.last_day)
    figures = _figures(row) if row["counted"] else None
    methods = row["methods"].split() if row["methods"] else []
    coverage = Coverage(row["counted"] or 0, row["expected"] or 0)
    judgement = judge(
        figures,
        None if target is None else _as_target(target),
        ratio=is_ratio(row["kind"]),
        coverage=coverage,
        last_day=period.last_day,
        today=today,
        ended_before=any(one["valid_to"] is not None and one["valid_to"] < period.first_day for one in versions),
        counting_methods=len(methods),
    )
    return {
        **judgement_fields(judgement),
        **{name: row[name] for name in _SAID},
        "period": row["period"],
        **shown_figures(figures),
        "breakdown": json.loads(row["breakdown"] or "{}"),
        "counted": coverage.counted,
        "expected": coverage.expected,
        "population_counted": _shown(row["population_counted"]),
        "population_expected": _shown(row["population_expected"]),
        "counting_methods": methods,
        "computed_at": row["computed_at"],
        "target": None if target is None else _target(target),
        "previous": _previous(row),
        "ended": judgement.status == PERIOD_ENDED,
        **mark(disputed),
    }


_SAID = ("code", "name_vi", "name_en", "section", "clause", "kind", "unit", "direction", "source")


def ranked_unit(row: Row[Any], judgement: Judgement, disputed: int) -> RankedUnitAnswer:
    """Show one line of the ranking."""
    return RankedUnitAnswer(
        **judgement_fields(judgement),
        **mark(disputed),
        **shown_figures(figures_of(row._asdict())),
        rank=None if row.missing else row.rank,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        unit_code=row.unit_code,
        organisation_ended_on=row.valid_to,
    )


def figures_of(row: Mapping[str, Any]) -> Figures | None:
    """Return the figures of a row of `roll_up`; None when nobody stands behind them, which is not zero."""
    return Figures(row["numerator"], row["denominator"]) if row["counted"] else None


def shown_figures(figures: Figures | None) -> dict[str, Any]:
    """Return numerator, denominator and rate as exact text."""
    if figures is None:
        return {"numerator": None, "denominator": None, "rate": None}
    return {
        "numerator": plain(figures.numerator),
        "denominator": _plain(figures.denominator),
        "rate": _plain(rate(figures)),
    }


def _figures(row: Mapping[str, Any], prefix: str = "") -> Figures:
    return Figures(Decimal(row[f"{prefix}numerator"]), _read(row[f"{prefix}denominator"]))


def _as_target(version: Mapping[str, Any]) -> Target:
    value, least = _read(version["value"]), _read(version["minimum_coverage"])
    return Target(version["comparator"], value, version["valid_from"], version["valid_to"], least)


def _on(versions: Iterable[Mapping[str, Any]], day: date) -> Mapping[str, Any] | None:
    for one in versions:
        if one["valid_from"] <= day and (one["valid_to"] is None or day <= one["valid_to"]):
            return one
    return None


def _target(version: Mapping[str, Any]) -> dict[str, Any]:
    vi, en = COMPARATORS[version["comparator"]]
    return {
        "number": version["number"],
        "comparator": version["comparator"],
        "comparator_vi": vi,
        "comparator_en": en,
        "value": _shown(version["value"]),
        "valid_from": version["valid_from"],
        "valid_to": version["valid_to"],
        "minimum_coverage": _shown(version["minimum_coverage"]),
    }


def _previous(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["before_period"] is None:
        return None
    return {"period": row["before_period"], **shown_figures(_figures(row, "before_"))}


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _read(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def _shown(stored: str | None) -> str | None:
    return _plain(_read(stored))
