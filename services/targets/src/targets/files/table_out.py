"""Tables for people as CSV or XLSX, in which no cell is ever a formula.

Source: OWASP "CSV Injection": what begins with = + - @ or a tab, also full-width, gets an apostrophe before it.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

import xlsxwriter

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(value: Any) -> str:
    """Return a cell that a spreadsheet program shows and does not run."""
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip(" ").startswith(_FORMULA) else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return UTF-8 with BOM, so that spreadsheet programs read Vietnamese letters."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([harmless(name) for name in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def write_xlsx(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a workbook of one sheet, all cells text."""
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("Số liệu")
        text = book.add_format({"num_format": "@"})
        sheet.set_column(0, len(header), 18, text)
        for number, cells in enumerate((header, *rows)):
            for place, cell in enumerate(cells):
                sheet.write_string(number, place, "" if cell is None else str(cell), text)
    return out.getvalue()
