"""Bad input of groups A and B (reliability §6) against the writing routes: refused, nothing stored."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from targets_house import COMMUNES, House, Person, report_body, rows

from servicekit.db import Database
from targets.app import PUBLIC

Open = Callable[..., Any]
GOOD = report_body(COMMUNES[0])
TABLES = ("report", "report_change", "reporting_period", "outbox", "audit_entry", "idempotency_key")


def with_number(text: str) -> bytes:
    return json.dumps(GOOD | {"numerator": "@"}).replace('"@"', text).encode()


def with_field(name: str, value: Any) -> bytes:
    return json.dumps(GOOD | {name: value}).encode()


def raw(name: str, text: str) -> bytes:
    return json.dumps(GOOD | {name: "@"}).replace('"@"', text).encode()


BODIES: list[tuple[str, bytes, set[int]]] = [
    ("NUL", raw("note", '"a\\u0000b"'), {422}),
    ("lone surrogate", raw("note", '"\\ud800"'), {422}),
    ("surrogate in a key", raw("breakdown", '{"\\ud800": 1}'), {422}),
    ("int above int64", with_number("9223372036854775808"), {422}),
    ("5,000 digits", with_number("1" * 5000), {400, 422}),
    ("NaN", with_number("NaN"), {422}),
    ("Infinity", with_number("Infinity"), {422}),
    ("1e400", with_number("1e400"), {422}),
    ("1e308", with_number("1e308"), {422}),
    ("eleven decimals", with_number("0.12345678901"), {422}),
    ("true as a number", with_number("true"), {422}),
    ("comma", with_number('"1,5"'), {422}),
    ("blank number", with_number('" 1"'), {422}),
    ("list as a number", with_number("[1]"), {422}),
    ("duplicate key", json.dumps(GOOD)[:-1].encode() + b', "numerator": 1}', {422}),
    ("100,000 arrays", b"[" * 100_000, {400}),
    ("900 arrays", raw("note", "[" * 900 + "]" * 900), {422}),
    ("invalid UTF-8", b'{"note": "\xff"}', {400}),
    ("UTF-16", json.dumps(GOOD).encode("utf-16"), {400, 415}),
    ("not JSON", b"numerator=1", {400}),
    ("empty", b"", {400, 422}),
    ("array", b"[]", {422}),
    ("unknown field is_admin", with_field("is_admin", True), {422}),
    ("unknown field id", with_field("id", str(uuid.uuid4())), {422}),
    ("unknown field status", with_field("status", "approved"), {422}),
    ("unknown field version", with_field("version", 9), {422}),
    ("spaces", with_field("note", "   "), {422}),
    ("zero-width only", with_field("note", "\u200b\u200b"), {422}),
    ("only combining marks", with_field("note", "\u0301" * 3), {422}),
    ("5,001 characters", with_field("note", "a" * 5001), {422}),
    ("line break in one line", with_field("denominator_source", "a\nb"), {422}),
    ("period with SQL", with_field("period", "2025'; DROP TABLE report"), {422}),
    ("period number", with_field("period", 2025), {422}),
    ("organisation no uuid", with_field("organisation_id", "1"), {422}),
    ("organisation urn", with_field("organisation_id", f"urn:uuid:{COMMUNES[0]}"), {422}),
    ("method not in the list", with_field("counting_method", "guess"), {422}),
    ("200,000 keys", json.dumps({f"k{n}": 1 for n in range(200_000)}).encode(), {413, 422}),
]
ROUTES = (
    "POST /reports",
    "PATCH /reports/{id}",
    "POST /reports/{id}/return",
    "POST /periods",
    "POST /periods/{id}/close",
)


async def stored(database: Database) -> list[list[dict[str, Any]]]:
    return [await rows(database, f"SELECT count(*) FROM {table}") for table in TABLES]


async def test_no_body_breaks_a_route_and_none_is_stored(
    house: House, period: Open, operator: Person, verifier: Person, monitor: Person, database: Database
) -> None:
    opened = await period()
    made = await operator.post("/reports", report_body(COMMUNES[1]))
    sent = await operator.post(f"/reports/{made.json()['id']}/submit", etag=made.headers["etag"])
    before = await stored(database)
    ids = {"reports": made.json()["id"], "periods": opened["id"]}
    for route in ROUTES:
        method, path = route.split(" ")
        path = path.replace("{id}", ids[path.split("/")[1]])
        person = verifier if path.endswith("/return") else monitor if "periods" in path else operator
        for name, body, expected in BODIES:
            if len(body) > 50_000 and route != "POST /reports":
                continue  # read by the same code, and slow
            headers = person.headers | {"Content-Type": "application/json", "If-Match": sent.headers["etag"]}
            headers["Idempotency-Key"] = str(uuid.uuid4())
            answer = await house.client.request(method, f"/api/v1/targets{path}", content=body, headers=headers)
            allowed = expected if route == "POST /reports" else expected | {422}
            assert answer.status_code in allowed, (route, name, answer.status_code, answer.text[:300])
            assert answer.headers["content-type"] == "application/problem+json"
            assert "Traceback" not in answer.text
    assert await stored(database) == before


async def test_media_types(operator: Person, period: Open) -> None:
    await period()
    body = json.dumps(GOOD).encode()
    for more in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json; charset=utf-16"},
    ):
        headers = operator.headers | {"Idempotency-Key": str(uuid.uuid4())} | more
        answer = await operator.client.post("/api/v1/targets/reports", content=body, headers=headers)
        assert answer.status_code == 415


async def test_text_is_normalised_and_stored_as_given(operator: Person, period: Open) -> None:
    await period()
    note = "<script>alert(1)</script> =HYPERLINK(1) {{7*7}} %s ${jndi:x} \u202etxt \U0001f600"
    made = await operator.post("/reports", report_body(COMMUNES[0], note=note, denominator_source="Co\u0302ng an"))
    assert made.json()["note"] == note
    assert made.json()["denominator_source"] == "Công an"
    exact = await operator.post("/reports", report_body(COMMUNES[1], 3, 10_000_000_000_000_007))
    assert exact.json()["denominator"] == "10000000000000007"


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=0", "limit=101", "limit=1000000000", "limit=9223372036854775808", "limit=1.5", "limit=%00",
     "status=nothing", "organisation_id=1", "period=%00", "indicator_code=%00", "indicator_code=a%20b"],
)  # fmt: skip
async def test_bad_query_parameters(house: House, operator: Person, query: str) -> None:
    answer = await house.client.get(f"/api/v1/targets/reports?{query}", headers=operator.headers)
    assert answer.status_code == 422, answer.text


async def test_cursors_and_ids(house: House, operator: Person, period: Open) -> None:
    await period()
    for number in range(3):
        assert (await operator.post("/reports", report_body(COMMUNES[number]))).status_code == 201
    page = (await operator.get("/reports", limit=1)).json()
    foreign = (await operator.get("/indicators", limit=1)).json()["next_cursor"]
    for cursor in ("x", "AAAA", foreign, page["next_cursor"][:-2] + "zz"):
        answer = await operator.get("/reports", limit=1, cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    other_list = await operator.get("/reports", limit=1, cursor=page["next_cursor"], status="draft")
    assert other_list.status_code == 400
    for wrong in ("12345678901234567890", "x", str(uuid.uuid4()), "%00", "..%2f"):
        answer = await house.client.get(f"/api/v1/targets/reports/{wrong}", headers=operator.headers)
        assert answer.status_code in (404, 422), wrong
        answer = await house.client.get(f"/api/v1/targets/indicators/{wrong}", headers=operator.headers)
        assert answer.status_code in (404, 422), wrong


async def test_every_route_asks_who_is_there(house: House) -> None:
    document = (await house.client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method in methods:
            if (method.upper(), path) in PUBLIC:
                continue
            given = path.replace("{code}", "TGT-01")
            for name in ("report_id", "period_id"):
                given = given.replace("{" + name + "}", str(uuid.uuid4()))
            for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eDp5"}):
                answer = await house.client.request(method.upper(), given, headers=headers, json={})
                assert answer.status_code == 401, (method, path, answer.text)
