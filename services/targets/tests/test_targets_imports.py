"""Imports of values on real PostgreSQL: what is stored, what conflicts, and that nothing is imported by halves."""

import csv
import hashlib
import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from targets_house import BOARD, CITY, COMMUNES, FORMER, House, Person, StatementCount, report_body, rows

from devstack.testing import tell_facts
from servicekit.db import Database

Open = Callable[..., Any]
HEADER = "indicator_code,period,organisation_id,numerator,denominator,note"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def line(
    organisation: uuid.UUID | str, numerator: Any = 740, denominator: Any = 1000, note: str = "", **more: str
) -> str:
    return f"{more.get('code', 'TGT-01')},{more.get('period', '2025')},{organisation},{numerator},{denominator},{note}"


def file(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines)).encode()


async def send(
    person: Person, body: bytes, *, content_type: str = "text/csv", key: str | None = None, **query: Any
) -> httpx.Response:
    headers = person.headers | {"Content-Type": content_type, "Idempotency-Key": key or uuid.uuid4().hex}
    return await person.client.post("/api/v1/targets/imports", content=body, params=query, headers=headers)


async def stored(database: Database) -> list[Any]:
    found = await rows(
        database,
        "SELECT organisation_id, status, version, numerator, denominator, note FROM report ORDER BY organisation_id",
    )
    return [tuple(row.values()) for row in found]


async def test_values_go_in_as_drafts_with_history_and_one_audit_entry(
    period: Open, operator: Person, database: Database
) -> None:
    await period()
    body = file(*(line(commune, 700 + number) for number, commune in enumerate(COMMUNES)))
    made = await send(operator, body)
    assert made.status_code == 200, made.text
    summary = made.json()
    assert summary["status"] == "success"
    assert summary["counts"] == {"imported": 103, "updated": 0, "ignored": 0, "deleted": 0, "conflicts": 0}
    assert summary["sha256"] == hashlib.sha256(body).hexdigest()
    assert {row[1:3] for row in await stored(database)} == {("draft", 1)}
    audit = await rows(database, "SELECT action, subject_id, details FROM audit_entry WHERE action LIKE 'import%'")
    assert [(row["action"], str(row["subject_id"])) for row in audit] == [("import.store", summary["id"])]
    assert await rows(database, "SELECT * FROM outbox WHERE type LIKE 'targets.report%'") == []
    listed = (await operator.get("/imports")).json()["items"]
    assert [(one["id"], one["rows"], one["actor_id"]) for one in listed] == [(summary["id"], 103, str(operator.id))]


async def test_the_history_of_an_import_is_that_of_the_entry_of_one(
    period: Open, operator: Person, database: Database
) -> None:
    """The import writes its history set by set; it must say what the entry and correction of one report say."""
    await period()
    by_hand = await operator.post("/reports", report_body(COMMUNES[0], note="một"))
    path = f"/reports/{by_hand.json()['id']}"
    changed = await operator.patch(path, {"numerator": "750.0", "note": "hai"}, etag=by_hand.headers["etag"])
    assert changed.status_code == 200
    first = await send(operator, file(line(COMMUNES[1], note="một")))
    second = await send(operator, file(line(COMMUNES[1], 750, note="hai")))
    assert second.json()["counts"]["updated"] == 1, second.text
    query = (
        "SELECT c.version, c.action, c.status_before, c.status_after, c.values_before, c.values_after, c.reason,"
        " c.actor_id, c.actor_kind FROM report_change c JOIN report r ON r.id = c.report_id"
        " WHERE r.organisation_id = :one ORDER BY c.version"
    )
    assert await rows(database, query, one=COMMUNES[1]) == await rows(database, query, one=COMMUNES[0])
    named = await rows(database, "SELECT import_id FROM report_change WHERE import_id IS NOT NULL ORDER BY version")
    assert [str(row["import_id"]) for row in named] == [first.json()["id"], second.json()["id"]]
    reports = "SELECT status, version, told, numerator, denominator, breakdown, counting_method, denominator_source,"
    reports += " note, warnings, entered_by FROM report WHERE organisation_id = :one"
    assert await rows(database, reports, one=COMMUNES[1]) == await rows(database, reports, one=COMMUNES[0])


async def test_unchanged_is_ignored_and_changed_is_updated(period: Open, operator: Person, database: Database) -> None:
    await period()
    await send(operator, file(*(line(commune) for commune in COMMUNES[:4])))
    before = await stored(database)
    again = await send(operator, file(*(line(commune, "740.00") for commune in COMMUNES[:4])))
    assert again.json()["counts"] == {"imported": 0, "updated": 0, "ignored": 4, "deleted": 0, "conflicts": 0}
    assert await stored(database) == before
    mixed = file(line(COMMUNES[0]), line(COMMUNES[1], 741), line(COMMUNES[5]))
    counts = (await send(operator, mixed)).json()["counts"]
    assert counts == {"imported": 1, "updated": 1, "ignored": 1, "deleted": 0, "conflicts": 0}
    assert len(await rows(database, "SELECT * FROM report_change")) == 6


@pytest.mark.parametrize(("strategy", "expected"), [
    ("CREATE_AND_UPDATE", {"imported": 1, "updated": 1, "ignored": 0, "deleted": 0}),
    ("CREATE", {"imported": 1, "updated": 0, "ignored": 1, "deleted": 0}),
    ("UPDATE", {"imported": 0, "updated": 1, "ignored": 1, "deleted": 0}),
    ("DELETE", {"imported": 0, "updated": 0, "ignored": 1, "deleted": 1}),
])  # fmt: skip
async def test_strategies_mean_what_they_mean_in_dhis2(
    period: Open, operator: Person, database: Database, strategy: str, expected: dict[str, int]
) -> None:
    await period()
    await send(operator, file(line(COMMUNES[0])))
    sent = await send(operator, file(line(COMMUNES[0], 741), line(COMMUNES[1], 741)), strategy=strategy)
    assert sent.json()["counts"] == expected | {"conflicts": 0}, sent.text
    found = {row[0] for row in await stored(database)}
    assert found == ({COMMUNES[0]} if expected["imported"] == 0 else {COMMUNES[0], COMMUNES[1]}) - (
        {COMMUNES[0]} if expected["deleted"] else set()
    )


async def test_what_is_deleted_leaves_its_history(period: Open, operator: Person, database: Database) -> None:
    await period()
    await send(operator, file(line(COMMUNES[0])))
    gone = await send(operator, file(f"TGT-01,2025,{COMMUNES[0]},,,"), strategy="DELETE")
    assert gone.json()["counts"]["deleted"] == 1, gone.text
    assert await stored(database) == []
    history = await rows(database, "SELECT action, status_after, values_before FROM report_change ORDER BY version")
    assert [row["action"] for row in history] == ["enter", "delete"]
    assert history[1]["values_before"]["numerator"] == "740"


async def test_what_was_handed_in_is_never_touched(period: Open, operator: Person, database: Database) -> None:
    await period()
    made = await operator.post("/reports", report_body(COMMUNES[0]))
    await operator.post(f"/reports/{made.json()['id']}/submit", etag=made.headers["etag"])
    before = await stored(database)
    for strategy in ("CREATE_AND_UPDATE", "UPDATE", "DELETE"):
        sent = await send(operator, file(line(COMMUNES[0], 800)), strategy=strategy)
        assert sent.status_code == 409, sent.text
        assert [(one["line"], one["code"]) for one in sent.json()["errors"]] == [(2, "already_submitted")]
    assert (await send(operator, file(line(COMMUNES[0])))).json()["counts"]["ignored"] == 1
    assert await stored(database) == before


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


async def test_a_dry_run_answers_what_the_import_would_and_changes_no_report(
    period: Open, operator: Person, database: Database
) -> None:
    await period()
    good, bad = file(line(COMMUNES[0])), file(line(COMMUNES[0]), line(COMMUNES[1], -1))
    for body in (good, bad):
        dry = await send(operator, body, dry_run=True)
        assert await stored(database) == []
        real = await send(operator, body)
        assert dry.status_code == real.status_code
        summaries = [answer.json().get("summary", answer.json()) for answer in (dry, real)]
        assert summaries[0]["dry_run"] is True
        assert summaries[0]["counts"] == summaries[1]["counts"]
        if body == good:
            await send(operator, body, strategy="DELETE")
    actions = await rows(database, "SELECT action FROM audit_entry WHERE action LIKE 'import%' ORDER BY at, id")
    assert [row["action"] for row in actions] == [
        "import.check", "import.store", "import.store", "import.check", "import.refuse"
    ]  # fmt: skip


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


async def test_a_key_sent_twice_imports_once(period: Open, operator: Person, database: Database) -> None:
    await period()
    for body in (file(line(COMMUNES[0])), file(line(COMMUNES[1], -1))):
        key = uuid.uuid4().hex
        first, again = [await send(operator, body, key=key) for _ in range(2)]
        assert first.content == again.content
        assert again.headers["idempotent-replayed"] == "true"
        assert (await send(operator, body + b"\n", key=key)).status_code == 422
    assert len(await rows(database, "SELECT * FROM data_import")) == 2


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


async def test_statements_do_not_grow_with_the_rows(
    house: House, monitor: Person, operator: Person, period: Open, database: Database
) -> None:
    """5,150 rows over 50 periods take the statements that one row takes."""
    await period()
    async with database.write() as session:
        await session.execute(
            text(
                "INSERT INTO reporting_period (indicator_id, code, kind, first_day, last_day, status, version, told,"
                " due_on, due_provisional, rule_key, rule_version, opened_at, opened_by)"
                " SELECT indicator_id, '9' || n, kind, first_day, last_day, status, version, told, due_on,"
                " due_provisional, rule_key, rule_version, opened_at, opened_by"
                " FROM reporting_period, generate_series(100, 149) n"
            )
        )
        await session.execute(
            text(
                "INSERT INTO expected_report SELECT p.id, e.organisation_id FROM expected_report e, reporting_period p"
                " WHERE p.code LIKE '9%'"
            )
        )
    counts = []
    for body in (
        file(line(COMMUNES[0])),
        file(*(line(commune, period=f"9{number}") for number in range(100, 150) for commune in COMMUNES)),
    ):
        with StatementCount(house.runtime.database) as counted:
            sent = await send(operator, body)
        assert sent.status_code == 200, sent.text
        counts.append(len(counted))
    assert sent.json()["counts"]["imported"] == 5150
    assert counts[0] == counts[1]
    assert counts[0] <= 30, counted.statements
