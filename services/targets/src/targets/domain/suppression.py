"""Which counts of persons a publication leaves out, so that no small one can be read or worked out by subtracting.

Primary: a count of 1 to k - 1, the difference to an earlier publication being one too. Secondary, the hypercube method
(Repsilber; S. Giessing in the "Handbook on Statistical Disclosure Control", 4.4.4): for each such cell four corners of
a rectangle are left out, between which persons could be shifted without touching anything that is shown, until the
cell held k or more. That other table is as possible as the true one, so no reader can rule it out, by sums, by
intervals or otherwise; and any sum of cells left out that includes the small one is at least k itself.

Where no rectangle is found, nothing new of the table is shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from targets.domain.disclosure_table import Axis, Cell, Table

_MOST_PARTNERS: Final = 24
"""How many rows and columns are tried as the rectangle's other side, the best first."""
_IMPOSSIBLE: Final = (1_000_000, Decimal(0))


@dataclass(frozen=True, slots=True)
class SmallCellRule:
    """Below `threshold` a count of persons is small; zero is nobody, and shown unless the rule hides it too."""

    threshold: int
    zero_shown: bool
    source_vi: str
    source_en: str
    confirmed: bool
    """Whether an instrument in force in Viet Nam says so."""

    def is_small(self, value: Decimal) -> bool:
        """Say whether a count, or the difference of two, stands for too few persons."""
        return 0 < abs(value) < self.threshold or (value == 0 and not self.zero_shown)


@dataclass(frozen=True, slots=True)
class Release:
    """An earlier publication of the same indicator and period: the true counts then, and what was left out."""

    cells: Mapping[Cell, Decimal]
    hidden: frozenset[Cell]


def hide(
    table: Table, rule: SmallCellRule, earlier: Sequence[Release] = (), *, secondary: bool = True
) -> frozenset[Cell]:
    """Return the cells to leave out; `secondary=False` leaves the small ones out and nothing else (never publish that).

    What an earlier publication left out stays left out, or it could be worked out there.
    """
    small = {cell for cell, value in table.cells.items() if rule.is_small(value) and (value or cell in table.shown)}
    moved = {cell for release in earlier for cell in _slightly_moved(table, rule, release)}
    hidden = small | moved | {cell for release in earlier for cell in release.hidden if cell in table.cells}
    if not secondary:
        return frozenset(hidden)
    cover = _Cover(table, hidden, known=_known(table, earlier))
    k = Decimal(rule.threshold)
    for cell in sorted(small | moved):
        shift = 2 * k if cell in moved else k - table.cells[cell]
        if not cover.protect(cell, shift):
            return _everything_new(table, cover.known)
    if any(_slightly_moved_rests(table, rule, release, cover.hidden) for release in earlier):
        return _everything_new(table, cover.known)
    return frozenset(cover.hidden)


def _slightly_moved(table: Table, rule: SmallCellRule, release: Release) -> Iterator[Cell]:
    """Find what was shown before and differs by too few persons now."""
    for cell, value in table.cells.items():
        before = release.cells.get(cell)
        if before is not None and cell not in release.hidden and before != value and rule.is_small(value - before):
            yield cell


def _slightly_moved_rests(table: Table, rule: SmallCellRule, release: Release, hidden: set[Cell]) -> bool:
    """Say whether the sum of what is left out under some total differs from the earlier one by too few persons."""
    for whole, parts in table.sums:
        if whole in hidden or whole in release.hidden or whole not in release.cells:
            continue
        rest = [part for part in parts if part in hidden]
        if any(part not in release.cells or (part in hidden) != (part in release.hidden) for part in parts):
            continue
        change = sum((table.cells[part] - release.cells[part] for part in rest), Decimal(0))
        if change and rule.is_small(change):
            return True
    return False


def _known(table: Table, earlier: Sequence[Release]) -> frozenset[Cell]:
    """Return what a reader has already, unchanged: leaving it out protects nothing."""
    return frozenset(
        cell
        for release in earlier
        for cell, value in release.cells.items()
        if cell not in release.hidden and table.cells.get(cell) == value
    )


def _everything_new(table: Table, known: frozenset[Cell]) -> frozenset[Cell]:
    return frozenset(table.cells.keys() - known)


class _Cover:
    """Grows the set of cells left out, one rectangle at a time."""

    def __init__(self, table: Table, hidden: set[Cell], *, known: frozenset[Cell]) -> None:
        self._table = table
        self.hidden = hidden
        self.known = known - hidden

    def protect(self, cell: Cell, shift: Decimal) -> bool:
        """Leave the cheapest rectangle around a cell out; False when there is none."""
        best: tuple[tuple[int, Decimal], list[Cell]] | None = None
        for up, down in self._rectangles(cell, shift):
            price = self._price(up, down, shift)
            if price is not None and (best is None or price < best[0]):
                best = price, [*up, *down]
            if best is not None and best[0][0] == 0:
                break
        if best is None:
            return False
        self.hidden.update(best[1])
        return True

    def _rectangles(self, cell: Cell, shift: Decimal) -> Iterator[tuple[list[Cell], list[Cell]]]:
        """Offer the corners that would gain and those that would lose persons, the mildest first."""
        row, column = cell
        rows, columns = self._table.rows, self._table.columns
        for other_row in self._partners(rows, row, [(name, column) for name in rows.group_of(row)], shift):
            for other_column in self._partners(columns, column, [(row, n) for n in columns.group_of(column)], shift):
                gaining_rows = self._chain(rows, row, other_row is None, [(column, True)], shift)
                losing_rows = self._chain(rows, other_row, False, [(column, False)], shift) if other_row else []
                along = [(name, True) for name in gaining_rows] + [(name, False) for name in losing_rows]
                gaining = self._chain(columns, column, other_column is None, along, shift, across=True)
                against = [(name, not gains) for name, gains in along]
                losing = self._chain(columns, other_column, False, against, shift, across=True) if other_column else []
                up = [(r, c) for r in gaining_rows for c in gaining] + [(r, c) for r in losing_rows for c in losing]
                down = [(r, c) for r in gaining_rows for c in losing] + [(r, c) for r in losing_rows for c in gaining]
                yield up, down

    def _partners(self, axis: Axis, name: str, cells: Iterable[Cell], shift: Decimal) -> list[str | None]:
        """Return what could lose persons instead, best first, and at last nobody: then the sums above are left out."""
        usable = [
            (self._cost(cell), self._table.cells[cell], cell)
            for cell in cells
            if cell in self._table.cells and cell not in self.known and self._table.cells[cell] >= shift
        ]
        position = 0 if axis is self._table.rows else 1
        names: list[str | None] = [cell[position] for _, _, cell in sorted(usable) if cell[position] != name]
        return [*names[:_MOST_PARTNERS], None]

    def _chain(
        self,
        axis: Axis,
        name: str,
        to_the_top: bool,
        along: Sequence[tuple[str, bool]],
        shift: Decimal,
        *,
        across: bool = False,
    ) -> list[str]:
        """Return a name with one name of each set below it and, `to_the_top`, all above it: what a shift there moves.

        `along` lists the lines of the other axis it is moved on, and whether they gain there.
        """

        def price(part: str) -> tuple[int, Decimal]:
            cells = [((line, part) if across else (part, line), gains) for line, gains in along]
            found = self._price([c for c, gains in cells if gains], [c for c, gains in cells if not gains], shift)
            return found or _IMPOSSIBLE

        tops = [name]
        while to_the_top and (above := axis.parents[tops[-1]]) is not None:
            tops.append(above)
        chain = list(tops)
        for top in tops:
            for group in axis.groups.get(top, ()):
                if not any(part in chain for part in group):
                    chain += self._chain(axis, min(group, key=price), False, along, shift, across=across)
        return chain

    def _price(self, up: Iterable[Cell], down: Iterable[Cell], shift: Decimal) -> tuple[int, Decimal] | None:
        """Return what leaving these out would cost, or None when they cannot take the shift."""
        cells = self._table.cells
        losing, gaining = set(down), set(up)
        if any(cell not in cells or cell in self.known for cell in losing | gaining):
            return None
        if any(cells[cell] < shift for cell in losing):
            return None
        new = [cell for cell in losing | gaining if cell not in self.hidden]
        return sum(map(self._cost, new)), sum((cells[cell] for cell in new), Decimal(0))

    def _cost(self, cell: Cell) -> int:
        """Sums are worth more than parts: each set of parts below a cell makes it ten times dearer."""
        if cell in self.hidden:
            return 0
        row, column = cell
        below = len(self._table.rows.groups.get(row, ())) * 2 + bool(self._table.columns.groups.get(column))
        return int(10**below) if cell in self._table.shown else 1
