"""Reads of validation rules, limits of outliers, and the figures that are held against each other."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from targets.domain.figures import Figures
from targets.domain.periods import MONTHS
from targets.domain.validation import WARNING, Rule, Term

Place = tuple[str, str, UUID]
"""(indicator, period, organisation)."""
_RULES: Final = """
SELECT v.code, v.importance, v.left_indicator, v.left_field, v.left_factor, v.left_before, v.operator,
       v.right_indicator, v.right_field, v.right_factor, v.right_before, v.right_constant, v.period_kinds,
       v.text_vi, v.text_en, v.active_from, v.active_to
  FROM validation_rule v WHERE v.left_indicator = ANY ($1::text[]) OR v.right_indicator = ANY ($1::text[])
UNION ALL
SELECT i.code || side.suffix, 'bound', i.code, i.kind, 1, false, side.operator, NULL, NULL, NULL, NULL, side.bound,
       '{}', '', '', i.issued_on, NULL
  FROM indicator i
 CROSS JOIN LATERAL (VALUES ('-LOWER', '>=', i.lower_bound), ('-UPPER', '<=', i.upper_bound))
       AS side (suffix, operator, bound)
 WHERE i.code = ANY ($1::text[]) AND side.bound IS NOT NULL
 ORDER BY 1"""
_FIGURES: Final = """
SELECT i.code AS indicator, p.code AS period, r.organisation_id, r.numerator, r.denominator
  FROM report r JOIN reporting_period p ON p.id = r.period_id JOIN indicator i ON i.id = p.indicator_id
 WHERE i.code = ANY ($1::text[]) AND p.code = ANY ($2::text[]) AND r.organisation_id = ANY ($3::uuid[])"""
_OUTLIERS: Final = 'SELECT compared_with, score, "limit", least FROM outlier_rule ORDER BY compared_with, score'


async def find_rules(session: AsyncSession, indicators: Collection[str]) -> list[Rule]:
    """Return the rules that read one of these indicators; the bounds of an indicator are rules, too."""
    return [_rule(row) for row in await fetch(session, _RULES, sorted(indicators))]


def _rule(row: Any) -> Rule:
    if row["importance"] == "bound":
        return _bound(row)
    constant = row["right_constant"]
    right = row["right_indicator"], row["right_field"], row["right_factor"], row["right_before"]
    return Rule(
        code=row["code"],
        importance=row["importance"],
        left=Term(row["left_indicator"], row["left_field"], row["left_factor"], row["left_before"]),
        operator=row["operator"],
        right=Term(*right) if constant is None else constant,
        period_kinds=tuple(row["period_kinds"]),
        text_vi=row["text_vi"],
        text_en=row["text_en"],
        active_from=row["active_from"],
        active_to=row["active_to"],
    )


def _bound(row: Any) -> Rule:
    """Return a bound of an indicator as a rule: of its rate if it is a ratio, else of its number."""
    bound: Decimal = row["right_constant"]
    field = "rate" if row["left_field"] == "ratio" else "numerator"
    return Rule(
        code=row["code"],
        importance=WARNING,
        left=Term(row["left_indicator"], field),
        operator=row["operator"],
        right=bound,
        period_kinds=tuple(MONTHS),
        text_vi="Giá trị nằm ngoài khoảng hợp lý của chỉ tiêu. Hãy kiểm tra lại và ghi lý do vào ghi chú.",
        text_en="The value lies outside the indicator's usual bounds. Check it and say why in the note.",
        active_from=date.min,
        active_to=None,
    )


async def find_figures(
    session: AsyncSession, indicators: Collection[str], periods: Collection[str], organisations: Collection[UUID]
) -> Mapping[Place, Figures]:
    """Return the stored figures at these places, as far as the caller may see them."""
    rows = await fetch(session, _FIGURES, sorted(indicators), sorted(periods), list(organisations))
    return {
        (row["indicator"], row["period"], row["organisation_id"]): Figures(row["numerator"], row["denominator"])
        for row in rows
    }
