"""Groups A and B of the bad-input list against every writing route with a body: refused, never 5xx, nothing stored."""

import json
import uuid
from typing import Any

import pytest
from fastapi.routing import APIRoute

from registry.app import PUBLIC, SERVICE
from servicekit.routes import dependency_calls
from servicekit.text import unsafe_fields

from .conftest import API, House

SOME = "00000000-0000-0000-0000-000000000001"


async def good_bodies(house: House) -> dict[tuple[str, str], dict[str, Any]]:
    organisation = await house.organisation("front_committee")
    return {
        ("POST", "/accounts"): {
            "username": "ten-dang-nhap",
            "name": "Lê Thị Thử",
            "organisation_id": organisation,
        },
        ("POST", f"/accounts/{SOME}/roles"): {"role": "head", "organisation_id": organisation},
        ("POST", f"/accounts/{SOME}/lock"): {"reason_code": "left"},
        ("POST", "/me/totp"): {"current_password": "x"},
        ("POST", "/me/totp/confirm"): {"totp": "123456"},
        ("POST", "/me/password"): {"current_password": "x", "password": "một câu mật khẩu đủ dài"},
        ("POST", "/restructurings"): {
            "happened_on": "2026-06-01",
            "legal_basis": "Quyết định",
            "changes": [{"change": "dissolve", "of": "organisation", "id": organisation}],
        },
        ("POST", "/clients"): {
            "client_id": "he-thong",
            "name": "Hệ thống",
            "organisation_id": organisation,
            "scopes": ["registry.list_units"],
        },
        ("PUT", f"/clients/{SOME}/scopes"): {"scopes": ["registry.list_units"]},
        ("POST", f"/clients/{SOME}/credentials"): {"old_good_until": "2026-11-27T00:00:00Z"},
        ("PUT", "/calendar/2027-05-05"): {
            "kind": "holiday",
            "name": "Nghỉ",
            "source": "Công văn",
            "confirmed": True,
        },
        ("PUT", "/calendar/years/2030"): {"confirmed": True, "source": "Công văn"},
        ("POST", "/deadline-rules"): {
            "key": "XX.THU",
            "replaces_version": None,
            "title": "Thử",
            "amount": 1,
            "unit": "working_days",
            "direction": "after",
            "anchor": "received",
            "confidence": "no_legal_figure",
            "valid_from": "2027-01-01",
        },
    }


def whole_bodies(text: str) -> dict[str, tuple[bytes, set[int]]]:
    """Bodies that are wrong as a whole; `text` is a good one."""
    return {
        "invalid utf-8": (b'{"name":"\xff"}', {400, 422}),
        "utf-16": (text.encode("utf-16"), {400, 415, 422}),
        "duplicate keys": (text.replace("{", '{"x":1,"x":2,', 1).encode(), {422}),
        "NaN": (text.replace("{", '{"x":NaN,', 1).encode(), {422}),
        "1e400": (text.replace("{", '{"x":1e400,', 1).encode(), {422}),
        "5,000 digits": (text.replace("{", '{"x":' + "9" * 5000 + ",", 1).encode(), {400, 422}),
        "100,000 arrays": (b"[" * 100_000 + b"]" * 100_000, {400, 422}),
        "900 arrays": (text.replace("{", '{"x":' + "[" * 900 + "]" * 900 + ",", 1).encode(), {422}),
        "unknown field": (text.replace("{", '{"is_admin":true,', 1).encode(), {422}),
        "version": (text.replace("{", '{"version":7,', 1).encode(), {422}),
        "a list": (b"[]", {422}),
        "a word": (b'"x"', {422}),
        "nothing": (b"", {400, 422}),
    }


BAD_VALUES: list[Any] = [
    "a\x00b",
    "\ud800",
    "  \u200b ",
    9223372036854775808,
    True,
    {"x": "\x00"},
    ["x"],
    "x" * 6000,
    "2027-02-29",
    "0001-01-01T00:00:00+14:00",
    -1,
    1.5,
]
# What a field may take of the list above because it is right for it.
FINE = {
    ("name", "2027-02-29"), ("title", "2027-02-29"), ("source", "2027-02-29"), ("password", "2027-02-29"),
    ("name", "0001-01-01T00:00:00+14:00"), ("title", "0001-01-01T00:00:00+14:00"),
    ("source", "0001-01-01T00:00:00+14:00"), ("password", "0001-01-01T00:00:00+14:00"),
    ("legal_basis", "2027-02-29"), ("legal_basis", "0001-01-01T00:00:00+14:00"),
    ("confirmed", True), ("current_password", "2027-02-29"),
    ("current_password", "0001-01-01T00:00:00+14:00"), ("username", "2027-02-29"), ("client_id", "2027-02-29"),
}  # fmt: skip


async def counts(house: House) -> list[int]:
    tables = ("account", "api_client", "role_grant", "organisation", "calendar_day", "calendar_year")
    tables += ("deadline_rule", "outbox", "audit_entry", "idempotency_key")
    return [(await house.rows(f"SELECT count(*) FROM {table}"))[0][0] for table in tables]


async def test_every_writing_route_refuses_bad_input(house: House) -> None:
    before = await counts(house)
    headers = house.admin | {"Content-Type": "application/json", "If-Match": '"1"'}
    for (method, path), good in (await good_bodies(house)).items():
        text = json.dumps(good)
        tries = list(whole_bodies(text).items())
        for field in good:
            for value in BAD_VALUES:
                if (field, value) not in [
                    (name, fine) for name, fine in FINE if fine == value and type(fine) is type(value)
                ]:
                    tries.append((f"{field}={value!r:.40}", (json.dumps(good | {field: value}).encode(), {422})))
        for name, (body, expected) in tries:
            answer = await house.http.request(
                method,
                API + path,
                content=body,
                headers=headers | {"Idempotency-Key": uuid.uuid4().hex},
            )
            assert answer.status_code in expected, (method, path, name, answer.status_code, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
        for media in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"):
            answer = await house.http.request(
                method,
                API + path,
                content=text.encode(),
                headers=headers | {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": media},
            )
            assert answer.status_code == 415, (method, path, media)
    assert await counts(house) == before


async def test_no_token_no_entry(house: House) -> None:
    for (method, path), good in (await good_bodies(house)).items():
        for token in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic cXVhbnRyaTp4"}):
            headers = token | {"Idempotency-Key": uuid.uuid4().hex, "If-Match": '"1"'}
            answer = await house.http.request(method, API + path, json=good, headers=headers)
            assert answer.status_code == 401, (method, path)


def routes() -> list[APIRoute]:
    return [route for router in SERVICE.routers for route in router.routes if isinstance(route, APIRoute)]


def test_every_body_field_has_a_safe_type() -> None:
    for route in routes():
        model = route.body_field.field_info.annotation if route.body_field else None
        if isinstance(model, type):
            assert unsafe_fields(model) == [], route.path


def test_public_list_and_routes_agree() -> None:
    declared = set()
    for route in routes():
        access = [call.access for call in dependency_calls(route.dependant) if hasattr(call, "access")]
        assert access, f"{route.path} has no access rule"
        if access == [None]:
            declared |= {(method, route.path) for method in route.methods}
    assert declared == PUBLIC


@pytest.mark.parametrize("value", ["", '"x"', "1", 'W/"1"', "*", '"' + "9" * 20 + '"'])
async def test_bad_if_match(house: House, value: str) -> None:
    headers = house.admin | {"If-Match": value}
    answer = await house.http.post(f"{API}/accounts/{SOME}/lock", headers=headers, json={"reason_code": "x"})
    assert answer.status_code == 400
