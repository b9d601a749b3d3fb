"""Writes the lines of a dashboard, and keeps those it has written until something they are made of changes.

A page is opened far more often than a figure on it changes, and judging a line reads ten years of figures. A line is
kept under the mark of everything it is made of (`queries.dashboards.find_marks`), the place, the period asked for, and
today.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Row

from targets.api.dashboard_answers import figure_fields
from targets.api.shared_answers import judgement_fields, mark
from targets.domain.dashboards import Line, period_before, shown_period, summaries
from targets.domain.disputes import OpenDisputes
from targets.domain.figures import plain
from targets.domain.judging import PERIOD_ENDED, SILENCE
from targets.domain.pace import shown
from targets.domain.periods import Period, PeriodKind
from targets.domain.progress import Progress, assess, expected_by_period, stands_for_all
from targets.domain.time_aggregation import Held
from targets.domain.wording import COMPARATORS
from targets.queries.event_items import told_by_nobody
from targets.queries.judging import TargetVersion, asked_about, read_versions, target_on

LINES_KEPT: Final = 4096
"""About 25 pages of a large resolution, some 8 MB."""
Known = Mapping[tuple[UUID, UUID | None], Mapping[str, Held]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where, for which period and on which day a page is asked for; no organisation is the whole."""

    organisation_id: UUID | None
    asked: Period
    today: date


@dataclass(frozen=True, slots=True)
class Written:
    """A line as JSON without its end, which says how many values in it are disputed."""

    indicator_id: UUID
    text: bytes
    section: str
    status: str
    period: Period


class KeptLines:
    """The lines written last, by everything they are made of."""

    def __init__(self, room: int = LINES_KEPT) -> None:
        self._lines: OrderedDict[tuple[Any, ...], Written] = OrderedDict()
        self._room = room

    def find(self, mark: Mapping[str, Any], place: Place) -> Written | None:
        """Return a line as it was written, if nothing has changed since."""
        key = (place, *mark.values())
        found = self._lines.get(key)
        if found is not None:
            self._lines.move_to_end(key)
        return found

    def write(self, mark: Mapping[str, Any], place: Place, indicator: Row[Any], known: Known) -> Written:
        """Write a line anew and keep it."""
        written = self._lines[(place, *mark.values())] = _write(indicator, mark["depth"], place, known)
        if len(self._lines) > self._room:
            self._lines.popitem(last=False)
        return written


def page(marks: Sequence[Mapping[str, Any]], lines: Sequence[Written], disputes: OpenDisputes, place: Place) -> bytes:
    """Return the page as JSON, as `DashboardAnswer` describes it."""
    first = marks[0]
    disputed = [
        disputes.within(line.indicator_id, line.period.first_day, line.period.last_day, place.organisation_id)
        for line in lines
    ]
    counted = [Line(line.section, line.status, number > 0) for line, number in zip(lines, disputed, strict=True)]
    head = {
        "resolution": first["number"],
        "title": first["title"],
        "period": place.asked.code,
        "organisation_id": place.organisation_id,
        "organisation_name": first["place_name"],
        "organisation_ended_on": first["place_valid_to"],
        "sections": [asdict(one) for one in summaries(counted)],
    }
    written = b",".join(_marked(lines, disputed))
    return b'%b,"indicators":[%b]}' % (to_json(head)[:-1], written)


def _marked(lines: Iterable[Written], disputed: Iterable[int]) -> Iterator[bytes]:
    ends: dict[int, bytes] = {}
    for line, number in zip(lines, disputed, strict=True):
        end = ends.get(number)
        if end is None:
            end = ends[number] = to_json(mark(number))[1:]
        yield b"%b,%b" % (line.text, end)


def _write(row: Row[Any], depth: int | None, place: Place, known: Known) -> Written:
    here = known.get((row.id, place.organisation_id), {})
    how = row.time_aggregation
    anew = how == "sum" and row.kind == "count"
    found = shown_period(place.asked, PeriodKind(row.period_kind), here, how, counted_anew=anew)
    period = found or place.asked
    versions = read_versions(row.versions)
    target: TargetVersion | None = target_on(versions, period.last_day)
    whole = expected_by_period(known.get((row.id, None), {}))
    is_whole = place.organisation_id is None or stands_for_all(depth, here, whole, period, how)
    allocated = None if target is None else target.allocated
    asked = asked_about(row, versions, period, is_whole=is_whole, allocated=allocated)
    progress = assess(here, period, asked, today=place.today)
    judgement = SILENCE if period.code not in here and told_by_nobody(row.code) else progress.judgement
    before = period_before(period, here, how)
    line = {
        **judgement_fields(judgement),
        **{name: getattr(row, name) for name in _SAID},
        "period": None if found is None else found.code,
        **_figures(progress),
        "target": None if target is None else _target(target),
        "decided_by": judgement.decided_by,
        "allocated_target": _plain(allocated),
        "against_whole": None if progress.against_whole is None else judgement_fields(progress.against_whole),
        "previous": None if before is None else {"period": before[0], **figure_fields(before[1], progress.measure)},
        "ended": judgement.status == PERIOD_ENDED,
    }
    return Written(row.id, to_json(line)[:-1], row.section, judgement.status, period)


_SAID: Final = ("code", "name_vi", "name_en", "section", "clause", "kind", "unit", "direction", "source")


def _figures(progress: Progress) -> dict[str, Any]:
    """Return the figures, what they are made of, and how many stand behind them."""
    gathered, figures = progress.gathered, progress.figures
    return {
        **figure_fields(figures, progress.measure),
        "measure": progress.measure.value,
        "measured": None if progress.value is None else plain(shown(progress.value)),
        "breakdown": {} if figures is None else {name: plain(value) for name, value in figures.breakdown.items()},
        "periods": [] if gathered is None else gathered.periods,
        "missing_periods": [] if gathered is None else gathered.missing,
        "counted": progress.coverage.counted,
        "expected": progress.coverage.expected,
        "population_counted": _plain(progress.population.counted),
        "population_expected": _plain(progress.population.expected),
        "counting_methods": progress.methods,
        "computed_at": None if gathered is None else gathered.held.computed_at,
    }


def _target(version: TargetVersion) -> dict[str, Any]:
    vi, en = COMPARATORS[version.comparator]
    return {
        "number": version.number,
        "comparator": version.comparator,
        "comparator_vi": vi,
        "comparator_en": en,
        "value": _plain(version.value),
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "minimum_coverage": _plain(version.minimum_coverage),
    }


def _plain(value: Any) -> str | None:
    return None if value is None else plain(value)
