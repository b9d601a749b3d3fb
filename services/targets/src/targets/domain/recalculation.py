"""Which computed indicators a change reaches, and what they come to: the same figures give the same rows, always.

A formula is evaluated for every organisation, and for the whole, from the figures of that same place: a rate of the
city is computed from the city's sums and never from the communes' rates.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from targets.domain.figures import Figures, plain
from targets.domain.formulas import Formula, NoValue, Stored, evaluate, in_order, part_of, read_formula, stored
from targets.domain.judging import Coverage
from targets.domain.periods import MONTHS, SHORTEST_FIRST, Period, PeriodKind, period_of
from targets.domain.time_aggregation import Gathered, Held, How, gather, parts_of

APART: Final = frozenset({"distinct_persons", "memberships"})
"""Ways of counting people that are never judged together, whichever indicators brought them in."""
Place = UUID | None
"""An organisation; None is the whole."""
Pair = tuple[str, Period]


@dataclass(frozen=True, slots=True)
class FormulaVersion:
    """One formula of an indicator, and the first day a period may end on to be computed by it."""

    number: int
    numerator: str
    denominator: str | None
    applies_from: date

    @property
    def formula(self) -> Formula:
        """The formula, read."""
        return read_formula(self.numerator, self.denominator)


@dataclass(frozen=True, slots=True)
class FormulaIndicator:
    """An indicator with source `formula`."""

    id: UUID
    code: str
    kind: str
    period_kind: PeriodKind
    versions: tuple[FormulaVersion, ...]

    def on(self, day: date) -> FormulaVersion | None:
        """Return the newest version that applies to a period ending on this day."""
        found = [version for version in self.versions if version.applies_from <= day]
        return max(found, key=lambda version: version.number) if found else None


@dataclass(frozen=True, slots=True)
class Source:
    """What stands in roll_up of an indicator, by place and period code."""

    kind: str
    how: How
    held: dict[Place, dict[str, Held]]
    computed: bool = False
    """Its figures come from a formula, so its own trace explains them."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A row to be stored; without figures the trace says why."""

    indicator: FormulaIndicator
    period: Period
    place: Place
    figures: Figures | None
    coverage: Coverage
    population: tuple[Decimal | None, Decimal | None]
    methods: tuple[str, ...]
    trace: dict[str, Any]


Formulas = Mapping[str, FormulaIndicator]


def dependencies(formulas: Formulas, day: date) -> dict[str, frozenset[str]]:
    """Return what each indicator is computed from by the formulas that apply on a day."""
    current = {code: indicator.on(day) for code, indicator in formulas.items()}
    return {code: version.formula.codes for code, version in current.items() if version is not None}


def check_for_cycles(formulas: Formulas) -> None:
    """Raise FormulaCycle when on some day an indicator would be computed from itself.

    A cycle can only run through indicators of one period kind, so the days on which versions begin are all there is.
    """
    for day in sorted({version.applies_from for indicator in formulas.values() for version in indicator.versions}):
        in_order(dependencies(formulas, day))


def affected(changed: Iterable[Pair], formulas: Formulas) -> list[tuple[FormulaIndicator, Period]]:
    """Return every indicator and period to be computed anew, each after everything it is computed from."""
    reached = set(changed)
    waiting = sorted(reached, key=lambda pair: (pair[0], pair[1].code))
    while waiting:
        code, period = waiting.pop()
        for indicator in formulas.values():
            if not feeds(period.kind, indicator.period_kind):
                continue
            longer = period_of(period.first_day, indicator.period_kind)
            version = indicator.on(longer.last_day)
            pair = (indicator.code, longer)
            if version is not None and code in version.formula.codes and pair not in reached:
                reached.add(pair)
                waiting.append(pair)
    return ordered([(formulas[code], period) for code, period in reached if code in formulas], formulas)


def feeds(kind: PeriodKind, longer: PeriodKind) -> bool:
    """Say whether figures of one kind of period make those of another: terms and single days are reported only."""
    return kind in MONTHS and longer in MONTHS and MONTHS[kind] <= MONTHS[longer]


def ordered(
    pairs: Sequence[tuple[FormulaIndicator, Period]], formulas: Formulas
) -> list[tuple[FormulaIndicator, Period]]:
    """Put short periods before long ones, and within a period each indicator after its sources."""
    places = {
        day: {code: place for place, code in enumerate(in_order(dependencies(formulas, day)))}
        for day in {period.last_day for _, period in pairs}
    }
    return sorted(
        pairs,
        key=lambda pair: (
            SHORTEST_FIRST.index(pair[1].kind),
            pair[1].last_day,
            places[pair[1].last_day].get(pair[0].code, -1),
            pair[0].code,
        ),
    )


def compute(pairs: Iterable[tuple[FormulaIndicator, Period]], sources: dict[str, Source]) -> list[Computed]:
    """Compute the pairs in their order; what was computed is a source for those after it."""
    rows: list[Computed] = []
    for indicator, period in pairs:
        version = indicator.on(period.last_day)
        if version is None:
            continue
        own = sources.setdefault(indicator.code, Source(indicator.kind, "sum", {}, computed=True))
        for place in _places(version.formula, period, sources):
            row = _compute(indicator, version, period, place, sources)
            rows.append(row)
            own.held.setdefault(place, {})[period.code] = Held(row.figures, row.coverage, row.population, row.methods)
    return rows


def _places(formula: Formula, period: Period, sources: Mapping[str, Source]) -> list[Place]:
    """Return the places where any of the sources has a row in the period, the whole first."""
    codes = {part.code for kind in PeriodKind for part in parts_of(period, kind)}
    found = {
        place
        for code in formula.codes
        if code in sources
        for place, held in sources[code].held.items()
        if not codes.isdisjoint(held)
    }
    return sorted(found, key=lambda place: (place is not None, str(place)))


def _compute(
    indicator: FormulaIndicator, version: FormulaVersion, period: Period, place: Place, sources: Mapping[str, Source]
) -> Computed:
    formula = version.formula
    inputs = {code: _input(code, period, place, sources) for code in sorted(formula.codes)}
    figures, exact, reason = _evaluated(formula, indicator.kind, inputs, sources)
    weakest = min(inputs.values(), key=_share)
    coverage = weakest.held.coverage
    methods = {method for found in inputs.values() for method in found.held.methods}
    return Computed(
        indicator=indicator,
        period=period,
        place=place,
        figures=figures,
        coverage=coverage if figures is not None else Coverage(0, coverage.expected),
        population=weakest.held.population,
        methods=tuple(sorted(methods & APART)),
        trace={
            "formula": {
                "numerator": version.numerator,
                "denominator": version.denominator,
                "version": version.number,
            },
            "inputs": [_shown(code, period, place, inputs[code], sources) for code in inputs],
            "exact": exact,
            "no_value": None
            if reason is None
            else {"reason": reason.reason, "code": reason.code, "position": reason.position},
        },
    )


def _input(code: str, period: Period, place: Place, sources: Mapping[str, Source]) -> Gathered:
    """Return what is known of one source; without figures still how many were expected."""
    source = sources.get(code)
    known = {} if source is None else source.held.get(place, {})
    found = None if source is None else gather(period, known, source.how)
    if found is not None:
        return found
    codes = [part.code for kind in PeriodKind for part in parts_of(period, kind) if part.code in known]
    expected = max((known[part].coverage.expected for part in codes), default=0)
    return Gathered(Held(None, Coverage(0, expected)), (), (period.code,))


def _evaluated(
    formula: Formula, kind: str, inputs: Mapping[str, Gathered], sources: Mapping[str, Source]
) -> tuple[Figures | None, bool, NoValue | None]:
    def lookup(term: Any) -> Fraction | NoValue:
        source = sources.get(term.code)
        rating = source is not None and source.kind == "rating"
        return part_of(term, inputs[term.code].held.figures, rating=rating)

    parts: list[Stored] = []
    for node in (formula.numerator, formula.denominator):
        if node is None:
            continue
        value = evaluate(node, lookup)
        part = value if isinstance(value, NoValue) else stored(value)
        if isinstance(part, NoValue):
            return None, True, part
        parts.append(part)
    exact = all(part.exact for part in parts)
    if len(parts) == 1:
        return Figures(parts[0].value), exact, None
    above, below = parts
    if below.value == 0:
        return None, exact, NoValue("zero_denominator")
    if kind != "count" and above.value > below.value:
        return None, exact, NoValue("above_denominator")
    return Figures(above.value, below.value), exact, None


def _share(found: Gathered) -> Fraction:
    coverage = found.held.coverage
    return Fraction(coverage.counted, coverage.expected) if coverage.expected else Fraction(0)


def _shown(code: str, period: Period, place: Place, found: Gathered, sources: Mapping[str, Source]) -> dict[str, Any]:
    """Return one input as the trace keeps it, with every row of roll_up it was taken from and that row's `told`.

    A computed row has none here: it changes in the same step, and its own trace says what it was made of.
    """
    held, source = found.held, sources.get(code)
    known = {} if source is None else source.held.get(place, {})
    return {
        "indicator": code,
        "period": period.code,
        "time_aggregation": None if source is None else source.how,
        **_figures(held),
        "counted": held.coverage.counted,
        "expected": held.coverage.expected,
        "missing_periods": list(found.missing),
        "rows": [_row(part, source, known[part]) for part in found.periods],
    }


def _row(period: str, source: Source | None, held: Held) -> dict[str, Any]:
    computed = source is None or source.computed
    return {"period": period, **_figures(held), "told": None if computed else held.told}


def _figures(held: Held) -> dict[str, str | None]:
    figures = held.figures
    below = None if figures is None else figures.denominator
    return {
        "numerator": None if figures is None else plain(figures.numerator),
        "denominator": None if below is None else plain(below),
    }
