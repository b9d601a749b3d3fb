"""Files of values as bytes: what is read exactly, and what is refused before anybody looks at its content."""

import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from servicekit import strict_json
from servicekit.errors import DomainError, Invalid
from targets.domain.import_lines import Problem
from targets.domain.import_refusals import (
    BrokenTable,
    EmptyFile,
    NotUtf8,
    OneSheetNeeded,
    TooManyRows,
    UnknownColumns,
    WorkbookTooLarge,
)
from targets.files import workbook_in
from targets.files.columns import place_columns
from targets.files.csv_in import read_csv
from targets.files.lines import LineReader
from targets.files.table_out import harmless, write_csv, write_xlsx
from targets.files.tables_of_text import TextTable, Unreadable
from targets.files.value_set_in import read_value_set
from targets.files.workbook_in import number_text, read_workbook

HEADER = ("indicator_code", "period", "organisation_kind", "unit_code", "numerator", "denominator", "note")
ROW = ("TGT-01", "2025", "front_committee", "31135", "740", "1000", "Số liệu đợt một")


def csv_of(*rows: str, header: str = ",".join(HEADER)) -> bytes:
    return "\n".join((header, *rows)).encode()


def workbook(*rows: tuple[Any, ...], sheets: int = 1) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for _ in range(sheets):
            sheet = book.add_worksheet()
            for number, cells in enumerate((HEADER, *rows)):
                for place, cell in enumerate(cells):
                    if hasattr(cell, "year"):
                        sheet.write_datetime(number, place, cell, day)
                    else:
                        sheet.write(number, place, cell)
    return out.getvalue()


def with_sheet(xml: str, **more: bytes) -> bytes:
    """A workbook whose sheet is this XML; other parts as given, by path with _ for /."""
    source = zipfile.ZipFile(io.BytesIO(workbook()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            made.writestr(name, xml if name == "xl/worksheets/sheet1.xml" else source.read(name))
        for name, content in more.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def read(table: TextTable, **options: Any) -> tuple[list[Any], list[Problem]]:
    problems: list[Problem] = []
    reader = LineReader(place_columns(table.header), options.get("comma", False), False)
    return [line for row in table.rows() if (line := reader.read(row, problems))], problems


@pytest.mark.parametrize("body", [
    csv_of(",".join(ROW)),
    b"\xef\xbb\xbf" + csv_of(",".join(ROW)),
    csv_of(";".join(ROW), header=";".join(HEADER)),
    csv_of(",".join(f'"{cell}"' for cell in ROW)).replace(b"\n", b"\r\n") + b"\r\n\r\n",
    csv_of(",".join(ROW), header=" , ".join(HEADER).upper()),
])  # fmt: skip
def test_a_csv_is_read_whatever_program_wrote_it(body: bytes) -> None:
    lines, problems = read(read_csv(body))
    assert problems == []
    assert [(one.number, one.indicator, one.unit, one.note) for one in lines] == [
        (2, "TGT-01", ("front_committee", "31135"), "Số liệu đợt một")
    ]
    assert lines[0].figures.numerator == Decimal(740)


@pytest.mark.parametrize(("body", "refused"), [
    (csv_of(",".join(ROW)).decode().encode("utf-16"), NotUtf8),
    ("Ghi chú".encode("cp1252"), NotUtf8),
    (csv_of("TGT\x00,2025,a,b,1,2,"), NotUtf8),
    (b"  \n \n", EmptyFile),
    (b'a"b,"c', BrokenTable),
    (b"a," * 100_000, BrokenTable),
    (b",".join(b"c%d" % n for n in range(41)), TooManyRows),
])  # fmt: skip
def test_what_is_no_csv_of_ours(body: bytes, refused: type[DomainError]) -> None:
    with pytest.raises(refused):
        list(read_csv(body).rows())


def test_more_rows_than_an_import_takes() -> None:
    body = csv_of(*["TGT-01,2025,a,b,1,2,"] * 200_001)
    with pytest.raises(TooManyRows):
        for _ in read_csv(body).rows():
            pass
    assert sum(1 for _ in read_csv(csv_of(*["TGT-01,2025,a,b,1,2,"] * 200_000)).rows()) == 200_000


def test_a_header_is_refused_with_everything_wrong_and_without_an_echo() -> None:
    with pytest.raises(UnknownColumns) as refused:
        place_columns(("indicator_code", "is_admin", "numerator", "numerator", "breakdown.=x"))
    assert [(one["field"], one["code"]) for one in refused.value.errors] == [
        ("column 2", "column_unknown"), ("column 4", "column_twice"), ("column 5", "column_unknown"),
        ("period", "column_missing"), ("organisation_id", "column_missing"),
    ]  # fmt: skip
    assert "is_admin" not in json.dumps(refused.value.errors)


@pytest.mark.parametrize(("cell", "comma", "expected"), [
    ("12.50", False, Decimal("12.5")),
    ("0.1", False, Decimal("0.1")),
    ("1,5", False, "decimal_comma"),
    ("1.000,5", False, "decimal_comma"),
    ("1,5", True, Decimal("1.5")),
    ("1.5", True, "number_invalid"),
    ("1,000,5", True, "number_invalid"),
    ("-1", False, Decimal(-1)),  # refused by the rule of figures
    ("1e308", False, "number_invalid"),
    ("NaN", False, "number_invalid"),
    ("Infinity", False, "number_invalid"),
    ("true", False, "number_invalid"),
    ("٣", False, "number_invalid"),
    ("12 000", False, "number_invalid"),
    ("0.12345678901", False, "number_digits"),
    ("9" * 19, False, "number_digits"),
    ("9" * 5000, False, "number_invalid"),
    ("=1+1", False, "number_invalid"),
    ("", False, "cell_missing"),
])  # fmt: skip
def test_numbers_are_exact_and_never_guessed(cell: str, comma: bool, expected: Any) -> None:
    body = csv_of(f'TGT-01;2025;a;b;"{cell}";2;x', header=";".join(HEADER))
    lines, problems = read(read_csv(body), comma=comma)
    if isinstance(expected, Decimal):
        assert problems == []
        assert lines[0].figures.numerator == expected
    else:
        assert [(one.line, one.column, one.code) for one in problems] == [(2, "numerator", expected)]
        assert lines == []


@pytest.mark.parametrize(("value", "text"), [
    (740.0, "740"), (0.1, "0.1"), (12.5, "12.5"), (202503.0, "202503"), (999999999999999.0, "999999999999999"),
    (0.1 + 0.2, None), (1e15 + 0.5, None), (12345678901234567.0, None), (1e300, None), (1e-11, None),
])  # fmt: skip
def test_a_number_of_a_workbook_is_what_was_typed_or_nothing(value: float, text: str | None) -> None:
    assert number_text(value) == (Unreadable("number_not_exact") if text is None else text)


def test_a_workbook_is_read_as_text() -> None:
    good = ("TGT-01", 2025, "front_committee", 31135, 740, 1000.5, "chữ")
    body = workbook(good, ("TGT-01", datetime(2025, 3, 1), "x", "1", 1 / 3, "=1+1", True))
    lines, problems = read(read_workbook(body))
    assert [(one.period, one.unit, one.figures.denominator) for one in lines] == [
        ("2025", ("front_committee", "31135"), Decimal("1000.5"))
    ]
    assert {(one.line, one.column, one.code) for one in problems} == {
        (3, "period", "cell_is_date"), (3, "numerator", "number_not_exact"),
        (3, "denominator", "cell_is_formula"), (3, "note", "cell_is_boolean"),
    }  # fmt: skip


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


@pytest.mark.parametrize(("body", "refused"), [
    (workbook(sheets=2), OneSheetNeeded),
    (workbook(ROW)[:-40], BrokenTable),
    (b"PK\x03\x04" + b"x" * 100, BrokenTable),
    (with_sheet("not xml"), BrokenTable),
    (with_sheet('<!DOCTYPE x [<!ENTITY a "b">]>' + SHEET.format("")), BrokenTable),
    (with_sheet(SHEET.format('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>')), TooManyRows),
    (with_sheet(SHEET.format('<row r="200002"><c r="A200002"><v>1</v></c></row>')), TooManyRows),
    (with_sheet(SHEET.format('<row r="200000"><c r="AA200000"><v>1</v></c></row>')), WorkbookTooLarge),
    (with_sheet(SHEET.format('<row r="x"><c r="A1"><v>1</v></c></row>')), BrokenTable),
    (with_sheet(SHEET.format('<row r="1"><c r="ÀÀ1"><v>1</v></c></row>')), BrokenTable),
    (with_sheet(SHEET.format("")), EmptyFile),
    (with_sheet(SHEET.format(""), **{f"x{n}": b"" for n in range(200)}), WorkbookTooLarge),
])  # fmt: skip
def test_a_workbook_that_would_hurt_is_refused(body: bytes, refused: type[DomainError]) -> None:
    with pytest.raises(refused):
        read_workbook(body)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    body = with_sheet(SHEET.format(""), xl__media__x=b"\x00" * (workbook_in.MAX_UNPACKED + 1))
    assert len(body) < 300_000
    monkeypatch.setattr(workbook_in, "CalamineWorkbook", None)  # is not reached
    with pytest.raises(WorkbookTooLarge):
        read_workbook(body)


def test_a_data_value_set_becomes_rows() -> None:
    body = {
        "dataSet": "any", "period": "2025", "orgUnit": "front_committee/31135",
        "dataValues": [
            {"dataElement": "TGT-01", "value": "740", "storedBy": "admin", "followup": False},
            {"dataElement": "TGT-01", "categoryOptionCombo": "denominator", "value": 1000, "comment": "ghi chú"},
            {"dataElement": "TGT-01", "categoryOptionCombo": "women", "value": "700"},
            {"dataElement": "TGT-02", "period": "2025S1", "orgUnit": "x", "value": "1"},
            {"dataElement": "TGT-03", "value": "1"}, {"dataElement": "TGT-03", "value": "2"},
        ],
    }  # fmt: skip
    table = read_value_set(strict_json.parse(json.dumps(body).encode()))
    lines, problems = read(table)
    assert (lines[0].number, lines[0].unit, lines[0].note) == (1, ("front_committee", "31135"), "ghi chú")
    assert lines[0].figures.breakdown == {"women": Decimal(700)}
    assert {(one.line, one.column, one.code) for one in problems} == {
        (4, "organisation_id", "uuid_invalid"), (5, "numerator", "value_twice"),
    }  # fmt: skip


@pytest.mark.parametrize("document", [
    [], {}, {"dataValues": {}}, {"dataValues": [1]}, {"dataValues": [{"dataElement": "x", "is_admin": 1}]},
    {"dataValues": [{"dataElement": 5, "period": "2025", "orgUnit": "x", "value": "1"}]},
    {"dataValues": [{"dataElement": "x", "orgUnit": "x", "value": "1"}]}, {"status": "approved", "dataValues": []},
    {"dataValues": []},
])  # fmt: skip
def test_what_is_no_data_value_set(document: Any) -> None:
    with pytest.raises(Invalid):
        read_value_set(document)


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+cmd", "-2+3", "@SUM(1)", "\tx", "\rx", "＝1", " =1"])
def test_no_cell_of_a_table_for_people_is_a_formula(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert b"'" + cell.encode() in write_csv(["a"], [[cell]])
    sheet = zipfile.ZipFile(io.BytesIO(write_xlsx(["a"], [[cell]]))).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
