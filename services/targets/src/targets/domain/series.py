"""The figures of one organisation over the periods, as reported then or restated; each point says why it is empty."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from targets.domain.lineage import Body, Lineage
from targets.domain.restated_figures import Piece, Restated, Sums, less, restate
from targets.domain.restating import Restating, Source
from targets.domain.series_wording import AFTER_DAY, ENDED, NOT_BEGUN, NOT_EXPECTED, NOTHING_REPORTED, SHARE_UNKNOWN


@dataclass(frozen=True, slots=True)
class PeriodRows:
    """The stored figures of one period: of the whole, and of those organisations asked for that have some."""

    code: str
    last_day: date
    whole: Sums
    rows: Mapping[UUID, Sums]
    below: Mapping[UUID, Sums]
    """What lies below those whose own figures are wanted apart from it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Figures to be shown: what they are, or the reason why there are none, and who had them then instead."""

    sums: Sums
    reason: str | None = None
    instead: tuple[Body, ...] = ()
    restated: Restated | None = None

    @property
    def has_value(self) -> bool:
        """Say whether the sums are the value; with an unknown share they are only the part that is known."""
        return self.reason is None


NOTHING = Sums()


def of_whole(sums: Sums) -> Shown:
    """Return the figures of the whole, which are the same however its parts were restructured."""
    return Shown(sums, None if sums.counted else NOTHING_REPORTED)


def as_reported(lineage: Lineage, body: Body, sums: Sums | None, last_day: date) -> Shown:
    """Return the figures of an organisation as it reported them, or why there are none of that period."""
    if sums is not None:
        return of_whole(sums)
    if body.stands_on(last_day):
        return Shown(NOTHING, NOT_EXPECTED)
    reason = NOT_BEGUN if body.span.begins_after(last_day) else ENDED
    return Shown(NOTHING, reason, tuple(lineage.standing_for(body.id, last_day)))


def restated(found: Restated, last_day: date, day: date) -> Shown:
    """Return the figures an organisation has on a day of what was reported for a period."""
    if last_day > day:
        return Shown(NOTHING, AFTER_DAY)
    if found.unknown:
        return Shown(found.known, SHARE_UNKNOWN, restated=found)
    reason = None if found.known.counted else NOTHING_REPORTED if found.known.expected else NOT_EXPECTED
    return Shown(found.known, reason, restated=found)


def pieces(restating: Restating, sources: Iterable[Source], period: PeriodRows) -> Restated:
    """Return what the sources of an organisation make of one period."""
    given = []
    for source in sources:
        own = period.rows.get(source.organisation_id)
        if own is None:
            continue
        below = period.below.get(source.organisation_id)
        unit = restating.lineage.bodies[source.organisation_id].unit_id
        given.append(Piece(source, unit, own if below is None else less(own, [below])))
    return restate(given)
