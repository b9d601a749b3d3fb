"""What the validation rules and the limits of outliers find in the reports of a period, for whoever reviews them.

A page looks at so many reports; everything they are held against is read by one more statement.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.domain.figures import Figures, rate
from targets.domain.outliers import Outlier, OutlierRule
from targets.domain.outliers import check_value as outliers_among
from targets.domain.periods import Period, code_before
from targets.domain.validation import Rule, Violation, check_all
from targets.queries.scope import ORGANISATION, organisation, sees
from targets.queries.validation import RULES, Place, read_rule
from targets.tables import indicator, report, reporting_period

PAST_PERIODS: Final = 24
"""So many earlier periods of its own a value is compared with."""
_BESIDE: Final = f"""
WITH rule AS MATERIALIZED ({RULES}),
named AS (
  SELECT rule ->> 'left_indicator' AS code FROM rule UNION SELECT rule ->> 'right_indicator' FROM rule
)
SELECT 'rule' AS what, rule, NULL AS name, NULL AS period, CAST(NULL AS uuid) AS unit, CAST(NULL AS numeric) AS one,
       CAST(NULL AS numeric) AS other
  FROM rule
UNION ALL
SELECT 'limit', NULL, compared_with, score, NULL, "limit", least FROM outlier_rule
UNION ALL
SELECT 'figures', NULL, i.code, p.code, r.organisation_id, r.numerator, r.denominator
  FROM named JOIN indicator i USING (code) JOIN reporting_period p ON p.indicator_id = i.id
  JOIN report r ON r.period_id = p.id
 WHERE p.code = ANY ($2::text[]) AND r.organisation_id = ANY ($3::uuid[])
UNION ALL
SELECT CASE WHEN p.id = own.id THEN 'now' ELSE 'past' END, NULL, i.code, p.code, r.organisation_id, r.numerator,
       r.denominator
  FROM reporting_period own JOIN indicator i ON i.id = own.indicator_id
  JOIN reporting_period p ON p.indicator_id = own.indicator_id AND p.kind = own.kind AND p.last_day <= own.last_day
   AND p.first_day > own.first_day - $5 * (own.last_day - own.first_day + 2)
  JOIN report r ON r.period_id = p.id
 WHERE own.id = ANY ($4::uuid[]) AND (p.id = own.id OR r.organisation_id = ANY ($3::uuid[]))"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Finding:
    """A report with what speaks against its figures."""

    report: Row[Any]
    violations: list[Violation]
    outliers: list[tuple[str, Outlier]]


@dataclass(slots=True)
class _Beside:
    """What reports are held against: rules with the figures they read, limits with the values of others."""

    rules: list[Rule] = field(default_factory=list)
    limits: dict[str, list[OutlierRule]] = field(default_factory=dict)
    figures: dict[Place, Figures] = field(default_factory=dict)
    past: dict[tuple[str, UUID], list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    now: dict[str, dict[UUID, Decimal]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, row: Any) -> None:
        """Sort a row of the statement in."""
        match row["what"]:
            case "rule":
                self.rules.append(read_rule(row["rule"]))
            case "limit":
                limit = OutlierRule(row["period"], row["one"], int(row["other"]))
                self.limits.setdefault(row["name"], []).append(limit)
            case "figures":
                self.figures[(row["name"], row["period"], row["unit"])] = Figures(row["one"], row["other"])
            case "now":
                self.now[row["name"]][row["unit"]] = _value(row["one"], row["other"])
            case "past":
                self.past[(row["name"], row["unit"])].append(_value(row["one"], row["other"]))


async def page_of_reports(
    session: AsyncSession, window: Window, actor: Actor, *, period: str, indicator_code: str | None
) -> Sequence[Row[Any]]:
    """Return one page (and one more) of the period's reports the actor may see."""
    statement: Select[Any] = (
        select(
            report.c.id,
            report.c.organisation_id,
            report.c.status,
            report.c.numerator,
            report.c.denominator,
            report.c.note,
            report.c.period_id,
            indicator.c.code.label("indicator_code"),
            organisation.c.data["name"].astext.label("organisation_name"),
        )
        .select_from(
            report.join(reporting_period, reporting_period.c.id == report.c.period_id)
            .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
            .join(
                organisation,
                and_(organisation.c.kind == ORGANISATION, organisation.c.id == report.c.organisation_id),
            )
        )
        .where(reporting_period.c.code == period, sees(actor))
    )
    if indicator_code is not None:
        statement = statement.where(indicator.c.code == indicator_code)
    rows: Sequence[Row[Any]] = (await session.execute(window.select(statement, [report.c.id]))).all()
    return rows


async def find_findings(session: AsyncSession, reports: Sequence[Row[Any]], period: Period) -> list[Finding]:
    """Return those of the reports against which something speaks, compared with what the caller may see."""
    rows = await fetch(
        session,
        _BESIDE,
        sorted({one.indicator_code for one in reports}),
        [period.code, code_before(period)],
        list({one.organisation_id for one in reports}),
        list({one.period_id for one in reports}),
        PAST_PERIODS,
    )
    beside = _Beside()
    for row in rows:
        beside.take(row)
    found = (Finding(one, _violations(one, beside, period), list(_outliers(one, beside))) for one in reports)
    return [one for one in found if one.violations or one.outliers]


def _violations(one: Row[Any], beside: _Beside, period: Period) -> list[Violation]:
    before = code_before(period)

    def lookup(other: str, earlier: bool) -> Figures | None:
        code = before if earlier else period.code
        return None if code is None else beside.figures.get((other, code, one.organisation_id))

    return check_all(beside.rules, one.indicator_code, period.kind, period.last_day, lookup)


def _outliers(one: Row[Any], beside: _Beside) -> Iterable[tuple[str, Outlier]]:
    value = _value(one.numerator, one.denominator)
    past = beside.past.get((one.indicator_code, one.organisation_id), [])
    others = [each for unit, each in beside.now[one.indicator_code].items() if unit != one.organisation_id]
    for name, compared in (("own_past", past), ("other_units", others)):
        yield from ((name, found) for found in outliers_among(value, compared, beside.limits.get(name, [])))


def _value(numerator: Decimal, denominator: Decimal | None) -> Decimal:
    """Return what is compared: the rate where there is a whole, else the number."""
    found = rate(Figures(numerator, denominator))
    return numerator if found is None else found
