"""Rows of a file: what conflicts, whom they may be for, and how organisations are named."""

import csv
import io
import json
import uuid
from collections.abc import Callable
from typing import Any

from import_house import XLSX, file, line, send, stored
from targets_house import BOARD, CITY, COMMUNES, FORMER, House, Person, rows

from devstack.testing import tell_facts
from servicekit.db import Database

Open = Callable[..., Any]


CONFLICTS = [
    (line("@", -1), "numerator", "negative"),
    (line("@", 1001), "numerator", "above_denominator"),
    (line("@", "1.5"), "numerator", "not_whole"),
    (line("@", "1e308"), "numerator", "number_invalid"),
    (line("@", '"1,5"'), "numerator", "decimal_comma"),
    (line("@", 1, ""), "denominator", "missing"),
    (line("@", 0, 0), "denominator", "zero"),
    (line(uuid.uuid4()), "organisation_id", "organisation_unknown"),
    (line(BOARD), "organisation_id", "organisation_unknown"),
    (line(CITY), None, "organisation_not_expected"),
    (line(FORMER), None, "organisation_not_valid_in_period"),
    (line("@", code="TGT-99"), "indicator_code", "unknown_indicator"),
    (line("@", code="GEN-04"), "indicator_code", "computed_indicator"),
    (line("@", period="2024"), "period", "period_not_opened"),
    (line("@", period="202513"), "period", "period_not_opened"),
    (line("@", code="TGT-02", denominator=""), "period", "period_closed"),
    (line(COMMUNES[0]), None, "row_twice"),
    (line("@", note="\u200b"), "note", "text_invalid"),
    (line("@", note="a" * 5001), "note", "text_invalid"),
    (line("@") + ",more", None, "too_many_cells"),
    (line("x"), "organisation_id", "uuid_invalid"),
    (line("@", code="=1+1"), "indicator_code", "code_invalid"),
]  # fmt: skip


async def test_one_conflict_refuses_the_whole_file_and_every_row_says_why(
    period: Open, operator: Person, monitor: Person, database: Database
) -> None:
    await period()
    closed = await period("TGT-02")
    await monitor.post(f"/periods/{closed['id']}/close", {}, etag=closed["etag"])
    bad = [one.replace("@", str(COMMUNES[number])) for number, (one, _, _) in enumerate(CONFLICTS, start=10)]
    body = file(line(COMMUNES[0]), *bad, line(COMMUNES[2]))
    sent = await send(operator, body)
    assert sent.status_code == 409
    assert sent.headers["content-type"] == "application/problem+json"
    problem = sent.json()
    assert problem["code"] == "import_refused"
    found = {(one["line"], one["column"], one["code"]) for one in problem["errors"]}
    expected = {(number, column, code) for number, (_, column, code) in enumerate(CONFLICTS, start=3)}
    assert found == expected | {(2, None, "row_twice")}
    assert all(one["vi"] and one["en"] for one in problem["errors"])
    assert problem["summary"]["counts"] == {
        "imported": 0, "updated": 0, "ignored": 1, "deleted": 0, "conflicts": len(CONFLICTS) + 1
    }  # fmt: skip
    assert await stored(database) == []
    assert await rows(database, "SELECT * FROM report_change") == []
    # The same rows are left out, and nothing else, where the sender said so.
    part = await send(operator, body, atomic=False)
    assert part.status_code == 200
    assert part.json()["status"] == "warning"
    assert part.json()["counts"]["imported"] == 1
    assert [row[0] for row in await stored(database)] == [COMMUNES[2]]
    # What was refused can be read again and downloaded, harmless for a spreadsheet.
    listed = await operator.get(f"/imports/{problem['summary']['id']}/conflicts", limit=100)
    assert {(one["line"], one["column"], one["code"]) for one in listed.json()["items"]} == found
    table = await operator.get(f"/imports/{problem['summary']['id']}/conflicts.csv")
    assert table.status_code == 200
    assert table.content.startswith(b"\xef\xbb\xbf")
    assert "'=1+1" in table.text
    assert ",=1+1" not in table.text


async def test_the_rows_of_another_unit_are_unknown_and_nothing_of_them_is_stored(
    house: House, period: Open, operator: Person, database: Database
) -> None:
    await period()
    await send(operator, file(line(COMMUNES[1], 500)))
    before = await stored(database)
    reporter = house.person(("reporter", COMMUNES[0]))
    foreign = file(line(COMMUNES[0]), line(COMMUNES[1], 999), line(uuid.uuid4()))
    sent = await send(reporter, foreign, atomic=False)
    told = sent.json()["conflicts"]
    assert [(one["line"], one["code"]) for one in told] == [(3, "organisation_unknown"), (4, "organisation_unknown")]
    assert {key: told[0][key] for key in ("code", "vi", "en", "column")} == {
        key: told[1][key] for key in ("code", "vi", "en", "column")
    }
    assert [row for row in await stored(database) if row[0] != COMMUNES[0]] == before
    # Nor does deleting or updating reach it, and who only reads enters nothing.
    for strategy in ("UPDATE", "DELETE"):
        assert (await send(reporter, file(line(COMMUNES[1])), strategy=strategy)).status_code == 409
    both = house.person(("reporter", COMMUNES[0]), ("head", COMMUNES[1]))
    assert (await send(both, file(line(COMMUNES[1], 1)))).json()["errors"][0]["code"] == "organisation_unknown"
    assert (await send(house.person(("head", CITY)), file(line(COMMUNES[1])))).status_code == 403
    assert [row for row in await stored(database) if row[0] != COMMUNES[0]] == before


async def test_who_sees_an_import(house: House, period: Open, operator: Person) -> None:
    await period()
    here = house.person(("reporter", COMMUNES[0]))
    made = (await send(here, file(line(COMMUNES[0]), line(COMMUNES[1])))).json()["summary"]["id"]
    wide = (await send(operator, file(line(COMMUNES[0])))).json()["id"]
    seen = {
        "importer": (here, [made]),
        "colleague": (house.person(("verifier", COMMUNES[0])), [made]),
        "city": (operator, [wide, made]),
        "board": (house.person(("auditor", BOARD)), [wide, made]),
        "neighbour": (house.person(("reporter", COMMUNES[1])), []),
        "auditor elsewhere": (house.person(("auditor", COMMUNES[1])), []),
    }
    for person, ids in seen.values():
        assert [one["id"] for one in (await person.get("/imports")).json()["items"]] == ids
        for path in (f"/imports/{made}", f"/imports/{made}/conflicts", f"/imports/{made}/conflicts.csv"):
            assert (await person.get(path)).status_code == (200 if made in ids else 404)


async def test_units_are_named_by_the_code_they_had_then(
    house: House, period: Open, operator: Person, database: Database
) -> None:
    """Code 31147 and its kind belonged to another organisation until 30 June 2025."""
    facts = [
        {
            "kind": "organisation", "id": uuid.uuid5(uuid.NAMESPACE_URL, name), "version": 1,
            "path": [CITY, uuid.uuid5(uuid.NAMESPACE_URL, name)],
            "data": {"kind": kind, "name": name, "level": "commune", "unit_code": "31147", "valid_from": since,
                     "valid_to": until, "path": [str(CITY), str(uuid.uuid5(uuid.NAMESPACE_URL, name))]},
        }
        for name, kind, since, until in (
            ("before", "front_committee", "2004-01-01", "2025-06-30"), ("after", "front_committee", "2025-07-01", None),
            ("club a", "club", "2004-01-01", None), ("club b", "club", "2004-01-01", None),
            ("gone", "gone_kind", "2004-01-01", "2020-01-01"),
        )
    ]  # fmt: skip
    async with database.write() as session:
        await tell_facts(session, facts, house.clock.now())
    await period()
    header = "indicator_code,period,organisation_kind,unit_code,numerator,denominator"
    lines = [f"TGT-01,2025,{kind},31147,1,2" for kind in ("front_committee", "club", "gone_kind", "nothing")]
    sent = await send(operator, file(*lines, header=header), atomic=False)
    assert [(one["line"], one["code"]) for one in sent.json()["conflicts"]] == [
        (3, "unit_ambiguous"), (4, "unit_not_then"), (5, "organisation_unknown")
    ]  # fmt: skip
    assert [row[0] for row in await stored(database)] == [uuid.uuid5(uuid.NAMESPACE_URL, "after")]
    after = uuid.uuid5(uuid.NAMESPACE_URL, "after")
    header = "indicator_code,period,organisation_id,organisation_kind,unit_code,numerator,denominator"
    differs = await send(operator, file(f"TGT-01,2025,{after},club,31147,1,2", header=header))
    assert differs.json()["errors"][0]["code"] == "unit_differs"


async def test_breakdowns(period: Open, operator: Person, database: Database) -> None:
    await period("TGT-02")
    header = "indicator_code,period,organisation_id,numerator,breakdown.trade_union,breakdown.youth_union"
    good = await send(operator, file(f"TGT-02,2025,{COMMUNES[0]},3,2,1", header=header))
    assert good.json()["counts"]["imported"] == 1, good.text
    kept = await rows(database, "SELECT breakdown FROM report")
    assert kept == [{"breakdown": {"trade_union": "2", "youth_union": "1"}}]
    plain = "indicator_code,period,organisation_id,numerator,note"
    for body, code in (
        (file(f"TGT-02,2025,{COMMUNES[0]},3,2,2", header=header), "does_not_add_up"),
        (file(f"TGT-02,2025,{COMMUNES[0]},4,x", header=plain), "breakdown_needed"),
        (file(f"TGT-02,2025,{COMMUNES[0]},4,4", header="indicator_code,period,organisation_id,numerator,breakdown.x"),
         "unknown_category"),
    ):  # fmt: skip
        assert code in [one["code"] for one in (await send(operator, body)).json()["errors"]]
    noted = await send(operator, file(f"TGT-02,2025,{COMMUNES[0]},3,ghi chú", header=plain))
    assert noted.json()["counts"]["updated"] == 1
    assert await rows(database, "SELECT breakdown FROM report") == kept


async def test_a_data_value_set_is_imported(period: Open, operator: Person, database: Database) -> None:
    await period()
    values = [
        {"dataElement": "TGT-01", "orgUnit": str(commune), "categoryOptionCombo": part, "value": value}
        for commune in COMMUNES[:2]
        for part, value in (("numerator", "740"), ("denominator", "1000"))
    ]
    body = json.dumps({"period": "2025", "dataValues": values}).encode()
    sent = await send(operator, body, content_type="application/json")
    assert sent.json()["counts"]["imported"] == 2, sent.text
    assert {row[3:5] for row in await stored(database)} == {(740, 1000)}


async def test_the_template_comes_back_filled_in(
    house: House, period: Open, operator: Person, database: Database
) -> None:
    await period()
    await period("TGT-02")
    reporter = house.person(("reporter", COMMUNES[0]))
    own = await reporter.get("/imports/template", period="2025", format="csv")
    head, *lines = own.text.removeprefix("\ufeff").splitlines()
    assert head.startswith("indicator_code,indicator_name,period,organisation_id,organisation_kind,unit_code,")
    assert [one.split(",")[0] for one in lines] == ["TGT-01", "TGT-02"]
    assert all(str(COMMUNES[0]) in one for one in lines)
    blank = await send(reporter, own.content)
    assert blank.json()["rows"] == 0, blank.text
    table = list(csv.reader(own.text.removeprefix("\ufeff").splitlines()))
    table[1][table[0].index("numerator")], table[1][table[0].index("denominator")] = "740", "1000"
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(table)
    filled = await send(reporter, out.getvalue().encode())
    assert filled.json()["counts"]["imported"] == 1, filled.text
    book = await operator.get("/imports/template", period="2025", indicator_code="TGT-01")
    assert book.headers["content-type"] == XLSX
    empty = await send(operator, book.content, content_type=XLSX)
    assert (empty.status_code, empty.json()["rows"]) == (200, 0)
    assert (await operator.get("/imports/template", period="2025-03")).status_code == 422
