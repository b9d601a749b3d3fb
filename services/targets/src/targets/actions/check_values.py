"""Hold entered figures against the validation rules: errors refuse them, warnings are stored beside them."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from targets.domain.figures import Figures
from targets.domain.periods import parse_period, preceding
from targets.domain.refusals import RuleBroken
from targets.domain.validation import ERROR, Rule, Violation, check_all
from targets.queries.validation import Place, find_figures, find_rules


async def check_entry(
    session: AsyncSession, figures: Figures, *, indicator: str, period: str, organisation_id: UUID
) -> list[Violation]:
    """Return what the figures are warned of. Raises RuleBroken with every error."""
    rules = await find_rules(session, [indicator])
    if not rules:
        return []
    known = await find_figures(session, indicators_of(rules), periods_of([period]), [organisation_id])
    place = (indicator, period, organisation_id)
    found = violations(rules, place, {**known, place: figures})
    errors = [one for one in found if one.importance == ERROR]
    if errors:
        raise RuleBroken(
            errors=[
                {"field": "numerator", "code": "rule_broken", "rule": one.rule, "vi": one.text_vi, "en": one.text_en}
                for one in errors
            ]
        )
    return found


def indicators_of(rules: list[Rule]) -> set[str]:
    """Return every indicator whose figures the rules read."""
    return {term.indicator for rule in rules for term in rule.terms}


def periods_of(periods: list[str]) -> set[str]:
    """Return the periods and those before them."""
    return {code for one in periods for code in (one, preceding(parse_period(one)).code)}


def violations(rules: list[Rule], place: Place, known: Mapping[Place, Figures]) -> list[Violation]:
    """Return the rules broken by the figures at a place."""
    indicator, code, organisation = place
    period = parse_period(code)
    before = preceding(period).code

    def lookup(other: str, earlier: bool) -> Figures | None:
        return known.get((other, before if earlier else code, organisation))

    return check_all(rules, indicator, period.kind, period.last_day, lookup)


def warning_rows(found: list[Violation]) -> list[dict[str, str]]:
    """Return warnings as they are stored beside the figures."""
    return [
        {
            "rule": one.rule,
            "left": format(one.left, "f"),
            "operator": one.operator,
            "right": format(one.right, "f"),
            "vi": one.text_vi,
            "en": one.text_en,
        }
        for one in found
    ]
