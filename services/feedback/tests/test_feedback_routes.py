"""Over all routes: an access rule, safe bodies, errors in the documents; bad input never answers 5xx or stores."""

import json
import re
import unicodedata
import uuid
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from feedback.app import PUBLIC, SERVICE
from servicekit.etags import read_expected_version
from servicekit.idempotency import read_key
from servicekit.routes import dependency_calls
from servicekit.text import unsafe_fields
from servicekit.web import openapi_document

ROUTES = [route for router in SERVICE.routers for route in router.routes if isinstance(route, APIRoute)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_says_who_may(route: APIRoute) -> None:
    declared = [call for call in dependency_calls(route.dependant) if hasattr(call, "access")]
    public = all((method, route.path) in PUBLIC for method in route.methods)
    assert bool(declared) != public
    assert route.endpoint.__doc__


def test_the_public_list_names_only_routes_that_are_there() -> None:
    assert {(method, route.path) for route in ROUTES for method in route.methods} >= PUBLIC


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body_field], ids=lambda route: route.path)
def test_every_body_is_made_of_safe_types(route: APIRoute) -> None:
    model = route.body_field.field_info.annotation  # type: ignore[union-attr]
    if isinstance(model, type) and issubclass(model, BaseModel) and not route.path.endswith("/uploads"):
        assert unsafe_fields(model) == []
        assert model.model_config["extra"] == "forbid"


def test_creating_takes_a_key_and_changing_takes_a_version() -> None:
    looks = ("/tracking", "/tracking/deadline", "/tracking/receipt", "/tracking/attachment", "/receipts/verify")
    for route in ROUTES:
        calls = set(dependency_calls(route.dependant))
        if route.path.endswith("/submissions") and "POST" in route.methods:
            assert read_key in calls
        elif "GET" not in route.methods and not route.path.endswith((*looks, "/uploads")):
            assert read_expected_version in calls, route.path


def writing(world: Any, case: Any) -> list[tuple[str, dict[str, Any], str | None]]:
    item = f"/submissions/{case.id}"
    everything = world.issuer.token(
        *((role, world.front) for role in ("front_officer", "head", "handler", "intake_officer"))
    )
    return [
        ("/submissions", world.body(), None),
        ("/tracking", case.key, None),
        ("/tracking/deadline", case.key, None),
        ("/tracking/receipt", case.key, None),
        ("/tracking/attachment", case.key | {"attachment_id": str(case.id)}, None),
        ("/tracking/confirm", case.key, None),
        ("/tracking/dispute", case.key | {"reason": "Chưa xong"}, None),
        ("/receipts/verify", case.ticket["receipt"], None),
        (f"{item}/classify", {"kind": "report"}, everything),
        (f"{item}/refuse", {"reason_code": "unclear", "text": "Chưa rõ"}, everything),
        (f"{item}/guide-out", {"text": "Nơi khác"}, everything),
        (f"{item}/assign", {"holder_organisation_id": str(world.committee)}, everything),
        (f"{item}/answer", {"outcome": "done", "text": "Xong"}, everything),
        (f"{item}/reveal-identity", {"reason_code": "safety"}, everything),
    ]


RAW = {
    "empty": (b"", "application/json", {400, 422}),
    "not json": (b"{", "application/json", {400}),
    "invalid utf-8": (b'{"text":"\xff"}', "application/json", {400}),
    "utf-16": ('{"a":1}'.encode("utf-16"), "application/json", {400}),
    "deep": (b"[" * 100_000, "application/json", {400}),
    "nested 900": (b"[" * 900 + b"]" * 900, "application/json", {422}),
    "nan": (b'{"text":NaN}', "application/json", {422}),
    "infinity": (b'{"text":-Infinity}', "application/json", {422}),
    "1e400": (b'{"text":1e400}', "application/json", {422}),
    "long number": (b'{"text":' + b"9" * 5000 + b"}", "application/json", {422}),
    "array": (b"[]", "application/json", {422}),
    "null": (b"null", "application/json", {422}),
    "text/plain": (b"{}", "text/plain", {415}),
    "no type": (b"{}", "", {415}),
    "other charset": (b"{}", "application/json; charset=utf-16", {415}),
}


async def test_broken_documents_are_refused_everywhere(world: Any) -> None:
    case = await world.submitted()
    before = await _counts(world)
    for name, (data, media_type, expected) in RAW.items():
        for path, _, token in writing(world, case):
            headers = {"Idempotency-Key": uuid.uuid4().hex, "If-Match": '"1"', "Content-Type": media_type}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            answer = await world.http.post(f"/api/v1/feedback{path}", content=data, headers=headers)
            assert answer.status_code in expected, (name, path, answer.status_code, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
    assert await _counts(world) == before


STRINGS = ["a\u0000b", "\x1b[31mx", " \u200b", "", "x" * 5001, "\ud800", "e" + "\u0301" * 5000]
VALUES = [None, 12, True, [], {}, 1.5]


async def test_broken_fields_are_refused_everywhere(world: Any) -> None:
    case = await world.submitted()
    before = await _counts(world)
    for path, body, token in writing(world, case):
        for field in body:
            for value in [*STRINGS, *VALUES]:
                if value is None and field in ("title", "place", "contact", "unit_id", "reason"):
                    continue
                if (field, value) in (("attachments", []), ("payload", "x" * 5001)):
                    continue
                changed = body | {field: value}
                answer = await _send(world, path, changed, token)
                assert answer.status_code == 422, (path, field, value, answer.text)
                assert "Traceback" not in answer.text
        for extra in ("is_admin", "id", "status", "front_organisation_id"):
            answer = await _send(world, path, body | {extra: "x"}, token)
            assert answer.status_code == 422, (path, extra)
    assert await _counts(world) == before


async def _send(world: Any, path: str, body: Any, token: str | None) -> Any:
    headers = {
        "Idempotency-Key": uuid.uuid4().hex,
        "If-Match": '"1"',
        "Content-Type": "application/json",
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return await world.http.post(f"/api/v1/feedback{path}", content=json.dumps(body).encode(), headers=headers)


async def _counts(world: Any) -> Any:
    return await world.rows(
        "SELECT (SELECT count(*) FROM submission), (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit_entry),"
        " (SELECT count(*) FROM submission_line), (SELECT count(*) FROM idempotency_key)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> ![x](http://tracker/x.png)",
        '=HYPERLINK("http://x")',
        "{{7*7}} %s%n ${jndi:ldap://x}",
        "\u202edetrever",
        "Ơ Ễ 🌊",
    ],
)
async def test_odd_but_honest_text_is_kept_as_it_is(world: Any, text: str) -> None:
    case = await world.submitted(world.body(text=text))
    assert (await case.read()).json()["text"] == text


async def test_composed_and_decomposed_text_are_one(world: Any) -> None:
    text = "Hẻm ngập nước"
    case = await world.submitted(world.body(text=unicodedata.normalize("NFD", text)))
    assert (await case.read()).json()["text"] == text


async def test_the_documents_name_every_error(world: Any) -> None:
    document = openapi_document(world.app)
    submit = document["paths"]["/api/v1/feedback/submissions"]["post"]
    assert {"201", "400", "409", "413", "415", "422", "503"} <= set(submit["responses"])
    accept = document["paths"]["/api/v1/feedback/submissions/{submission_id}/accept"]["post"]
    assert {"200", "400", "401", "403", "404", "409", "412", "422", "428", "503"} <= set(accept["responses"])
    assert not re.search(r"Traceback|postgresql://", str(document))
