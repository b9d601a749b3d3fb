"""Bad input of groups A and B (reliability §6) as files: refused, nothing stored, nothing echoed."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from import_house import HEADER, XLSX, file, line, send
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import BOARD, CITY, COMMUNES, House, Person, rows
from test_targets_files import SHEET, with_sheet, workbook

from servicekit.db import Database
from servicekit.identity import Actor, Grant
from servicekit.row_scope import scope_of_actor
from targets.app import SERVICE

Open = Callable[..., Any]
TABLES = ("report", "report_change", "outbox", "audit_entry", "idempotency_key", "data_import", "import_conflict",
          "import_line")  # fmt: skip
VALUE = {"dataElement": "TGT-01", "period": "2025", "orgUnit": str(COMMUNES[0]), "value": "1"}


def value_set(**changes: Any) -> bytes:
    return json.dumps({"dataValues": [VALUE | changes]}).encode()


def raw(name: str, written: str) -> bytes:
    return value_set(**{name: "@"}).replace(b'"@"', written.encode())


WHOLE_FILES: list[tuple[str, bytes, str, set[int]]] = [
    ("0 bytes", b"", "text/csv", {422}),
    ("only a BOM", b"\xef\xbb\xbf", "text/csv", {422}),
    ("NUL", file(line(COMMUNES[0], note="a\x00b")), "text/csv", {422}),
    ("invalid UTF-8", file(line(COMMUNES[0])) + b"\xff", "text/csv", {422}),
    ("UTF-16", file(line(COMMUNES[0])).decode().encode("utf-16"), "text/csv", {422}),
    ("lone surrogate in UTF-8", file(line(COMMUNES[0])) + b"\xed\xa0\x80", "text/csv", {422}),
    ("unknown column is_admin", file(line(COMMUNES[0]) + ",1", header=HEADER + ",is_admin"), "text/csv", {422}),
    ("unknown column status", file(line(COMMUNES[0]) + ",approved", header=HEADER + ",status"), "text/csv", {422}),
    ("column twice", file(line(COMMUNES[0]) + ",1", header=HEADER + ",numerator"), "text/csv", {422}),
    ("no header", line(COMMUNES[0]).encode(), "text/csv", {422}),
    ("open quote", file('"' + line(COMMUNES[0])), "text/csv", {422}),
    ("million commas", b"," * 1_000_000, "text/csv", {413, 422}),
    ("cell of 200,000", file(line(COMMUNES[0], note="a" * 200_000)), "text/csv", {422}),
    ("XLSX as CSV", workbook(), "text/csv", {415}),
    ("CSV as XLSX", file(line(COMMUNES[0])), XLSX, {415}),
    ("JSON as XLSX", b"{}", XLSX, {415}),
    ("CSV as text/plain", file(line(COMMUNES[0])), "text/plain", {415}),
    ("CSV in latin-1 by its own word", file(line(COMMUNES[0])), "text/csv; charset=latin-1", {415}),
    ("no type", file(line(COMMUNES[0])), "", {415}),
    ("multipart", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", {415}),
    ("form of a million fields", b"a=1&" * 250_000, "application/x-www-form-urlencoded", {415}),
    ("ZIP that is no workbook", with_sheet("").replace(b"workbook", b"warkbook"), XLSX, {422}),
    ("entity bomb", with_sheet('<!DOCTYPE a [<!ENTITY b "c">]>' + SHEET.format("&b;")), XLSX, {422}),
    ("zip bomb", with_sheet(SHEET.format(""), xl__x=b"\0" * (130 << 20)), XLSX, {413}),
    ("corners of the world", with_sheet(SHEET.format('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')), XLSX,
     {413}),
    ("JSON NUL", raw("comment", '"a\\u0000b"'), "application/json", {422}),
    ("JSON lone surrogate", raw("comment", '"\\ud800"'), "application/json", {422}),
    ("JSON surrogate in a key", b'{"\\ud800": 1}', "application/json", {422}),
    ("JSON NaN", raw("value", "NaN"), "application/json", {422}),
    ("JSON 5,000 digits", raw("value", "1" * 5000), "application/json", {400, 422}),
    ("JSON 1e400", raw("value", "1e400"), "application/json", {422}),
    ("JSON duplicate key", value_set()[:-3] + b', "value": "2"}]}', "application/json", {422}),
    ("JSON 100,000 arrays", b"[" * 100_000, "application/json", {400}),
    ("JSON 900 arrays", raw("value", "[" * 900 + "]" * 900), "application/json", {422}),
    ("JSON unknown field", value_set(status="approved"), "application/json", {422}),
    ("JSON array", b"[]", "application/json", {422}),
    ("JSON 200,000 keys", json.dumps({f"k{n}": 1 for n in range(200_000)}).encode(), "application/json", {422}),
    ("JSON utf-16", json.dumps({"dataValues": [VALUE]}).encode("utf-16"), "application/json", {400}),
]  # fmt: skip


async def stored(database: Database) -> list[Any]:
    return [await rows(database, f"SELECT count(*) FROM {table}") for table in TABLES]


async def test_no_file_breaks_the_import_and_none_leaves_a_trace(
    house: House, period: Open, operator: Person, database: Database
) -> None:
    await period()
    before = await stored(database)
    for name, body, content_type, expected in WHOLE_FILES:
        answer = await send(operator, body, content_type=content_type)
        assert answer.status_code in expected, (name, answer.status_code, answer.text[:300])
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Traceback" not in answer.text
        assert "is_admin" not in answer.text
    packed = operator.headers | {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    packed["Idempotency-Key"] = uuid.uuid4().hex
    answer = await house.client.post("/api/v1/targets/imports", content=file(), headers=packed)
    assert answer.status_code == 415
    too_large = await send(operator, b"a" * (11 * 1024 * 1024 + 1))
    assert too_large.status_code == 413
    assert await stored(database) == before


CELLS = [
    "9223372036854775808", "1" * 5000, "NaN", "Infinity", "-Infinity", "1e400", "true", "[1]", "0x10", "１２", "1_000",
    "1 000", "1.000.000", "+1", "--1", "1-", "²", "=1", "@SUM(1)", "'1", "{{7*7}}", "%s", "${jndi:x}", "\x1b[31m1",
    "1;DROP TABLE report", "\u202e1", "null", "None",
]  # fmt: skip


async def test_no_cell_is_taken_for_a_number_it_is_not(period: Open, operator: Person, database: Database) -> None:
    await period()
    body = file(*(line(commune, cell) for commune, cell in zip(COMMUNES, CELLS, strict=False)))
    answer = await send(operator, body)
    assert answer.status_code == 409, answer.text
    found = [(one["line"], one["column"], one["code"]) for one in answer.json()["errors"]]
    assert [(number, column) for number, column, _ in found] == [
        (number, "numerator") for number in range(2, len(CELLS) + 2)
    ]
    assert {code for _, _, code in found} <= {"number_invalid", "number_digits"}
    assert await rows(database, "SELECT * FROM report") == []


async def test_text_is_stored_as_given_and_comes_out_harmless(
    house: House, period: Open, operator: Person, database: Database
) -> None:
    await period()
    notes = [
        "<script>alert(1)</script>", "=HYPERLINK(1)", "{{7*7}} %s ${jndi:x}", "\u202etxt \U0001f600", "Co\u0302ng an",
    ]  # fmt: skip
    sent = await send(
        operator, file(*(line(commune, note=note) for commune, note in zip(COMMUNES, notes, strict=False)))
    )
    assert sent.status_code == 200, sent.text
    kept = await rows(database, "SELECT note FROM report ORDER BY id")
    assert [row["note"] for row in kept] == [*notes[:4], "Công an"]
    # What was refused comes out in the download: no cell of it runs.
    evil = ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(1)"]
    refused = await send(operator, file(*(line(f'"{one}"') for one in evil)))
    table = await operator.get(f"/imports/{refused.json()['summary']['id']}/conflicts.csv")
    assert all(f"'{one}" in table.text for one in evil)
    assert "attachment" in table.headers["content-disposition"]


@pytest.mark.parametrize(
    "query",
    ["dry_run=1", "dry_run=yes", "atomic=", "strategy=create", "strategy=NEW_AND_UPDATES", "decimal=,", "separator=;",
     "strategy=%00"],
)  # fmt: skip
async def test_bad_options(house: House, operator: Person, query: str) -> None:
    headers = operator.headers | {"Content-Type": "text/csv", "Idempotency-Key": uuid.uuid4().hex}
    answer = await house.client.post(f"/api/v1/targets/imports?{query}", content=file(), headers=headers)
    assert answer.status_code == 422, answer.text


async def test_ids_and_pages(house: House, period: Open, operator: Person) -> None:
    await period()
    made = (await send(operator, file(*(line(commune, -1) for commune in COMMUNES[:3])))).json()["summary"]["id"]
    for wrong in ("12345678901234567890", "x", str(uuid.uuid4()), "%00", "..%2f"):
        for path in (f"/imports/{wrong}", f"/imports/{wrong}/conflicts", f"/imports/{wrong}/conflicts.csv"):
            answer = await house.client.get(f"/api/v1/targets{path}", headers=operator.headers)
            assert answer.status_code in (404, 422), path
    page = (await operator.get(f"/imports/{made}/conflicts", limit=2)).json()
    assert len(page["items"]) == 2
    rest = await operator.get(f"/imports/{made}/conflicts", limit=2, cursor=page["next_cursor"])
    assert len(rest.json()["items"]) == 1
    assert (await operator.get("/imports", cursor=page["next_cursor"])).status_code == 400
    for query in ("limit=-1", "limit=1000000000", "limit=%00"):
        answer = await house.client.get(f"/api/v1/targets/imports?{query}", headers=operator.headers)
        assert answer.status_code == 422


async def test_a_file_with_one_fault_throughout_is_given_up_early(
    period: Open, operator: Person, database: Database
) -> None:
    await period()
    body = file(*(line(uuid.uuid5(uuid.NAMESPACE_URL, str(number))) for number in range(12_000)))
    for atomic in (True, False):
        sent = await send(operator, body, atomic=atomic)
        assert sent.status_code == 409
        problem = sent.json()
        assert problem["summary"]["complete"] is False
        assert problem["summary"]["conflicts_total"] == 10_000
        assert len(problem["errors"]) == 1000
    assert await rows(database, "SELECT * FROM report") == []


async def test_a_workbook_is_imported_and_a_formula_is_not(period: Open, operator: Person, database: Database) -> None:
    await period()
    header = ("indicator_code", "period", "organisation_id", "numerator", "denominator")
    lines = [header, ("TGT-01", 2025, str(COMMUNES[0]), 740, 1000.0), ("TGT-01", 2025, str(COMMUNES[1]), "=1+1", 1000)]
    out = io.BytesIO()
    import xlsxwriter

    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(lines):
            sheet.write_row(number, 0, cells)
    assert b"<f>1+1</f>" in zipfile.ZipFile(io.BytesIO(out.getvalue())).read("xl/worksheets/sheet1.xml")
    sent = await send(operator, out.getvalue(), content_type=XLSX, atomic=False)
    assert sent.json()["counts"]["imported"] == 1, sent.text
    assert [(one["line"], one["column"], one["code"]) for one in sent.json()["conflicts"]] == [
        (3, "numerator", "cell_is_formula")
    ]
    assert await rows(database, "SELECT numerator, denominator FROM report") == [
        {"numerator": 740, "denominator": 1000}
    ]


async def test_the_second_wall_around_imports(
    house: House, period: Open, operator: Person, monitor: Person, database: Database
) -> None:
    """A plain SELECT finds exactly the imports that the API lists; nothing of others can be written or deleted."""
    await period()
    here = house.person(("reporter", COMMUNES[0]))
    await send(here, file(line(COMMUNES[0]), line(COMMUNES[1])), atomic=False)
    await send(operator, file(line(COMMUNES[2]), line(uuid.uuid4())), atomic=False)
    for role, place in (
        ("reporter", COMMUNES[0]), ("head", COMMUNES[0]), ("reporter", COMMUNES[1]), ("verifier", CITY),
        ("auditor", BOARD), ("auditor", COMMUNES[3]), ("handler", CITY),
    ):  # fmt: skip
        shown = await house.person((role, place)).get("/imports")
        listed = {one["id"] for one in shown.json().get("items", [])} if shown.status_code == 200 else set()
        scope = scope_of_actor(Actor("person", uuid.uuid4(), uuid.uuid4(), (Grant(role, place),)), SERVICE.groups)
        async with database.read(scope) as session:
            found = {str(one) for one in await session.scalars(text("SELECT id FROM data_import"))}
            conflicts = {str(one) for one in await session.scalars(text("SELECT import_id FROM import_conflict"))}
        assert found == conflicts == listed, (role, place)
    neighbour = scope_of_actor(
        Actor("person", uuid.uuid4(), uuid.uuid4(), (Grant("reporter", COMMUNES[1]),)), SERVICE.groups
    )
    async with database.write(neighbour) as session:
        assert (await session.execute(text("DELETE FROM report"))).rowcount == 0
        assert (await session.execute(text("UPDATE validation_rule SET importance = 'warning'"))).rowcount == 0
    for statement in ("DELETE FROM data_import", "UPDATE import_conflict SET code = 'x'", "DELETE FROM report_change"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.write(neighbour) as session:
                await session.execute(text(statement))
    submitted = await operator.get("/reports")
    one = next(item for item in submitted.json()["items"] if item["organisation_id"] == str(COMMUNES[2]))
    await operator.post(f"/reports/{one['id']}/submit", etag='"1"')
    city = scope_of_actor(Actor("person", uuid.uuid4(), uuid.uuid4(), (Grant("reporter", CITY),)), SERVICE.groups)
    async with database.write(city) as session:  # drafts that nobody was told of, and no other
        assert (await session.execute(text("DELETE FROM report"))).rowcount == 1
