"""The rows of a file of values, and the rules each is held to before anything is stored.

An organisation is named by its id, or by its kind and the code of its unit. Codes are reused over time (31147 meant
another place before 1 July 2025), so a code is looked up among those that existed on the period's last day.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from servicekit.errors import DomainError
from targets.domain.entering import Place, refuse_place
from targets.domain.figures import FigureRule, Figures, check_figures
from targets.domain.import_wording import PROBLEMS
from targets.domain.lineage import Body
from targets.domain.period_steps import OPEN
from targets.domain.refusals import (
    BadFigures,
    ComputedIndicator,
    OrganisationNotValid,
    PeriodNotOpened,
    UnknownIndicator,
)
from targets.domain.validity import Span

MAX_PROBLEMS: Final = 10_000
"""A file with more has one fault throughout; reading stops there and nothing of it is imported."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as read; text that was left blank is None and leaves what is stored as it is."""

    number: int
    indicator: str
    period: str
    organisation_id: UUID | None
    unit: tuple[str, str] | None
    """(kind of the organisation, code of its unit)."""
    figures: Figures | None
    """None when a file only says what to delete."""
    has_breakdown: bool
    counting_method: str | None
    denominator_source: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, in which column, and what to do."""

    line: int
    column: str | None
    code: str
    vi: str
    en: str

    @classmethod
    def of(cls, line: int, column: str | None, code: str) -> "Problem":
        """Return a problem of the catalogue."""
        vi, en = PROBLEMS[code]
        return cls(line, column, code, vi, en)

    @classmethod
    def raised(cls, line: int, column: str | None, error: DomainError) -> "Problem":
        """Return what the entry of one report would have been refused with."""
        return cls(line, column, error.code, error.text("vi"), error.text("en"))

    def naming(self, bodies: Sequence[Body]) -> "Problem":
        """Return the problem with organisations to take instead, by name and id."""
        names = "; ".join(f"{body.name} ({body.id})" for body in bodies)
        return replace(self, vi=f"{self.vi} → {names}", en=f"{self.en} → {names}") if names else self


@dataclass(frozen=True, slots=True)
class KnownPeriod:
    """An opened period of an indicator, with what its figures must be like."""

    id: UUID
    status: str
    last_day: date
    rule: FigureRule
    counting_method: str | None


@dataclass(frozen=True, slots=True)
class KnownOrganisation:
    """An organisation the actor may enter figures for."""

    id: UUID
    span: Span


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the rows are held against. What the actor may not enter for is as unknown as what does not exist."""

    sources: Mapping[str, str]
    """Indicator code → where its figures come from."""
    periods: Mapping[tuple[str, str], KnownPeriod]
    organisations: Mapping[UUID, KnownOrganisation]
    of_units: Mapping[tuple[str, str], tuple[KnownOrganisation, ...]]
    expected: Mapping[UUID, frozenset[UUID]]
    reopened: Mapping[UUID, frozenset[UUID]]
    """The units a closed period is open for again today."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A row that may be stored, as far as it alone can say."""

    line: Line
    period: KnownPeriod
    organisation: KnownOrganisation


@dataclass(slots=True)
class LineCheck:
    """Checks rows one after the other and remembers which places were taken."""

    known: Known
    standing_for: Callable[[UUID, date], Sequence[Body]]
    """Who stands on a day for an organisation that does not."""
    problems: list[Problem] = field(default_factory=list)
    doubled: set[int] = field(default_factory=set)
    """First lines of places that came again; none of the rows of such a place counts."""
    _taken: dict[tuple[UUID, UUID], int] = field(default_factory=dict)

    def place(self, line: Line) -> Placed | None:
        """Return the row with its place, or None with its problems noted."""
        period = self._period(line)
        if period is None:
            return None
        organisation = self._organisation(line, period)
        if organisation is None:
            return None
        refused = refuse_place(
            Place(
                period_status=OPEN if organisation.id in self.known.reopened.get(period.id, ()) else period.status,
                last_day=period.last_day,
                organisation=organisation.span,
                expected=organisation.id in self.known.expected.get(period.id, ()),
            )
        )
        if refused is not None:
            problem = Problem.raised(line.number, _COLUMN_OF.get(refused.code), refused)
            if isinstance(refused, OrganisationNotValid):
                problem = problem.naming(self.standing_for(organisation.id, period.last_day))
            self.problems.append(problem)
            return None
        if not self._is_first(line, period, organisation) or not self._has_good_figures(line, period):
            return None
        return Placed(line, period, organisation)

    def _period(self, line: Line) -> KnownPeriod | None:
        found = self.known.periods.get((line.indicator, line.period))
        if found is None:
            source = self.known.sources.get(line.indicator)
            error: DomainError = PeriodNotOpened()
            if source is None:
                error = UnknownIndicator()
            elif source != "reports":
                error = ComputedIndicator()
            self.problems.append(Problem.raised(line.number, _COLUMN_OF[error.code], error))
        return found

    def _organisation(self, line: Line, period: KnownPeriod) -> KnownOrganisation | None:
        if line.organisation_id is not None:
            found = self.known.organisations.get(line.organisation_id)
            if found is None:
                self.problems.append(Problem.of(line.number, "organisation_id", "organisation_unknown"))
            elif line.unit is not None and found not in self.known.of_units.get(line.unit, ()):
                self.problems.append(Problem.of(line.number, "unit_code", "unit_differs"))
                return None
            return found
        candidates = self.known.of_units.get(line.unit, ()) if line.unit else ()
        there = [one for one in candidates if one.span.includes(period.last_day)]
        if len(there) == 1:
            return there[0]
        code = "organisation_unknown" if not candidates else "unit_not_then" if not there else "unit_ambiguous"
        self.problems.append(Problem.of(line.number, "unit_code", code))
        return None

    def _is_first(self, line: Line, period: KnownPeriod, organisation: KnownOrganisation) -> bool:
        first = self._taken.setdefault((period.id, organisation.id), line.number)
        if first == line.number:
            return True
        if first not in self.doubled:
            self.doubled.add(first)
            self.problems.append(Problem.of(first, None, "row_twice"))
        self.problems.append(Problem.of(line.number, None, "row_twice"))
        return False

    def _has_good_figures(self, line: Line, period: KnownPeriod) -> bool:
        if line.figures is None:
            return True
        try:
            check_figures(line.figures, period.rule)
        except BadFigures as refused:
            self.problems += [_of_figures(line.number, error) for error in refused.errors]
            return False
        return True


_COLUMN_OF: Final[Mapping[str, str]] = {
    "unknown_indicator": "indicator_code",
    "computed_indicator": "indicator_code",
    "period_not_opened": "period",
    "period_closed": "period",
}


def _of_figures(line: int, error: Mapping[str, Any]) -> Problem:
    return Problem(line, error["field"], error["code"], error["vi"], error["en"])
