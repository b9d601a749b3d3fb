"""Cells of a row as typed values; every cell that cannot be read is a problem with its column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from servicekit.scalars import read_exact, read_uuid
from servicekit.text import Code, Text
from targets.domain.entering import COUNTING_METHODS
from targets.domain.figures import Figures
from targets.domain.import_lines import Line, Problem
from targets.files.columns import BREAKDOWN, Columns
from targets.files.tables_of_text import Cell, Row, Unreadable

T = TypeVar("T")
_NOTE: Final = Text(max_length=5000, lines=True)
_SOURCE: Final = Text(max_length=300)
_CODES: Final = TypeAdapter[str](Code)
_FILLED: Final = frozenset({"numerator", "denominator", "note"})
"""A row of the template in which none of these was filled in says nothing."""


class _Bad(Exception):
    """A cell cannot be read; `code` is one of the catalogue."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class LineReader:
    """Reads rows under one header; `decimal_comma` when the sender said that "1,5" means one and a half."""

    columns: Columns
    decimal_comma: bool
    deleting: bool

    def read(self, row: Row, problems: list[Problem]) -> Line | None:
        """Return the row, or None when it is blank beside its keys or has problems, which are noted."""
        number, cells = row
        if len(cells) > self.columns.width and any(cells[self.columns.width :]):
            problems.append(Problem.of(number, None, "too_many_cells"))
            return None
        if not self.deleting and not self._is_filled(cells):
            return None
        before = len(problems)
        line = _OneRow(number, cells, self, problems).line()
        return line if len(problems) == before else None

    def _is_filled(self, cells: Sequence[Cell]) -> bool:
        width = len(cells)
        named = (place for name, place in self.columns.places.items() if name in _FILLED)
        places = (*named, *(place for place, _ in self.columns.breakdown))
        return any(place < width and cells[place] for place in places)


@dataclass(slots=True)
class _OneRow:
    number: int
    cells: Sequence[Cell]
    reader: LineReader
    problems: list[Problem]

    def line(self) -> Line:
        identity = self._get("organisation_id", _uuid)
        kind, code = self._get("organisation_kind", _code), self._get("unit_code", _code)
        if identity is None and not (kind and code) and not self.problems_here():
            self._note("organisation_id", "cell_missing")
        return Line(
            number=self.number,
            indicator=self._needed("indicator_code", _code) or "",
            period=self._needed("period", _code) or "",
            organisation_id=identity,
            unit=(kind, code) if kind and code else None,
            figures=None if self.reader.deleting else self._figures(),
            has_breakdown=bool(self.reader.columns.breakdown),
            counting_method=self._get("counting_method", _method),
            denominator_source=self._get("denominator_source", _SOURCE.check),
            note=self._get("note", _NOTE.check),
        )

    def problems_here(self) -> bool:
        """Say whether a problem of this row was noted already."""
        return bool(self.problems) and self.problems[-1].line == self.number

    def _figures(self) -> Figures:
        read = _number_with_comma if self.reader.decimal_comma else _number
        numerator = self._needed("numerator", read)
        denominator = self._get("denominator", read)
        breakdown: dict[str, Decimal] = {}
        for place, key in self.reader.columns.breakdown:
            value = self._at(place, BREAKDOWN + key, read)
            if value is not None:
                breakdown[key] = value
        return Figures(Decimal(0) if numerator is None else numerator, denominator, breakdown)

    def _needed(self, name: str, read: Callable[[str], T]) -> T | None:
        before = len(self.problems)
        value = self._get(name, read)
        if value is None and len(self.problems) == before:
            self._note(name, "cell_missing")
        return value

    def _get(self, name: str, read: Callable[[str], T]) -> T | None:
        place = self.reader.columns.places.get(name)
        return None if place is None else self._at(place, name, read)

    def _at(self, place: int, name: str, read: Callable[[str], T]) -> T | None:
        cell = self.cells[place] if place < len(self.cells) else ""
        try:
            if isinstance(cell, Unreadable):
                raise _Bad(cell.code)
            return read(cell) if cell and not cell.isspace() else None
        except _Bad as bad:
            self._note(name, bad.code)
        except PydanticCustomError:
            self._note(name, "text_invalid")
        return None

    def _note(self, name: str, code: str) -> None:
        self.problems.append(Problem.of(self.number, name, code))


def _number(text: str) -> Decimal:
    try:
        return read_exact(text)
    except PydanticCustomError as error:
        if error.type == "exact_digits":
            raise _Bad("number_digits") from None
        raise _Bad("decimal_comma" if "," in text else "number_invalid") from None


def _number_with_comma(text: str) -> Decimal:
    """Read "1,5"; a point would be one for thousands, or a mistake."""
    if "." in text or text.count(",") > 1:
        raise _Bad("number_invalid")
    return _number(text.replace(",", "."))


@lru_cache(maxsize=4096)
def _uuid(text: str) -> UUID:
    try:
        return read_uuid(text.strip())
    except PydanticCustomError:
        raise _Bad("uuid_invalid") from None


@lru_cache(maxsize=4096)
def _code(text: str) -> str:
    try:
        return _CODES.validate_python(text.strip())
    except ValidationError:
        raise _Bad("code_invalid") from None


def _method(text: str) -> str:
    if text not in COUNTING_METHODS:
        raise _Bad("method_unknown")
    return text
