"""CSV of values: UTF-8, comma or semicolon, quotes as RFC 4180 says; never guessed beyond the header."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from targets.domain.import_refusals import BrokenTable, EmptyFile, NotUtf8, TooManyRows
from targets.files.columns import KEY_COLUMN, normal
from targets.files.tables_of_text import MAX_COLUMNS, MAX_ROWS, Cell, Row, TextTable

_DELIMITERS: Final = (",", ";")
_MAX_HEADER: Final = 10_000


def read_csv(body: bytes) -> TextTable:
    """Return the table. Raises NotUtf8, EmptyFile, BrokenTable or TooManyRows (while rows are read, too).

    The delimiter is the one under which the header holds the column every file has; with another one the header makes
    no sense and is refused by its names.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8 from error
    if "\x00" in text:
        raise NotUtf8
    if not text.strip():
        raise EmptyFile
    line = io.StringIO(text, newline="").readline()
    if len(line) > _MAX_HEADER:
        raise BrokenTable(line=1)
    delimiter = next((one for one in _DELIMITERS if KEY_COLUMN in _split(line, one)), _DELIMITERS[0])
    header = _split(line, delimiter)
    if len(header) > MAX_COLUMNS:
        raise TooManyRows(rows=MAX_ROWS, columns=MAX_COLUMNS)
    return TextTable(tuple(header), lambda: _rows(text, delimiter))


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [normal(name) for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error as error:
        raise BrokenTable(line=1) from error


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count, began = -1, 1
    try:
        for cells in reader:
            if any(cells):
                count += 1
                if count > MAX_ROWS or len(cells) > MAX_COLUMNS:
                    raise TooManyRows(rows=MAX_ROWS, columns=MAX_COLUMNS)
                if count > 0:
                    given: list[Cell] = list(cells)
                    yield began, given
            began = reader.line_num + 1
    except csv.Error as error:
        raise BrokenTable(line=began) from error
