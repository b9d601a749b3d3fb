"""Judges everything a snapshot copies, by the rule and with the inputs every other surface judges with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from targets.domain.freezing import figure_of, part_of
from targets.domain.periods import Period, PeriodKind
from targets.domain.progress import Asked, Progress, assess, expected_by_period, stands_for_all
from targets.domain.snapshot import Figure, Part, ReportBehind
from targets.domain.time_aggregation import parts_of
from targets.queries.event_items import told_by_nobody
from targets.queries.judging import NOTHING_KNOWN, Known, asked_about, target_on
from targets.queries.snapshot_sources import Sources


@dataclass(frozen=True)
class Judging:
    """The rows read, by what they are asked for."""

    sources: Sources
    today: date

    def freeze(self, indicator: Any, span: Period, versions: Sequence[Any]) -> tuple[Part, list[Figure]]:
        """Return an indicator in a period with the figures of the whole and of every place that has some or owes them.

        The whole is always there: that nothing is known of it is said too.
        """
        one = _Judged(self, indicator, span, versions)
        return one.part(), [one.figure(place, known) for place, known in one.places()]

    @cached_property
    def known(self) -> Mapping[UUID, Mapping[UUID | None, Known]]:
        """What is known, by indicator and place, the whole first."""
        found: dict[UUID, dict[UUID | None, Known]] = {row.id: {None: NOTHING_KNOWN} for row in self.sources.indicators}
        for (indicator_id, place), known in self.sources.known.items():
            found[indicator_id][place] = known
        return found

    @cached_property
    def opened(self) -> Mapping[tuple[UUID, str], Any]:
        """The periods opened for reports, by indicator and code."""
        return {(row.indicator_id, row.code): row for row in self.sources.periods}

    @cached_property
    def owed(self) -> Mapping[UUID, Mapping[UUID, Any]]:
        """Who owes a report, by period, with the approved one if any."""
        found: dict[UUID, dict[UUID, Any]] = {}
        for row in self.sources.reports:
            found.setdefault(row.period_id, {})[row.organisation_id] = row
        return found

    @cached_property
    def depths(self) -> Mapping[UUID, int]:
        """How far below the top each organisation stands; the top is 1."""
        return {row.id: len(row.path) for row in self.sources.organisations}


class _Judged:
    """One indicator in one period."""

    def __init__(self, judging: Judging, indicator: Any, span: Period, versions: Sequence[Any]) -> None:
        self._all = judging
        self._indicator = indicator
        self._span = span
        self._versions = versions
        self._target = target_on(versions, span.last_day)
        self._known = judging.known[indicator.id]
        self._silent = told_by_nobody(indicator.code)
        self._asked: dict[tuple[bool, Decimal | None], Asked] = {}
        self._whole = self._assess(None, self._known[None])
        self._whole_expected = expected_by_period(self._known[None])

    def places(self) -> Iterator[tuple[UUID | None, Known]]:
        """Yield the whole, and every organisation of which something is known in the period or in parts of it."""
        codes = {part.code for kind in PeriodKind for part in parts_of(self._span, kind)}
        for place, known in self._known.items():
            there = codes & known.keys()
            if place is None or self._span.code in there or any(known[code].figures for code in there):
                yield place, known

    def part(self) -> Part:
        """Return the part without its figures."""
        indicator, period = self._indicator, self._all.opened.get((self._indicator.id, self._span.code))
        opened = period.status if period else "not_opened"
        status = opened if indicator.source == "reports" else "computed"
        missing = dict.fromkeys(
            row.organisation_id for code in self._made_of() for row in self._owed(code).values() if row.id is None
        )
        return part_of(indicator, self._span, status, self._target, missing)

    def figure(self, place: UUID | None, known: Known) -> Figure:
        """Return the figures of the whole or of an organisation, judged."""
        span, indicator = self._span, self._indicator
        progress = self._whole if place is None else self._assess(place, known)
        return figure_of(
            indicator,
            span,
            place,
            progress,
            own=known.get(span.code),
            silent=self._silent,
            allocated=self._allocated(place),
            reports=list(self._reports(place, progress)),
            disputed=self._all.sources.disputes.within(indicator.id, span.first_day, span.last_day, place),
        )

    def _assess(self, place: UUID | None, known: Known) -> Progress:
        whole = place is None or stands_for_all(
            self._all.depths.get(place), known, self._whole_expected, self._span, self._indicator.time_aggregation
        )
        by = whole, self._allocated(place)
        if by not in self._asked:
            self._asked[by] = asked_about(self._indicator, self._versions, self._span, is_whole=whole, allocated=by[1])
        return assess(known, self._span, self._asked[by], today=self._all.today)

    def _allocated(self, place: UUID | None) -> Decimal | None:
        if place is None or self._target is None:
            return None
        return self._all.sources.allocated.get((self._target.id, place))

    def _made_of(self) -> Sequence[str]:
        """Return the periods whose reports the whole's figures are made of, or lack."""
        gathered = self._whole.gathered
        if gathered is None or (self._indicator.id, self._span.code) in self._all.opened:
            return (self._span.code,)
        return (*gathered.periods, *gathered.missing)

    def _owed(self, code: str) -> Mapping[UUID, Any]:
        period = self._all.opened.get((self._indicator.id, code))
        return {} if period is None else self._all.owed.get(period.id, {})

    def _reports(self, place: UUID | None, progress: Progress) -> Iterator[ReportBehind]:
        if place is None or progress.gathered is None:
            return
        for code in progress.gathered.periods:
            one = self._owed(code).get(place)
            if one is not None and one.id is not None:
                yield ReportBehind(str(one.id), one.version, str(place), code)
