"""One indicator's counts of persons as a table whose sums people can subtract: organisations × measures.

Rows form a tree (city → communes → …): what a row holds is the sum of the rows below it. Columns form one too:
denominator = numerator + those not in the numerator, and numerator = the sum of each dimension of its breakdown.
Whatever is missing to such a sum (units without a breakdown, a body's own figures beside those below it) is a cell of
its own, because whoever subtracts finds it, shown or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Final

from targets.domain.figures import EXACT, Figures, add

NUMERATOR: Final = "numerator"
DENOMINATOR: Final = "denominator"
OTHERS: Final = "others"
"""Those counted in the denominator and not in the numerator."""
REST: Final = "~rest"
"""Ends the name of a row or column nobody shows: what is missing to a sum."""
Cell = tuple[str, str]
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A forest of names; `groups` are the sets of names below one that each add up to it."""

    parents: Mapping[str, str | None]
    groups: Mapping[str, tuple[tuple[str, ...], ...]]

    def group_of(self, name: str) -> tuple[str, ...]:
        """Return the names that add up to the same sum, with the name itself; empty for a root."""
        above = self.parents[name]
        if above is None:
            return ()
        return next(group for group in self.groups[above] if name in group)


@dataclass(frozen=True)
class Table:
    """Counts by row and column; what is absent was not reported and counts as nothing in a sum."""

    rows: Axis
    columns: Axis
    cells: Mapping[Cell, Decimal]
    sums: tuple[tuple[Cell, tuple[Cell, ...]], ...] = field(init=False)
    """Every sum that holds: the whole, and the parts."""

    def __post_init__(self) -> None:
        """Work out the sums once; parts nobody reported are left out."""
        object.__setattr__(self, "sums", tuple(self._find_sums()))

    def _find_sums(self) -> list[tuple[Cell, tuple[Cell, ...]]]:
        found = []
        for row, column in self.cells:
            down = [tuple((part, column) for part in group) for group in self.rows.groups.get(row, ())]
            across = [tuple((row, part) for part in group) for group in self.columns.groups.get(column, ())]
            for parts in (*down, *across):
                there = tuple(part for part in parts if part in self.cells)
                if there:
                    found.append(((row, column), there))
        return found

    @cached_property
    def shown(self) -> frozenset[Cell]:
        """The cells that stand in a publication unless they are hidden; the others only follow from them."""
        return frozenset(
            (row, column)
            for row, column in self.cells
            if not row.endswith(REST) and not column.endswith(REST) and column != OTHERS
        )


def table_of(figures: Mapping[str, Figures], parents: Mapping[str, str | None]) -> Table:
    """Return the table of an indicator's figures by row; `parents` names the row above each, None at the top."""
    dimensions = sorted({name for one in figures.values() for name in one.breakdown})
    cells = {
        (row, column): value for row, one in figures.items() for column, value in _measures(one, dimensions).items()
    }
    columns = _columns(cells, figures, _grouped(dimensions))
    rows = _rows(cells, figures, parents)
    return Table(rows, columns, cells)


def _measures(one: Figures, names: Sequence[str]) -> dict[str, Decimal]:
    found = {NUMERATOR: one.numerator, **{name: one.breakdown[name] for name in names if name in one.breakdown}}
    if one.denominator is not None:
        found[DENOMINATOR] = one.denominator
    return found


def _grouped(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the categories by dimension: a key is `category` or `dimension.category`."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rpartition(".")[0], []).append(name)
    return {dimension: tuple(members) for dimension, members in found.items()}


def _columns(
    cells: dict[Cell, Decimal], figures: Mapping[str, Figures], dimensions: Mapping[str, tuple[str, ...]]
) -> Axis:
    """Add what is missing to the sums across; a dimension whose categories overlap adds up to nothing."""
    parents: dict[str, str | None] = {NUMERATOR: None, DENOMINATOR: None}
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    for dimension, members in dimensions.items():
        parents |= dict.fromkeys(members, None)
        rest = {row: EXACT.subtract(cells[row, NUMERATOR], _sum(cells, row, members)) for row in figures}
        if min(rest.values()) < 0:
            continue
        column = dimension + REST
        cells |= {(row, column): value for row, value in rest.items() if value}
        parents |= dict.fromkeys((*members, column), NUMERATOR)
        groups[NUMERATOR] = (*groups.get(NUMERATOR, ()), (*members, column))
    whole = {row: one.denominator for row, one in figures.items() if one.denominator is not None}
    others = {row: EXACT.subtract(value, cells[row, NUMERATOR]) for row, value in whole.items()}
    if whole and len(whole) == len(figures) and min(others.values()) >= 0:
        cells |= {(row, OTHERS): value for row, value in others.items()}
        parents |= {NUMERATOR: DENOMINATOR, OTHERS: DENOMINATOR}
        groups[DENOMINATOR] = ((NUMERATOR, OTHERS),)
    return Axis(parents, groups)


def _sum(cells: Mapping[Cell, Decimal], row: str, members: Sequence[str]) -> Decimal:
    return add(cells[row, name] for name in members if (row, name) in cells)


def _rows(cells: dict[Cell, Decimal], figures: Mapping[str, Figures], parents: Mapping[str, str | None]) -> Axis:
    """Add what is missing to the sums down; where less stands above than below, nothing adds up."""
    below: dict[str, list[str]] = {}
    for row in sorted(figures):
        above = parents.get(row)
        if above is not None and above in figures:
            below.setdefault(above, []).append(row)
    kept: dict[str, str | None] = dict.fromkeys(figures, None)
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    for above, members in below.items():
        columns = [column for row, column in cells if row == above]
        rest = {
            column: EXACT.subtract(cells[above, column], add(cells.get((row, column), _NOTHING) for row in members))
            for column in columns
        }
        if min(rest.values()) < 0:
            continue
        row = above + REST
        cells |= {(row, column): value for column, value in rest.items() if value}
        kept |= dict.fromkeys((*members, row), above)
        groups[above] = ((*members, row),)
    return Axis(kept, groups)
