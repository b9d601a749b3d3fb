"""Imports of values on real PostgreSQL: what is stored, with which history, and in how many statements."""

import hashlib
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import asyncpg
import pytest
from import_house import file, line, send, stored
from sqlalchemy import event, text
from targets_house import COMMUNES, House, Person, report_body, rows

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database

Open = Callable[..., Any]


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


async def test_a_draft_on_which_something_hangs_is_not_deleted(
    period: Open, operator: Person, database: Database, made: MadeDatabase
) -> None:
    await period()
    await send(operator, file(line(COMMUNES[0])))
    owner = await asyncpg.connect(made.admin_dsn)
    try:
        await owner.execute("CREATE TABLE hung (report_id uuid REFERENCES report)")
        await owner.execute("INSERT INTO hung SELECT id FROM report")
    finally:
        await owner.close()
    sent = await send(operator, file(f"TGT-01,2025,{COMMUNES[0]},,,"), strategy="DELETE")
    assert (sent.status_code, sent.json()["code"]) == (409, "report_in_use")
    assert len(await stored(database)) == 1
    assert len(await rows(database, "SELECT * FROM report_change")) == 1


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


async def test_a_key_sent_twice_imports_once(period: Open, operator: Person, database: Database) -> None:
    await period()
    for body in (file(line(COMMUNES[0])), file(line(COMMUNES[1], -1))):
        key = uuid.uuid4().hex
        first, again = [await send(operator, body, key=key) for _ in range(2)]
        assert first.content == again.content
        assert again.headers["idempotent-replayed"] == "true"
        assert (await send(operator, body + b"\n", key=key)).status_code == 422
    assert len(await rows(database, "SELECT * FROM data_import")) == 2


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
                " SELECT indicator_id, CAST(n AS text), kind, first_day, last_day, status, version, told, due_on,"
                " due_provisional, rule_key, rule_version, opened_at, opened_by"
                " FROM reporting_period, generate_series(2050, 2099) n"
            )
        )
        await session.execute(
            text(
                "INSERT INTO expected_report SELECT p.id, e.organisation_id FROM expected_report e, reporting_period p"
                " WHERE p.code > '2049'"
            )
        )
    counts = []
    for body in (
        file(line(COMMUNES[0])),
        file(*(line(commune, period=str(number)) for number in range(2050, 2100) for commune in COMMUNES)),
    ):
        seen: list[str] = []
        note = partial(_note, seen)
        event.listen(house.runtime.database.write_engine.sync_engine, "before_cursor_execute", note)
        sent = await send(operator, body)
        event.remove(house.runtime.database.write_engine.sync_engine, "before_cursor_execute", note)
        assert sent.status_code == 200, sent.text
        counts.append(len(seen))
    assert sent.json()["counts"]["imported"] == 5150
    assert counts[0] == counts[1]
    assert counts[0] <= 26, seen


def _note(seen: list[str], *said: Any) -> None:
    # On the writing pool alone: the other one is read by what runs beside requests.
    seen.append(" ".join(said[2].split())[:100])
