"""Hold entered figures against the validation rules: errors refuse them, warnings are stored beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from targets.domain.figures import Figures
from targets.domain.periods import names_term, parse_period, preceding
from targets.domain.refusals import RuleBroken
from targets.domain.reports import ReportFacts
from targets.domain.validation import ERROR, Rule, Violation, check_all
from targets.queries.validation import Place, find_figures, find_rules


async def hold_to_rules(session: AsyncSession, entered: ReportFacts) -> ReportFacts:
    """Return the report with what its figures are warned of beside it. Raises RuleBroken with every error."""
    [(held, broken)] = await hold_all_to_rules(session, [entered])
    if broken:
        raise RuleBroken(errors=broken)
    return held


async def hold_all_to_rules(
    session: AsyncSession, entered: Sequence[ReportFacts]
) -> list[tuple[ReportFacts, list[dict[str, Any]]]]:
    """Return each report with its warnings, and every error of it; they are held against each other, too.

    Two statements, however many reports there are.
    """
    given = {_place(one): one.figures for one in entered}
    rules = await find_rules(session, sorted({indicator for indicator, _, _ in given}))
    if not rules:
        return [(one, []) for one in entered]
    stored = await find_figures(
        session,
        indicators_of(rules),
        periods_of({period for _, period, _ in given}),
        {organisation for _, _, organisation in given},
    )
    known = {**stored, **given}
    held = []
    for one in entered:
        found = violations(rules, _place(one), known)
        warned = replace(one, warnings=tuple(warning_rows([each for each in found if each.importance != ERROR])))
        held.append((warned, [_error(each) for each in found if each.importance == ERROR]))
    return held


def _place(report: ReportFacts) -> Place:
    around = report.around
    return around.indicator.code, around.period.code, around.organisation_id


def _error(one: Violation) -> dict[str, Any]:
    return {"field": "numerator", "code": "rule_broken", "rule": one.rule, "vi": one.text_vi, "en": one.text_en}


def indicators_of(rules: list[Rule]) -> set[str]:
    """Return every indicator whose figures the rules read."""
    return {term.indicator for rule in rules for term in rule.terms}


def periods_of(periods: Iterable[str]) -> set[str]:
    """Return the periods and those before them; a term of congress is held against no other."""
    return {code for one in periods for code in (one, *(() if names_term(one) else (_before(one),)))}


def _before(period: str) -> str:
    return preceding(parse_period(period)).code


def violations(rules: list[Rule], place: Place, known: Mapping[Place, Figures]) -> list[Violation]:
    """Return the rules broken by the figures at a place."""
    indicator, code, organisation = place
    if names_term(code):
        return []
    period = parse_period(code)
    before = _before(code)

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
