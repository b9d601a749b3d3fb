"""A frozen snapshot (bản chốt số liệu): every figure of a resolution and its periods, copied with where it came from.

Nothing here points at a row that can change: what is corrected later shows in the next snapshot, not in this one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Final

from targets.domain.figures import Figures, is_ratio, plain, rate
from targets.domain.measures import Measure, median_grade
from targets.domain.suppression import SmallCellRule

WHOLE: Final = "city"
"""Stands where an organisation's id stands when the figure is of the whole."""
FORMAT: Final = 2
"""What is stored now. Format 1 had nothing of what has a default here, and its grades were shown by their mean."""


@dataclass(frozen=True, slots=True)
class ResolutionFacts:
    """The resolution measured."""

    number: str
    title: str
    issued_on: date
    issued_by: str


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation as it was called then."""

    name: str
    level: str
    unit_code: str | None
    parent: str | None
    """The nearest organisation above it, None at the top."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the resolution's text leaves open, and the answer used."""

    question_vi: str
    question_en: str
    answer_vi: str
    answer_en: str


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """The version of the target that was valid on the period's last day."""

    number: int
    comparator: str
    value: Decimal | None
    minimum_coverage: Decimal | None
    decision: str
    decided_on: date


@dataclass(frozen=True, slots=True)
class IndicatorFacts:
    """An indicator in the resolution's words."""

    code: str
    section: str
    name_vi: str
    name_en: str
    clause: str
    quote: str
    kind: str
    unit: str
    source: str
    numerator_vi: str
    numerator_en: str
    denominator_vi: str | None
    denominator_en: str | None
    responsible_vi: str
    categories: Mapping[str, tuple[str, str]]
    """What a breakdown's categories are called, in Vietnamese and English; one without a name is called by its key."""
    small_cells: bool
    """Whether its figures count persons, so that small ones are kept from publication."""
    questions: tuple[Question, ...]
    time_aggregation: str = "sum"
    """How figures of shorter periods make those of a longer one: added up, or the last of them."""


@dataclass(frozen=True, slots=True)
class Against:
    """What a unit's figures say against the whole's target, where its status is not that."""

    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on a figure."""

    status: str
    reason: str
    provisional: bool
    comparison: str | None
    decided_by: str | None = None
    against_whole: Against | None = None


@dataclass(frozen=True, slots=True)
class ReportBehind:
    """One approved report, in the version that was counted."""

    id: str
    version: int
    organisation_id: str
    period: str | None = None
    """Of which period, None where it is the figure's own."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """What is said against a figure, in words fit for everybody."""

    text_vi: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One organisation's figures, or the whole's, with their origin; `withheld` names what a public view leaves out.

    `periods` are those the figures are of: the figure's own, or shorter ones in it; `missing_periods` had none.
    """

    key: str
    indicator: str
    period: str
    organisation: str
    numerator: Decimal | None
    denominator: Decimal | None
    breakdown: Mapping[str, Decimal]
    methods: tuple[str, ...]
    counted: int | None
    expected: int | None
    population_counted: Decimal | None
    population_expected: Decimal | None
    told: int
    computed_at: datetime | None
    verdict: Verdict | None
    reports: tuple[ReportBehind, ...]
    disputes: tuple[Dispute, ...]
    withheld: tuple[str, ...] = ()
    measure: Measure | None = None
    """Which number is judged."""
    allocated: Decimal | None = None
    """The target handed down to the organisation."""
    periods: tuple[str, ...] = ()
    missing_periods: tuple[str, ...] = ()

    @property
    def figures(self) -> Figures | None:
        """Return what was counted, None when nothing was or it is withheld."""
        return None if self.numerator is None else Figures(self.numerator, self.denominator, self.breakdown)

    @property
    def rate(self) -> Decimal | None:
        """Return the percentage; None without both figures, so a withheld part takes the rate with it."""
        return None if self.figures is None else rate(self.figures)

    def value(self, kind: str) -> Decimal | None:
        """Return the figure people read: a percentage, a grade (a mean one to two decimals), or the number counted."""
        if is_ratio(kind):
            return self.rate
        if self.measure is Measure.MEDIAN:
            grade = None if self.figures is None else median_grade(self.figures)
            return None if grade is None else Decimal(grade)
        if kind == "rating":
            mean = self.rate
            return None if mean is None else (mean / 100).quantize(Decimal("0.01"))
        return self.numerator


@dataclass(frozen=True, slots=True)
class Part:
    """One indicator in one period: its figures are those of `figures` with this indicator and period."""

    indicator: str
    period: str
    first_day: date
    last_day: date
    period_status: str
    target: TargetFacts | None
    missing: tuple[str, ...]
    """Organisations that owed a report and had none approved."""


@dataclass(frozen=True)
class Content:
    """Everything a snapshot says."""

    format: int
    resolution: ResolutionFacts
    periods: tuple[str, ...]
    made_on: date
    rule: SmallCellRule
    indicators: tuple[IndicatorFacts, ...]
    parts: tuple[Part, ...]
    places: Mapping[str, Place]
    figures: Mapping[str, Figure]

    def indicator(self, code: str) -> IndicatorFacts:
        """Return an indicator by its code."""
        return self._by_code[code]

    def aggregation(self, code: str) -> str:
        """Return how an indicator's shorter periods make a longer one."""
        return self._by_code[code].time_aggregation

    @cached_property
    def _by_code(self) -> dict[str, IndicatorFacts]:
        return {one.code: one for one in self.indicators}

    def figures_of(self, part: Part) -> dict[str, Figure]:
        """Return the figures of a part by organisation, the whole's under WHOLE."""
        return self._by_part.get((part.indicator, part.period), {})

    @cached_property
    def _by_part(self) -> dict[tuple[str, str], dict[str, Figure]]:
        found: dict[tuple[str, str], dict[str, Figure]] = {}
        for one in self.figures.values():
            found.setdefault((one.indicator, one.period), {})[one.organisation] = one
        return found


def figure_key(indicator: str, period: str, organisation: str) -> str:
    """Return the name of a figure within its snapshot, fit for an address."""
    return f"{indicator}_{period}_{organisation}"


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is another in the later snapshot; None where there was or is none."""

    key: str
    indicator: str
    period: str
    organisation: str
    name: str
    before: str | None
    after: str | None


def changes(earlier: Content, later: Content) -> list[Change]:
    """List what differs between two snapshots, value by value."""
    keys = sorted(earlier.figures.keys() | later.figures.keys())
    return [change for key in keys for change in _changed(key, earlier.figures.get(key), later.figures.get(key))]


def _changed(key: str, before: Figure | None, after: Figure | None) -> Iterator[Change]:
    one = after or before
    if one is None:
        return
    old, new = _values(before), _values(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Change(key, one.indicator, one.period, one.organisation, name, old.get(name), new.get(name))


def _values(figure: Figure | None) -> dict[str, str | None]:
    if figure is None:
        return {}
    measures = {"numerator": figure.numerator, "denominator": figure.denominator, **figure.breakdown}
    return {
        **{name: None if value is None else plain(value) for name, value in measures.items()},
        "counted": None if figure.counted is None else str(figure.counted),
        "expected": None if figure.expected is None else str(figure.expected),
        "status": figure.verdict.status if figure.verdict else None,
        "allocated": None if figure.allocated is None else plain(figure.allocated),
        "periods": " ".join(figure.periods) if figure.periods not in ((), (figure.period,)) else None,
    }
