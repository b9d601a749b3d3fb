"""What a document is made of, whatever its format: every run of text may carry the address of its source."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text; `link` is where it comes from."""

    text: str
    link: str | None = None
    bold: bool = False
    italic: bool = False


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, or with `bullet` one point of a list."""

    runs: Runs
    bullet: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a header; `weights` are the relative widths of its columns."""

    header: tuple[str, ...]
    rows: tuple[tuple[Runs, ...], ...]
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: its length out of the chart's `full`, and a mark where the target stands."""

    label: str
    value: Run
    length: Decimal
    mark: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart."""

    title: str
    full: Decimal
    bars: tuple[Bar, ...]


Block = Heading | Paragraph | Grid | Chart


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole document: its head as Vietnamese official documents have it, then blocks."""

    language: str
    authority: tuple[str, ...]
    motto: tuple[str, ...]
    number: Run
    place_and_date: str
    kind: str
    title: str
    notice: str | None
    blocks: Sequence[Block] = field(default_factory=tuple)


def plain_text(*words: str) -> Runs:
    """Return text without a source of its own."""
    return tuple(Run(word) for word in words)
