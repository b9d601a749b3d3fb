"""A snapshot as open data: one line for each number, with what it is of and where it comes from."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from targets.domain.figures import plain
from targets.domain.snapshot import WHOLE, Figure
from targets.domain.snapshot_wording import target_words
from targets.rendering.edition import Edition

COLUMNS: Final = (
    "snapshot",
    "resolution",
    "indicator_code",
    "indicator_name_vi",
    "period",
    "organisation_id",
    "organisation_name",
    "unit_code",
    "measure",
    "value",
    "withheld",
    "counted",
    "expected",
    "target",
    "status",
    "reason",
    "decided_by",
    "allocated_target",
    "status_against_whole",
    "periods",
    "missing_periods",
    "disputed",
    "source",
)
# A spreadsheet takes a text that begins so for a formula (OWASP "CSV Injection"); full-width forms too.
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_EXACT_IN_SHEETS: Final = 15
"""So many digits a spreadsheet's number holds."""


def harmless(text: str) -> str:
    """Return a text no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_START) else text


def measures(figure: Figure, kind: str) -> Iterator[tuple[str, Decimal | None, bool]]:
    """Yield the numbers of a figure: what each is, its value, and whether it is withheld."""
    withheld = set(figure.withheld)
    yield "numerator", figure.numerator, "numerator" in withheld
    if figure.denominator is not None or "denominator" in withheld:
        yield "denominator", figure.denominator, "denominator" in withheld
        yield "value", figure.value(kind), bool(withheld & {"numerator", "denominator"})
    categories = set(figure.breakdown) | (withheld - {"numerator", "denominator"})
    for name in sorted(categories):
        yield name, figure.breakdown.get(name), name in withheld


def lines(edition: Edition) -> Iterator[dict[str, Any]]:
    """Yield the lines in the order of indicators, periods and organisations."""
    content = edition.content
    for part in content.parts:
        indicator = content.indicator(part.indicator)
        for organisation, figure in sorted(content.figures_of(part).items(), key=lambda one: one[0] != WHOLE):
            place, verdict = content.places.get(organisation), figure.verdict
            for measure, value, withheld in measures(figure, indicator.kind):
                yield {
                    "snapshot": edition.snapshot_id,
                    "resolution": content.resolution.number,
                    "indicator_code": indicator.code,
                    "indicator_name_vi": indicator.name_vi,
                    "period": part.period,
                    "organisation_id": "" if organisation == WHOLE else organisation,
                    "organisation_name": edition.name_of(organisation),
                    "unit_code": (place.unit_code or "") if place else "",
                    "measure": measure,
                    "value": value,
                    "withheld": withheld,
                    "counted": figure.counted,
                    "expected": figure.expected,
                    "target": target_words(part.target, indicator.unit)[0],
                    "status": verdict.status if verdict else "",
                    "disputed": bool(figure.disputes),
                    "source": edition.link(figure),
                    "reason": verdict.reason if verdict else "",
                    "decided_by": verdict.decided_by if verdict else "",
                    "allocated_target": figure.allocated,
                    "status_against_whole": verdict.against_whole.status if verdict and verdict.against_whole else "",
                    "periods": " ".join(figure.periods),
                    "missing_periods": " ".join(figure.missing_periods),
                }


def to_csv(edition: Edition) -> bytes:
    """Return the lines as CSV (RFC 4180, UTF-8 with a mark, so that spreadsheets read the letters)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines(edition):
        writer.writerow([_written(line[name]) for name in COLUMNS])
    return ("\ufeff" + out.getvalue()).encode()


def to_xlsx(edition: Edition) -> bytes:
    """Return the lines as a workbook: numbers as numbers where a spreadsheet holds them exactly, all else as text."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Số liệu")
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(COLUMNS):
            sheet.write_string(0, place, name)
        for number, line in enumerate(lines(edition), start=1):
            for place, name in enumerate(COLUMNS):
                _write_cell(sheet, number, place, line[name])
    return out.getvalue()


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    return harmless(str(value))


def _write_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    exact = isinstance(value, Decimal) and len(value.as_tuple().digits) <= _EXACT_IN_SHEETS
    if exact or (isinstance(value, int) and not isinstance(value, bool)):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, _written(value))
