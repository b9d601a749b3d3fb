"""Groups A and B of the bad inputs against every writing route of this service: refused as told, nothing stored."""

import json
import uuid
from typing import Any
from uuid import uuid4

import pytest

TABLES = ("oversight_case", "recommendation", "addressee", "outbox", "audit_entry", "idempotency_key")
UNUSED_CASE, UNUSED_PART = f"/cases/{uuid4()}", f"/recommendations/{uuid4()}/addressees/{uuid4()}"
ROUTES = {
    "open": ("/cases", "officer", "title"),
    "plan": (f"{UNUSED_CASE}/plan", "officer", "document_number"),
    "conclude": (f"{UNUSED_CASE}/conclude", "officer", "conclusion"),
    "recommend": (f"{UNUSED_CASE}/recommendations", "officer", "text"),
    "reply": (f"{UNUSED_PART}/reply", "head", "text"),
    "verify": (f"{UNUSED_PART}/verify", "officer", "finding"),
    "end": (f"{UNUSED_PART}/end", "officer", "note"),
}


def good_body(world: Any, route: str) -> dict[str, Any]:
    bodies = {
        "open": world.case_body(),
        "plan": world.plan_body(),
        "conclude": world.conclusion_body(),
        "recommend": world.recommendation_body(),
        "reply": {"disposition": "accepted", "text": "Tiếp thu"},
        "verify": {"finding": "Đã làm", "evidence": "Biên bản"},
        "end": {"reason_code": "escalated", "note": "Công văn"},
    }
    return dict(bodies[route])


async def send(world: Any, route: str, content: bytes, **headers: str) -> Any:
    path, who, _ = ROUTES[route]
    return await world.http.post(
        f"/api/v1/oversight{path}",
        content=content,
        headers={
            "Authorization": f"Bearer {getattr(world, who)}",
            "Idempotency-Key": uuid.uuid4().hex,
            "If-Match": '"1"',
            "Content-Type": "application/json",
            **headers,
        },
    )


async def stored(world: Any) -> list[int]:
    columns = ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)
    return list((await world.rows(f"SELECT {columns}"))[0])


TEXTS = {
    "NUL": '"a\\u0000b"',
    "lone surrogate": '"\\ud800"',
    "number": "12",
    "true": "true",
    "spaces": '"   "',
    "zero-width": '"\\u200b\\u200b"',
    "only combining marks": '"\\u0301\\u0301"',
    "object": "{}",
    "list": '["a"]',
    "null": "null",
    "control": '"a\\u001b[31mb"',
    "20,001 letters": json.dumps("a" * 20_001),
}


@pytest.mark.parametrize("route", ROUTES)
async def test_bad_texts_are_422(quiet_world: Any, route: str) -> None:
    field = ROUTES[route][2]
    body = good_body(quiet_world, route)
    for name, bad in TEXTS.items():
        content = json.dumps(body | {field: "HERE"}).replace('"HERE"', bad).encode()
        answer = await send(quiet_world, route, content)
        assert answer.status_code == 422, (route, name, answer.status_code, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert await stored(quiet_world) == [0] * len(TABLES)


@pytest.mark.parametrize("route", ROUTES)
async def test_bad_documents_are_refused_before_anything_happens(quiet_world: Any, route: str) -> None:
    body = good_body(quiet_world, route)
    good = json.dumps(body)
    field = ROUTES[route][2]
    cases = [
        ("unknown field", json.dumps(body | {"is_admin": True}).encode(), 422),
        ("id", json.dumps(body | {"id": str(uuid4())}).encode(), 422),
        ("status", json.dumps(body | {"status": "closed"}).encode(), 422),
        ("version", json.dumps(body | {"version": 9}).encode(), 422),
        ("NaN", good.replace("{", '{"n": NaN,', 1).encode(), 422),
        ("1e400", good.replace("{", '{"n": 1e400,', 1).encode(), 422),
        ("5,000 digits", good.replace("{", '{"n": ' + "9" * 5000 + ",", 1).encode(), 422),
        ("duplicate key", good.replace("{", f'{{"{field}": "x",', 1).encode(), 422),
        ("deep", (b'{"n":' + b"[" * 900 + b"]" * 900 + b"}"), 422),
        ("very deep", b"[" * 100_000, 400),
        ("no UTF-8", good.encode().replace(b"}", b"\xff}", 1), 400),
        ("UTF-16", good.encode("utf-16"), 400),
        ("cut", good.encode()[:-2], 400),
        ("empty", b"", 400),
        ("list", b"[]", 422),
        ("nothing", b"{}", 422),
    ]
    for name, content, status in cases:
        answer = await send(quiet_world, route, content)
        assert answer.status_code == status, (route, name, answer.status_code, answer.text)
    for headers in ({"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}):
        assert (await send(quiet_world, route, good.encode(), **headers)).status_code == 415
    large = json.dumps(body | {field: "a" * 20_000_000}).encode()
    assert (await send(quiet_world, route, large)).status_code == 413
    assert await stored(quiet_world) == [0] * len(TABLES)


@pytest.mark.parametrize(
    "bad",
    ["2026-02-31", "2027-02-29", "99999-01-01", "0001-01-01", 1763856000, "2026-11-23T00:00:00Z", "23/11/2026", True],
)
@pytest.mark.parametrize(("route", "field"), [("plan", "document_date"), ("conclude", "document_date")])
async def test_bad_dates_are_422(quiet_world: Any, route: str, field: str, bad: object) -> None:
    answer = await send(quiet_world, route, json.dumps(good_body(quiet_world, route) | {field: bad}).encode())
    assert answer.status_code == 422
    assert await stored(quiet_world) == [0] * len(TABLES)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/cases", {"limit": "-1"}, 422),
        ("/cases", {"limit": "0"}, 422),
        ("/cases", {"limit": "1000000000"}, 422),
        ("/cases", {"limit": "9" * 30}, 422),
        ("/cases", {"limit": "1.5"}, 422),
        ("/cases", {"cursor": "forged"}, 400),
        ("/cases", {"cursor": "\x00"}, 400),
        ("/cases", {"status": "opened' OR 1=1"}, 422),
        ("/cases", {"submission_id": "12345678901234567890"}, 422),
        ("/recommendations", {"due_before": "2026-02-31"}, 422),
        ("/recommendations", {"due_before": "0"}, 422),
        ("/recommendations", {"organisation_id": "x"}, 422),
        ("/cases/12345678901234567890", {}, 422),
        ("/cases/%00", {}, 422),
    ],
)
async def test_bad_parameters_are_refused(quiet_world: Any, path: str, query: dict[str, str], status: int) -> None:
    assert (await quiet_world.get(path, quiet_world.officer, **query)).status_code == status


@pytest.mark.parametrize("route", ROUTES)
async def test_nobody_and_forged_tokens_are_401(quiet_world: Any, route: str) -> None:
    content = json.dumps(good_body(quiet_world, route)).encode()
    head, payload, signature = quiet_world.officer.split(".")
    forged = f"{head}.{payload}.{'A' * len(signature)}"
    for header in ("", "Bearer ", "Bearer x", f"Bearer {forged}", f"Basic {quiet_world.officer}"):
        assert (await send(quiet_world, route, content, Authorization=header)).status_code == 401
    assert await stored(quiet_world) == [0] * len(TABLES)


@pytest.mark.parametrize("route", [name for name in ROUTES if name != "open"])
async def test_what_is_not_there_is_404(quiet_world: Any, route: str) -> None:
    answer = await send(quiet_world, route, json.dumps(good_body(quiet_world, route)).encode())
    assert answer.status_code == 404
    assert await stored(quiet_world) == [0] * len(TABLES)


async def test_texts_that_look_like_attacks_are_kept_as_text(world: Any) -> None:
    title = "<script>alert(1)</script> =HYPERLINK(1) {{7*7}} ${jndi:ldap} %s%n 'OR''='"
    case = await world.opened(title=title)
    assert case["title"] == title
    decomposed = "Pha\u0309n a\u0301nh"
    again = await world.opened(trigger="media", submission_id=None, title=decomposed)
    assert again["title"] == "Phản ánh"
