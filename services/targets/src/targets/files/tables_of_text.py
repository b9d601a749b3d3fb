"""What every file of values is read into: a header and rows of text cells, with the line each came from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 40


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that has no text of its own; `code` says why (a formula, a date, true or false …)."""

    code: str


Cell = str | Unreadable
Row = tuple[int, list[Cell]]


@dataclass(frozen=True, slots=True)
class TextTable:
    """A file as a header and rows; `rows` begins anew at every call, so nobody has to keep them all."""

    header: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
