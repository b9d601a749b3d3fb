"""What readers can work out between the periods of one indicator: by adding published ones up, and by subtracting.

A figure gathered from shorter periods is their exact sum, organisation by organisation, and says which it is made of.
Whoever also has some of them has the sum of the others. Of a level the last period alone stands for the longer one: it
is the same figure under another name, and stands in the table of its own period.

Other longer and shorter periods are reported each by itself; readers may still take one for the sum of the others.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from targets.domain.disclosure_table import REST, Cell, Table, table_of
from targets.domain.figures import EXACT, Figures
from targets.domain.periods import parse_period
from targets.domain.snapshot import WHOLE, Content, Figure
from targets.domain.suppression import Release

MadeOf = frozenset[str]
Chosen = Callable[[str], Sequence["Told"]]
"""Which publications are taken together, organisation by organisation."""


@dataclass(frozen=True)
class Block:
    """The figures of one indicator and period, by organisation, with the periods each is made of."""

    indicator: str
    period: str
    first_day: date
    last_day: date
    figures: Mapping[str, Figures]
    made_of: Mapping[str, MadeOf]
    above: Mapping[str, str | None]
    """The organisation each is summed up in."""

    @property
    def name(self) -> str:
        """Return what it is called among the blocks of a snapshot."""
        return f"{self.indicator}_{self.period}"

    @cached_property
    def what(self) -> tuple[str, frozenset[tuple[str, MadeOf]]]:
        """Return what it is of: its period, and of figures gathered the periods they are made of."""
        return self.period, frozenset((row, periods) for row, periods in self.made_of.items() if self.gathered(row))

    @cached_property
    def table(self) -> Table:
        """Return the table of its counts."""
        return table_of(self.figures, self.above)

    def gathered(self, row: str) -> bool:
        """Say whether a figure was made of shorter periods."""
        return self.made_of.get(row, frozenset((self.period,))) != {self.period}

    def within(self, outer: "Block") -> bool:
        """Say whether its days lie in another period's."""
        apart = self.period != outer.period
        return apart and outer.first_day <= self.first_day and self.last_day <= outer.last_day

    def overlaps(self, other: "Block") -> bool:
        """Say whether the two share a day."""
        return self.first_day <= other.last_day and other.first_day <= self.last_day


@dataclass(frozen=True)
class Told:
    """A block as it was published: its true counts, and what was left out."""

    block: Block
    release: Release

    @cached_property
    def silent(self) -> bool:
        """Say whether nothing of it was shown."""
        return self.release.hidden >= self.block.table.shown


def block_name(content: Content, figure: Figure) -> str:
    """Return the name of the block a figure stands in."""
    return f"{figure.indicator}_{_period_of(content, figure)}"


def blocks_of(content: Content) -> list[Block]:
    """Return the blocks of the indicators that count persons, shorter periods first."""
    days = {(part.indicator, part.period): (part.first_day, part.last_day) for part in content.parts}
    counting = {one.code for one in content.indicators if one.small_cells}
    found: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in content.figures.values():
        if figure.indicator in counting and figure.figures is not None:
            key = figure.indicator, _period_of(content, figure)
            found.setdefault(key, {})[figure.organisation] = figure
    blocks = []
    for (indicator, period), rows in found.items():
        first, last = days.get((indicator, period)) or _days(period)
        made_of = {name: frozenset(one.periods or (one.period,)) for name, one in rows.items()}
        figures = {name: one.figures for name, one in rows.items() if one.figures is not None}
        blocks.append(Block(indicator, period, first, last, figures, made_of, _above(content, made_of)))
    return sorted(blocks, key=lambda one: (one.last_day - one.first_day, one.last_day))


def _period_of(content: Content, figure: Figure) -> str:
    if len(figure.periods) == 1 and content.aggregation(figure.indicator) == "last":
        return figure.periods[0]
    return figure.period


def _days(code: str) -> tuple[date, date]:
    span = parse_period(code)
    return span.first_day, span.last_day


def _above(content: Content, made_of: Mapping[str, MadeOf]) -> dict[str, str | None]:
    """Return the organisation each is summed up in: the next one above, if that is made of the same periods or more."""
    found: dict[str, str | None] = {}
    for name, periods in made_of.items():
        at = None if name == WHOLE else content.places[name].parent
        while at is not None and at not in made_of:
            at = content.places[at].parent
        at = at if at is not None or name == WHOLE or WHOLE not in made_of else WHOLE
        found[name] = at if at is not None and periods <= made_of[at] else None
    return found


def worked_out(block: Block, told: Sequence[Told]) -> Iterator[Release]:
    """Yield what a reader could take a block's figures for, from published periods around it and within it."""
    inside = _inside(block, told)
    found = _combined(None, block.figures, inside)
    if found.cells:
        yield found
    for around in told:
        rows = [row for row in around.block.figures if _contains(around.block, block, row)]
        if rows:
            yield _combined(around.release, rows, _beside(block, around.block, told))


def remainders(block: Block, told: Sequence[Told]) -> Iterator[Table]:
    """Yield the counts that come out when published figures are taken from those gathered from them.

    They are counts of the periods nobody published by themselves, and as small as those may be.
    """
    gathered = [row for row in block.figures if block.gathered(row)]
    yield from _left(block, gathered, _inside(block, told))


def sums_around(block: Block, told: Sequence[Told]) -> Iterator[tuple[Table, frozenset[Cell]]]:
    """Yield what would be left of sums published before, once a block in them is too, and what they left out."""
    for one in told:
        around = one.block
        if not any(_is_sum(around, block, row) for row in block.made_of.keys() & around.made_of.keys()):
            continue
        rows = [
            row
            for row in around.figures
            if around.gathered(row) and (row not in block.figures or _is_sum(around, block, row))
        ]
        for table in _left(around, rows, _and_itself(_beside(block, around, told), block)):
            yield table, one.release.hidden


def _and_itself(beside: Chosen, block: Block) -> Chosen:
    itself = Told(block, Release(block.table.cells, frozenset()))
    return lambda row: [*beside(row), itself]


def _inside(block: Block, told: Sequence[Told]) -> Chosen:
    calendar = _apart(one for one in told if one.block.within(block))

    def chosen(row: str) -> Sequence[Told]:
        if not block.gathered(row):
            return calendar
        return _disjoint(row, block.made_of[row], told)

    return chosen


def _is_sum(around: Block, block: Block, row: str) -> bool:
    """Say whether an organisation's figure is the exact sum of what it is in a block, and of other periods."""
    return around.gathered(row) and block.made_of.get(row, frozenset((block.period,))) <= around.made_of[row]


def _contains(around: Block, block: Block, row: str) -> bool:
    return block.within(around) or _is_sum(around, block, row)


def _beside(block: Block, around: Block, told: Sequence[Told]) -> Chosen:
    others = [one for one in told if one.block is not around]
    calendar = _apart(one for one in others if one.block.within(around) and not one.block.overlaps(block))

    def chosen(row: str) -> Sequence[Told]:
        if not around.gathered(row) or (row in block.made_of and not _is_sum(around, block, row)):
            return calendar
        return _disjoint(row, around.made_of[row] - block.made_of.get(row, frozenset()), others)

    return chosen


def _disjoint(row: str, periods: MadeOf, told: Iterable[Told]) -> list[Told]:
    """Return publications made of some of these periods, none counted twice, those of the most periods first.

    One that showed nothing can be taken from nothing: its counts stay in what is left.
    """
    kept, left = [], set(periods)
    usable = [one for one in told if row in one.block.made_of and not one.silent]
    for one in sorted(usable, key=lambda found: -len(found.block.made_of[row])):
        if one.block.made_of[row] <= left:
            left -= one.block.made_of[row]
            kept.append(one)
    return kept


def _apart(told: Iterable[Told]) -> list[Told]:
    """Keep periods that do not overlap, the longest first."""
    kept: list[Told] = []
    for one in sorted(told, key=lambda found: (found.block.first_day - found.block.last_day, found.block.first_day)):
        if not any(one.block.overlaps(other.block) for other in kept):
            kept.append(one)
    return kept


def _combined(whole: Release | None, rows: Iterable[str], chosen: Chosen) -> Release:
    """Return the sum of the parts, or what is left of the whole without them; hidden wherever one of them is."""
    wanted = set(rows)
    cells: dict[Cell, Decimal] = {}
    hidden: set[Cell] = set()
    if whole is not None:
        cells = {cell: value for cell, value in whole.cells.items() if _row(cell) in wanted}
        hidden = {cell for cell in whole.hidden if _row(cell) in wanted}
    for one, taken in _by_publication(wanted, chosen):
        hidden |= {cell for cell in one.release.hidden if _row(cell) in taken}
        for cell, value in one.release.cells.items():
            if _row(cell) in taken:
                cells[cell] = cells.get(cell, Decimal(0)) + (-value if whole else value)
    return Release(cells, frozenset(hidden))


def _by_publication(rows: Iterable[str], chosen: Chosen) -> list[tuple[Told, set[str]]]:
    found: dict[int, tuple[Told, set[str]]] = {}
    for row in rows:
        for one in chosen(row):
            found.setdefault(id(one), (one, set()))[1].add(row)
    return list(found.values())


def _row(cell: Cell) -> str:
    """Return the organisation a cell is of; what is missing to its sum is of it too."""
    return cell[0].removesuffix(REST)


def _left(around: Block, rows: Sequence[str], chosen: Chosen) -> Iterator[Table]:
    left: dict[str, Figures] = {}
    taken = False
    for row in rows:
        parts = [one.block.figures[row] for one in chosen(row) if row in one.block.figures]
        taken = taken or bool(parts)
        left[row] = _less(around.figures[row], parts)
    values = [value for one in left.values() for value in _values(one)]
    # Below zero where something was corrected since: then it is no sum any more, and held against as a change.
    if taken and any(values) and min(values) >= 0:
        yield table_of(left, around.above)


def _less(whole: Figures, parts: Sequence[Figures]) -> Figures:
    numerator, denominator, breakdown = whole.numerator, whole.denominator, dict(whole.breakdown)
    for part in parts:
        numerator = EXACT.subtract(numerator, part.numerator)
        if denominator is not None and part.denominator is not None:
            denominator = EXACT.subtract(denominator, part.denominator)
        for name, value in part.breakdown.items():
            breakdown[name] = EXACT.subtract(breakdown.get(name, Decimal(0)), value)
    return Figures(numerator, denominator, breakdown)


def _values(one: Figures) -> Iterator[Decimal]:
    yield one.numerator
    yield from one.breakdown.values()
    if one.denominator is not None:
        yield one.denominator
        yield EXACT.subtract(one.denominator, one.numerator)
