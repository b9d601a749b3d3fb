"""Validation rules and outliers: what they do to entry, import, submission and review."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from import_house import file, line, send
from sqlalchemy import text
from targets_house import CITY, COMMUNES, House, Person, StatementCount, report_body, rows

from servicekit.db import Database

Open = Callable[..., Any]


async def test_an_error_refuses_the_entry_and_the_correction(
    period: Open, operator: Person, database: Database
) -> None:
    """TGT-03-STAFF: no more key officers than members."""
    for code in ("TGT-01", "TGT-03"):
        await period(code)
    await operator.post("/reports", report_body(COMMUNES[0], 40, 100))
    refused = await operator.post("/reports", report_body(COMMUNES[0], 41, 41, indicator_code="TGT-03"))
    assert (refused.status_code, refused.json()["code"]) == (422, "rule_broken")
    assert refused.json()["errors"][0]["rule"] == "TGT-03-STAFF"
    assert len(await rows(database, "SELECT id FROM report")) == 1
    made = await operator.post("/reports", report_body(COMMUNES[0], 40, 40, indicator_code="TGT-03"))
    assert made.status_code == 201
    path = f"/reports/{made.json()['id']}"
    corrected = await operator.patch(path, {"denominator": "41"}, etag=made.headers["etag"])
    assert corrected.json()["code"] == "rule_broken"
    # The same rule from its other side, and in another unit it says nothing.
    members = (await operator.get("/reports", indicator_code="TGT-01")).json()["items"][0]
    fewer = await operator.patch(f"/reports/{members['id']}", {"numerator": "39"}, etag='"1"')
    assert fewer.json()["code"] == "rule_broken"
    assert (
        await operator.post("/reports", report_body(COMMUNES[1], 41, 41, indicator_code="TGT-03"))
    ).status_code == 201


async def test_a_warning_is_stored_and_must_be_answered_before_submitting(
    house: House, period: Open, operator: Person
) -> None:
    house.clock.at = house.clock.at.replace(year=2027)
    await period(period="2025")
    await period(period="2026")
    await operator.post("/reports", report_body(COMMUNES[0], 400, 1000))
    made = await operator.post("/reports", report_body(COMMUNES[0], 500, 1000, period="2026"))
    assert made.status_code == 201, made.text
    assert [(one["rule"], one["left"], one["operator"], one["right"]) for one in made.json()["warnings"]] == [
        ("TGT-01-RISE", "50", "<=", "48")
    ]
    path = f"/reports/{made.json()['id']}"
    early = await operator.post(f"{path}/submit", etag=made.headers["etag"])
    assert (early.status_code, early.json()["code"]) == (409, "warnings_unanswered")
    noted = await operator.patch(path, {"note": "Sáp nhập thêm tổ chức"}, etag=made.headers["etag"])
    assert noted.json()["warnings"] != []
    assert (await operator.post(f"{path}/submit", etag=noted.headers["etag"])).status_code == 200


async def test_a_file_is_held_against_the_rules_row_by_row(period: Open, operator: Person, database: Database) -> None:
    for code in ("TGT-01", "TGT-03"):
        await period(code)
    await operator.post("/reports", report_body(COMMUNES[0], 40, 100))
    body = file(
        line(COMMUNES[0], 41, 41, code="TGT-03"),  # against what is stored
        line(COMMUNES[1], 40, 100), line(COMMUNES[1], 41, 41, code="TGT-03"),  # against a row of the file
        line(COMMUNES[2], 41, 100), line(COMMUNES[2], 41, 41, code="TGT-03"),
    )  # fmt: skip
    sent = await send(operator, body)
    assert [(one["line"], one["code"]) for one in sent.json()["errors"]] == [
        (2, "rule_broken"), (3, "rule_broken"), (4, "rule_broken")
    ]  # fmt: skip
    part = await send(operator, body, atomic=False)
    assert part.json()["counts"] == {"imported": 2, "updated": 0, "ignored": 0, "deleted": 0, "conflicts": 3}
    assert len(await rows(database, "SELECT id FROM report")) == 3


async def test_a_file_stores_its_warnings(house: House, period: Open, operator: Person, database: Database) -> None:
    house.clock.at = house.clock.at.replace(year=2027)
    await period(period="2025")
    await period(period="2026")
    lines = [line(COMMUNES[0], 400), line(COMMUNES[0], 500, period="2026"), line(COMMUNES[1], 400, period="2026")]
    sent = await send(operator, file(*lines))
    assert sent.json()["warnings"] == 1, sent.text
    query = "SELECT warnings -> 0 ->> 'rule' AS rule FROM report ORDER BY id"
    assert [row["rule"] for row in await rows(database, query)] == [None, "TGT-01-RISE", None]
    calmer = await send(operator, file(line(COMMUNES[0], 410, period="2026")))
    assert (calmer.json()["counts"]["updated"], calmer.json()["warnings"]) == (1, 0)
    assert [row["rule"] for row in await rows(database, query)] == [None, None, None]


async def test_bounds_of_an_indicator_warn(period: Open, operator: Person, database: Database) -> None:
    await period()
    async with database.write() as session:
        from sqlalchemy import text

        await session.execute(text("SET LOCAL ROLE targets_house"))
        await session.execute(text("UPDATE indicator SET lower_bound = 10, upper_bound = 95 WHERE code = 'TGT-01'"))
    for numerator, expected in ((95, []), (96, ["TGT-01-UPPER"]), (9, ["TGT-01-LOWER"])):
        made = await operator.post("/reports", report_body(COMMUNES[numerator % 50], numerator, 100))
        assert [one["rule"] for one in made.json()["warnings"]] == expected


RULE = {
    "name_vi": "Tổ chức mới không quá 50", "name_en": "No more than 50 new organisations",
    "left": {"indicator_code": "TGT-02", "field": "numerator"}, "operator": "<=", "constant": "50",
    "importance": "error", "period_kinds": ["year"], "text_vi": "Quá 50", "text_en": "More than 50",
    "source": "Công văn thử", "active_from": "2025-01-01",
}  # fmt: skip


async def test_rules_are_set_by_the_monitoring_board(
    house: House, period: Open, monitor: Person, operator: Person, database: Database
) -> None:
    await period("TGT-02")
    made = await monitor.post("/validation-rules", RULE | {"code": "TGT-02-MOST"})
    assert made.status_code == 201, made.text
    refused = await operator.post("/reports", report_body(COMMUNES[0], 51, ..., indicator_code="TGT-02"))
    assert refused.json()["errors"][0]["rule"] == "TGT-02-MOST"
    path = f"/api/v1/targets/validation-rules/{made.json()['id']}"

    async def put(person: Person, body: Any, etag: str | None) -> Any:
        headers = person.headers | ({"If-Match": etag} if etag else {})
        return await house.client.put(path, json=body, headers=headers)

    ended = await put(monitor, RULE | {"active_to": "2025-06-30"}, made.headers["etag"])
    assert (ended.status_code, ended.json()["version"]) == (200, 2), ended.text
    assert (await put(monitor, RULE, made.headers["etag"])).status_code == 412
    assert (await put(monitor, RULE, None)).status_code == 428
    allowed = await operator.post("/reports", report_body(COMMUNES[0], 51, ..., indicator_code="TGT-02"))
    assert allowed.status_code == 201
    audit = await rows(database, "SELECT action, details FROM audit_entry WHERE subject_type = 'validation_rule'")
    assert [(row["action"], row["details"]["version"]) for row in audit] == [
        ("validation_rule.add", 1), ("validation_rule.change", 2)
    ]  # fmt: skip
    # Not by others, not twice, not half.
    assert (await operator.post("/validation-rules", RULE | {"code": "X"})).status_code == 403
    elsewhere = house.person(("monitoring_officer", CITY))
    assert (await elsewhere.post("/validation-rules", RULE | {"code": "X"})).status_code == 403
    assert (await put(elsewhere, RULE, ended.headers["etag"])).status_code == 403
    assert (await monitor.post("/validation-rules", RULE | {"code": "TGT-02-MOST"})).status_code == 409
    term = {"indicator_code": "TGT-01", "field": "rate"}
    for wrong, code in (
        ({"right": term}, "rule_incomplete"),
        ({"constant": None}, "rule_incomplete"),
        ({"active_to": "2024-12-31"}, "rule_incomplete"),
        ({"left": {"indicator_code": "TGT-99", "field": "rate"}}, "unknown_indicator"),
        ({"left": term | {"field": "note"}}, "invalid"),
        ({"operator": "!="}, "invalid"),
        ({"period_kinds": []}, "invalid"),
        ({"constant": "1,5"}, "invalid"),
        ({"constant": "1e999999999"}, "invalid"),
        ({"is_admin": True}, "invalid"),
    ):
        answer = await monitor.post("/validation-rules", RULE | {"code": "Y"} | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    listed = (await operator.get("/validation-rules")).json()["items"]
    assert {"TGT-01-RISE", "TGT-02-MOST"} <= {one["code"] for one in listed}
    assert "Y" not in {one["code"] for one in listed}


async def test_a_reviewer_sees_what_stands_out_with_the_numbers_behind(
    house: House, period: Open, operator: Person, monitor: Person
) -> None:
    house.clock.at = house.clock.at.replace(year=2027)
    await period(period="2025")
    await period(period="2026")
    usual = [line(commune, 700 + number % 9) for number, commune in enumerate(COMMUNES[:40])]
    await send(operator, file(*usual, line(COMMUNES[40], 10)))
    await send(operator, file(line(COMMUNES[0], 990, period="2026", note="Đúng")))
    found = (await monitor.get("/validation", period="2025")).json()
    assert [one["organisation_id"] for one in found["items"]] == [str(COMMUNES[40])]
    scores = {(one["compared_with"], one["score"]): one for one in found["items"][0]["outliers"]}
    assert set(scores) == {("other_units", "z"), ("other_units", "modified_z")}
    modified = scores["other_units", "modified_z"]
    assert (modified["value"], modified["middle"], modified["others"], modified["limit"]) == ("1", "70.35", 40, "3.5")
    assert float(modified["result"]) == pytest.approx(0.6745 * (1 - 70.35) / float(modified["spread"]), abs=1e-5)
    later = (await monitor.get("/validation", period="2026", indicator_code="TGT-01")).json()["items"]
    assert [one["rule"] for one in later[0]["violations"]] == ["TGT-01-RISE"]
    assert later[0]["note"] == "Đúng"
    # A unit sees its own, compared with its own.
    neighbour = house.person(("verifier", COMMUNES[1]))
    assert (await neighbour.get("/validation", period="2025")).json()["items"] == []
    with StatementCount(house.runtime.database) as counted:
        assert (await monitor.get("/validation", period="2025", limit=100)).status_code == 200
    assert len(counted) <= 4, counted.statements
    pages, cursor = [], {}
    while True:
        page = (await monitor.get("/validation", period="2025", limit=7, **cursor)).json()
        pages += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == found["items"]


async def test_a_value_is_held_against_the_units_own_past(
    house: House, period: Open, operator: Person, database: Database
) -> None:
    await period()
    async with database.write() as session:
        await session.execute(
            text(
                "INSERT INTO reporting_period (indicator_id, code, kind, first_day, last_day, status, version, told,"
                " due_on, due_provisional, rule_key, rule_version, opened_at, opened_by)"
                " SELECT indicator_id, CAST(2025 - n AS text), kind, first_day - 365 * n, last_day - 365 * n, status,"
                " 1, 1,"
                " due_on, due_provisional, rule_key, rule_version, opened_at, opened_by"
                " FROM reporting_period, generate_series(1, 8) n"
            )
        )
        await session.execute(
            text(
                "INSERT INTO report (period_id, organisation_id, status, version, told, numerator, denominator,"
                " breakdown, counting_method, entered_by, created_at, changed_at)"
                " SELECT id, :unit, 'approved', 1, 1, 700 + CAST(code AS int) % 5, 1000, '{}', 'x', :who, now(), now()"
                " FROM reporting_period WHERE code < '2025'"
            ),
            {"unit": COMMUNES[0], "who": uuid.uuid4()},
        )
    await operator.post("/reports", report_body(COMMUNES[0], 830, 1000))
    found = (await operator.get("/validation", period="2025")).json()["items"][0]["outliers"]
    assert {(one["compared_with"], one["score"], one["others"]) for one in found} == {
        ("own_past", "z", 8), ("own_past", "modified_z", 8)
    }  # fmt: skip
