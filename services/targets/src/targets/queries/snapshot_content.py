"""A snapshot's content as it is stored: JSON, with one hash for one content."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from pydantic import TypeAdapter

from targets.domain.public_view import Hidden
from targets.domain.snapshot import WHOLE, Content, Figure, IndicatorFacts, Part, Place, ReportBehind
from targets.domain.suppression import SmallCellRule

_CONTENT: Final = TypeAdapter(Content)
_FIGURE: Final = TypeAdapter(Figure)
_INDICATOR: Final = TypeAdapter(IndicatorFacts)
_PART: Final = TypeAdapter(Part)
_RULE: Final = TypeAdapter(SmallCellRule)
_PLACES: Final = TypeAdapter(dict[str, Place])
_REPORTS: Final = TypeAdapter(list[ReportBehind])


_SINCE_2: Final[Any] = {
    "indicators": {"__all__": {"time_aggregation"}},
    "figures": {
        "__all__": {
            **dict.fromkeys(("measure", "allocated", "periods", "missing_periods"), True),
            "verdict": {"decided_by", "against_whole"},
            "reports": {"__all__": {"period"}},
        }
    },
}
"""What format 1 did not have: left out again, so that what was frozen in it keeps its hash."""


def to_json(content: Content) -> dict[str, Any]:
    """Return a content as it is stored, in the format it has."""
    exclude = _SINCE_2 if content.format == 1 else None
    stored: dict[str, Any] = _CONTENT.dump_python(content, mode="json", exclude=exclude)
    return stored


def from_json(stored: Any) -> Content:
    """Return a stored content."""
    return _CONTENT.validate_python(stored)


def hash_of(stored: dict[str, Any]) -> str:
    """Return the SHA-256 of a stored content: of its JSON with sorted keys and nothing between them, in UTF-8."""
    return hashlib.sha256(canonical(stored)).hexdigest()


def canonical(stored: dict[str, Any]) -> bytes:
    """Return the bytes that are hashed."""
    return json.dumps(stored, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def hidden_to_json(hidden: Hidden) -> dict[str, list[list[str]]]:
    """Return what a publication leaves out as it is stored."""
    return {name: sorted(list(cell) for cell in cells) for name, cells in hidden.items()}


def hidden_from_json(stored: dict[str, list[list[str]]]) -> Hidden:
    """Return what a publication left out."""
    return {name: frozenset((row, column) for row, column in cells) for name, cells in stored.items()}


@dataclass(frozen=True, slots=True)
class FrozenFigure:
    """One figure with what explains it; its reports are all those at or below its organisation."""

    figure: Figure
    indicator: IndicatorFacts
    part: Part
    rule: SmallCellRule
    organisation: tuple[str, str] | None
    """Id and name, None for the whole."""

    @classmethod
    def of(cls, row: Any) -> Self:
        """Read what `queries.snapshots` found."""
        figure = _FIGURE.validate_python(row.figure)
        places = _PLACES.validate_python(row.places)
        behind = [
            one
            for one in _REPORTS.validate_python(row.reports or [])
            if figure.organisation in (WHOLE, *_path(places, one.organisation_id))
            and (one.period is None or one.period in figure.periods)
        ]
        whole = figure.organisation == WHOLE
        return cls(
            figure=replace(figure, reports=tuple(behind)),
            indicator=_INDICATOR.validate_python(row.indicator),
            part=_PART.validate_python(row.part),
            rule=_RULE.validate_python(row.rule),
            organisation=None if whole else (figure.organisation, places[figure.organisation].name),
        )


def _path(places: dict[str, Place], organisation: str) -> Iterator[str]:
    """Yield an organisation and everything above it."""
    at: str | None = organisation
    while at is not None and at in places:
        yield at
        at = places[at].parent
