"""Reads of validation rules, and of the figures that are held against each other."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from servicekit.errors import NotFound
from servicekit.pages import Window
from targets.domain.figures import Figures
from targets.domain.periods import MONTHS
from targets.domain.validation import WARNING, Rule, Term
from targets.tables import validation_rule

Place = tuple[str, str, UUID]
"""(indicator, period, organisation)."""
RULES: Final = """
SELECT jsonb_build_object(
         'code', v.code, 'importance', v.importance, 'left_indicator', v.left_indicator, 'left_field', v.left_field,
         'left_factor', CAST(v.left_factor AS text), 'left_before', v.left_before, 'operator', v.operator,
         'right_indicator', v.right_indicator, 'right_field', v.right_field,
         'right_factor', CAST(v.right_factor AS text), 'right_before', v.right_before,
         'right_constant', CAST(v.right_constant AS text), 'period_kinds', v.period_kinds, 'text_vi', v.text_vi,
         'text_en', v.text_en, 'active_from', v.active_from, 'active_to', v.active_to) AS rule
  FROM validation_rule v WHERE v.left_indicator = ANY ($1::text[]) OR v.right_indicator = ANY ($1::text[])
UNION ALL
SELECT jsonb_build_object('code', i.code || side.suffix, 'importance', 'bound', 'left_indicator', i.code,
                          'left_field', CASE i.kind WHEN 'ratio' THEN 'rate' ELSE 'numerator' END,
                          'operator', side.operator, 'right_constant', CAST(side.bound AS text))
  FROM indicator i
 CROSS JOIN LATERAL (VALUES ('-LOWER', '>=', i.lower_bound), ('-UPPER', '<=', i.upper_bound))
       AS side (suffix, operator, bound)
 WHERE i.code = ANY ($1::text[]) AND side.bound IS NOT NULL"""
"""The rules that read one of the indicators $1; the bounds of an indicator are rules, too."""
_FIGURES: Final = """
SELECT i.code AS indicator, p.code AS period, r.organisation_id, r.numerator, r.denominator
  FROM report r JOIN reporting_period p ON p.id = r.period_id JOIN indicator i ON i.id = p.indicator_id
 WHERE i.code = ANY ($1::text[]) AND p.code = ANY ($2::text[]) AND r.organisation_id = ANY ($3::uuid[])"""


async def find_rules(session: AsyncSession, indicators: Collection[str]) -> list[Rule]:
    """Return the rules that read one of these indicators, by code."""
    rules = [read_rule(row["rule"]) for row in await fetch(session, RULES, sorted(indicators))]
    return sorted(rules, key=lambda rule: rule.code)


def read_rule(row: Mapping[str, Any]) -> Rule:
    """Return a row of RULES as a rule."""
    if row["importance"] == "bound":
        return _bound(row)
    left = Term(row["left_indicator"], row["left_field"], Decimal(row["left_factor"]), row["left_before"])
    constant, until = row["right_constant"], row["active_to"]
    return Rule(
        code=row["code"],
        importance=row["importance"],
        left=left,
        operator=row["operator"],
        right=Decimal(constant)
        if constant is not None
        else Term(row["right_indicator"], row["right_field"], Decimal(row["right_factor"]), row["right_before"]),
        period_kinds=tuple(row["period_kinds"]),
        text_vi=row["text_vi"],
        text_en=row["text_en"],
        active_from=date.fromisoformat(row["active_from"]),
        active_to=None if until is None else date.fromisoformat(until),
    )


def _bound(row: Mapping[str, Any]) -> Rule:
    return Rule(
        code=row["code"],
        importance=WARNING,
        left=Term(row["left_indicator"], row["left_field"]),
        operator=row["operator"],
        right=Decimal(row["right_constant"]),
        period_kinds=tuple(MONTHS),
        text_vi="Giá trị nằm ngoài khoảng hợp lý của chỉ tiêu. Hãy kiểm tra lại và ghi lý do vào ghi chú.",
        text_en="The value lies outside the indicator's usual bounds. Check it and say why in the note.",
        active_from=date.min,
        active_to=None,
    )


async def find_figures(
    session: AsyncSession,
    indicators: Collection[str],
    periods: Collection[str],
    organisations: Collection[UUID],
    *,
    seconds: float | None = None,
) -> Mapping[Place, Figures]:
    """Return the stored figures at these places, as far as the caller may see them."""
    rows = await fetch(session, _FIGURES, sorted(indicators), sorted(periods), list(organisations), seconds=seconds)
    return {
        (row["indicator"], row["period"], row["organisation_id"]): Figures(row["numerator"], row["denominator"])
        for row in rows
    }


async def list_rules(session: AsyncSession, window: Window) -> Sequence[Row[Any]]:
    """Return one page of rules by code."""
    rows: Sequence[Row[Any]] = (
        await session.execute(window.select(select(validation_rule), [validation_rule.c.code]))
    ).all()
    return rows


async def find_rule(session: AsyncSession, rule_id: UUID) -> Row[Any]:
    """Return a rule. Raises NotFound."""
    statement = select(validation_rule).where(validation_rule.c.id == rule_id)
    found: Row[Any] | None = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound
    return found
