"""Approved values put right, and evidence: what is taken, what is needed, who sees it."""

import hashlib
import io
import uuid
import zipfile
from typing import Any

import asyncpg
import httpx
import pytest
from reporting_house import (
    HERE,
    PERIOD,
    THERE,
    Staff,
    add_indicators,
    approve_all,
    open_half,
    put,
    sheet,
    submit_all,
    value,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import FILES, House, Person, rows

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database
from servicekit.identity import Actor, Grant
from servicekit.row_scope import scope_of_actor
from targets.app import SERVICE
from targets.domain.figures import plain

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


async def approved(staff: Staff, codes: list[str]) -> dict[str, Any]:
    """A report of the first commune, approved."""
    await open_half(staff)
    await submit_all(staff.unit, HERE, codes)
    await approve_all(staff)
    report: dict[str, Any] = (await staff.unit.get(sheet(HERE))).json()["lines"][0]["report"]
    return report


async def rolled(database: Database) -> tuple[str, int]:
    query = "SELECT numerator, counted FROM roll_up WHERE period = :p AND organisation_id IS NULL"
    row = (await rows(database, query, p=PERIOD))[0]
    return plain(row["numerator"]), row["counted"]


async def test_the_approved_value_counts_until_the_corrected_one_is_approved(
    staff: Staff, house: House, database: Database, made: MadeDatabase
) -> None:
    codes = await add_indicators(database, 1)
    report = await approved(staff, codes)
    path = f"/reports/{report['id']}"
    silent = await staff.unit.post(f"{path}/corrections", {"numerator": "745"})
    assert silent.status_code == 422
    same = await staff.unit.post(f"{path}/corrections", {"numerator": "740", "reason": "Không đổi"})
    assert same.json()["code"] == "nothing_to_change"
    wrong = await staff.unit.post(f"{path}/corrections", {"numerator": "1745", "reason": "Sai"})
    assert wrong.json()["code"] == "bad_figures"
    asked = await staff.unit.post(f"{path}/corrections", {"numerator": "745", "reason": "Đếm sót một ấp"})
    assert asked.status_code == 201, asked.text
    second = await staff.unit.post(f"{path}/corrections", {"numerator": "746", "reason": "Lần nữa"})
    assert second.json()["code"] == "correction_waiting"
    assert await rolled(database) == ("740", 1)
    at = f"/corrections/{asked.json()['id']}"
    early = await staff.approver.post(f"{at}/approve", etag='"1"')
    assert early.json()["code"] == "step_not_allowed"
    both = house.person(("reporter", HERE), ("verifier", HERE))
    both.id = staff.unit.id
    own = await both.post(f"{at}/verify", etag='"1"')
    assert (own.status_code, own.json()["code"]) == (403, "same_person")
    checked = await staff.verifier.post(f"{at}/verify", etag='"1"')
    assert checked.json()["status"] == "verified"
    assert await rolled(database) == ("740", 1)
    done = await staff.approver.post(f"{at}/approve", etag=checked.headers["etag"])
    assert (done.status_code, done.json()["status"]) == (200, "approved"), done.text
    assert await rolled(database) == ("745", 1)
    now = (await staff.unit.get(path)).json()
    assert (now["numerator"], now["status"], now["on_time"]) == ("745", "approved", report["on_time"])
    line = (await staff.unit.get(f"{path}/history")).json()["items"][-1]
    assert (line["action"], line["values_before"], line["values_after"], line["reason"]) == (
        "correct", {"numerator": "740"}, {"numerator": "745"}, "Đếm sót một ấp",
    )  # fmt: skip
    told = await rows(database, "SELECT data FROM outbox WHERE type = 'targets.report.corrected.v1'")
    assert told[0]["data"]["numerator"] == "745"
    connection = await asyncpg.connect(made.app_dsn)
    await connection.execute("SET ROLE targets_house")
    for column, constraint in (("verified_by", "verified_by_second"), ("approved_by", "approved_by_third")):
        with pytest.raises(asyncpg.CheckViolationError, match=constraint):
            await connection.execute(f"UPDATE correction SET {column} = requested_by")
    await connection.close()


async def test_a_refused_correction_changes_nothing(staff: Staff, database: Database) -> None:
    codes = await add_indicators(database, 1)
    report = await approved(staff, codes)
    asked = await staff.unit.post(f"/reports/{report['id']}/corrections", {"numerator": "1", "reason": "Thử"})
    refused = await staff.verifier.post(
        f"/corrections/{asked.json()['id']}/refuse", {"reason": "Thiếu căn cứ"}, etag='"1"'
    )
    assert (refused.json()["status"], refused.json()["refusal_reason"]) == ("refused", "Thiếu căn cứ")
    assert await rolled(database) == ("740", 1)
    hidden = await staff.neighbour.get(f"/reports/{report['id']}/corrections")
    assert hidden.status_code == 404
    again = await staff.unit.post(f"/reports/{report['id']}/corrections", {"numerator": "2", "reason": "Lần hai"})
    assert again.status_code == 201


async def test_what_stands_beside_a_report_is_hidden_by_the_database_too(
    staff: Staff, house: House, database: Database
) -> None:
    codes = await add_indicators(database, 1)
    report = await approved(staff, codes)
    path = f"/reports/{report['id']}"
    await staff.unit.post(f"{path}/evidence", {"document_number": "1/BC", "document_date": "2026-07-01"})
    await staff.unit.post(f"{path}/corrections", {"numerator": "745", "reason": "Đếm sót"})
    for unit, seen in ((HERE, 1), (THERE, 0)):
        who = Actor(kind="person", id=uuid.uuid4(), session_id=uuid.uuid4(), grants=(Grant("reporter", unit),))
        scope = scope_of_actor(who, SERVICE.groups)
        async with house.runtime.database.read(scope) as session:
            for table in ("evidence", "correction"):
                assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == seen
            assert await session.scalar(text("SELECT count(*) FROM sign_off")) == 2 * seen
    for statement in (
        "INSERT INTO reopening (request_id, organisation_id, period_id, until_on)"
        " SELECT gen_random_uuid(), gen_random_uuid(), id, due_on FROM reporting_period",
        "UPDATE sign_off SET at = at",
        "DELETE FROM evidence",
        "UPDATE form_version SET name_vi = 'x'",
        "UPDATE reminder SET missing = 0",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
            async with house.runtime.database.write(scope) as session:
                await session.execute(text(statement))


async def upload(person: Person, report_id: str, data: bytes, **query: Any) -> httpx.Response:
    return await person.client.put(
        f"/api/v1/targets/reports/{report_id}/evidence",
        content=data,
        params=query,
        headers=person.headers | {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/octet-stream"},
    )


def office(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return out.getvalue()


async def drafted(staff: Staff, database: Database, *, evidence: str | None = None) -> str:
    codes = await add_indicators(database, 1, evidence=evidence)
    await open_half(staff)
    filled = await put(staff.unit, HERE, [value(codes[0])], etag='"0"')
    report_id: str = filled.json()["lines"][0]["report"]["id"]
    return report_id


async def test_a_file_is_kept_sealed_and_given_out_as_it_was(staff: Staff, database: Database) -> None:
    report_id = await drafted(staff, database)
    added = await upload(staff.unit, report_id, PDF, public="true")
    assert added.status_code == 201, added.text
    body = added.json()
    assert (body["media_type"], body["public"]) == ("application/pdf", True)
    assert body["sha256"] == hashlib.sha256(PDF).hexdigest()
    stored = (await rows(database, "SELECT storage_key FROM evidence"))[0]["storage_key"]
    sealed = (FILES / stored[:2] / stored).read_bytes()
    assert PDF not in sealed
    got = await staff.verifier.client.get(
        f"/api/v1/targets/evidence/{body['id']}/file", headers=staff.verifier.headers | {"Range": "bytes=0-3"}
    )
    assert (got.status_code, got.content) == (200, PDF)
    assert got.headers["content-disposition"] == f'attachment; filename="{body["id"]}.pdf"'
    assert (got.headers["accept-ranges"], got.headers["x-content-type-options"]) == ("none", "nosniff")
    assert (await staff.neighbour.get(f"/evidence/{body['id']}/file")).status_code == 404
    assert (await staff.neighbour.get(f"/reports/{report_id}/evidence")).status_code == 404
    assert len((await staff.monitor.get(f"/reports/{report_id}/evidence")).json()["items"]) == 1
    other = await upload(staff.neighbour, report_id, PDF)
    assert other.status_code == 404
    audited = await rows(database, "SELECT details FROM audit_entry WHERE action = 'evidence.add'")
    assert audited[0]["details"]["sha256"] == body["sha256"]


async def test_what_is_no_evidence_is_refused(staff: Staff, database: Database) -> None:
    report_id = await drafted(staff, database)
    for data, status, code in (
        (b"<html><script>alert(1)</script></html>", 415, "not_evidence"),
        (b"", 415, "not_evidence"),
        (b"MZ" + b"\0" * 200, 415, "not_evidence"),
        (office("word/document.xml", "word/vbaProject.bin"), 415, "not_evidence"),
        (office("readme.txt"), 415, "not_evidence"),
        (b"PK\x03\x04rubbish", 415, "not_evidence"),
        (PDF + b"\0" * (10 * 1024 * 1024), 413, "too_large"),
    ):
        answer = await upload(staff.unit, report_id, data)
        assert (answer.status_code, answer.json()["code"]) == (status, code), data[:20]
    assert (await rows(database, "SELECT count(*) AS n FROM evidence"))[0]["n"] == 0
    assert (await upload(staff.unit, report_id, office("word/document.xml"))).status_code == 201
    assert (await upload(staff.unit, report_id, office("xl/workbook.xml"))).status_code == 201
    for place in range(18):
        document = {"document_number": f"{place}/BC", "document_date": "2026-07-01"}
        assert (await staff.unit.post(f"/reports/{report_id}/evidence", document)).status_code == 201
    full = await upload(staff.unit, report_id, PDF)
    assert (full.status_code, full.json()["code"]) == (409, "too_much_evidence")


async def test_what_needs_evidence_is_not_handed_in_without(staff: Staff, database: Database) -> None:
    report_id = await drafted(staff, database, evidence="HALF-01")
    read = await staff.unit.get(f"/reports/{report_id}")
    assert read.json()["may_submit"] is False
    alone = await staff.unit.post(f"/reports/{report_id}/submit", etag=read.headers["etag"])
    assert (alone.status_code, alone.json()["code"]) == (422, "evidence_missing")
    whole = await staff.unit.post(f"{sheet(HERE)}/submit", etag='"1"')
    assert [(one["field"], one["code"]) for one in whole.json()["errors"]] == [("HALF-01", "evidence_missing")]
    owed = (await staff.unit.get("/obligations", organisation_id=str(HERE))).json()["items"]
    assert owed[0]["missing"] == ["evidence", "submission"]
    document = {"document_number": "12/BC-MTTQ", "document_date": "2026-07-01", "url": "https://example.vn/12"}
    added = await staff.unit.post(f"/reports/{report_id}/evidence", document)
    assert added.status_code == 201, added.text
    removed = await staff.unit.post(f"/evidence/{added.json()['id']}/remove")
    assert removed.status_code == 200
    again = await staff.unit.post(f"/reports/{report_id}/submit", etag=read.headers["etag"])
    assert again.json()["code"] == "evidence_missing"
    await staff.unit.post(f"/reports/{report_id}/evidence", document)
    sent = await staff.unit.post(f"/reports/{report_id}/submit", etag=read.headers["etag"])
    assert sent.status_code == 200, sent.text
    kept = (await staff.unit.get(f"/reports/{report_id}/evidence")).json()["items"][0]["id"]
    locked = await staff.unit.post(f"/evidence/{kept}/remove")
    assert (locked.status_code, locked.json()["code"]) == (409, "step_not_allowed")
