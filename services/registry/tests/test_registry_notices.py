"""Official notices of a year's days, what was said before, instruments and provisions, rules that end."""

import json
from typing import Any

import asyncpg
import pytest

from .conftest import API, House, if_match, key

NOTICE = {
    "source": "Thông báo 2/TB-BNV",
    "confirmed": True,
    "days": [
        {"date": "2029-01-01", "kind": "holiday", "name": "Tết Dương lịch"},
        {"date": "2029-02-12", "kind": "off_in_lieu", "name": "Nghỉ hoán đổi"},
        {"date": "2029-02-17", "kind": "working_saturday", "name": "Làm bù"},
    ],
}


async def put_notice(house: House, body: dict[str, Any], year: int = 2029, **headers: str) -> Any:
    return await house.http.put(f"{API}/calendar/years/{year}/days", headers=house.admin | headers, json=body)


async def test_a_notice_is_tried_then_applied_and_then_replaced(house: House) -> None:
    tried = await put_notice(house, NOTICE | {"dry_run": True})
    assert tried.status_code == 200, tried.text
    assert (tried.json()["applied"], len(tried.json()["changes"]), tried.headers["etag"]) == (False, 3, '"0"')
    span = {"from": "2029-01-01", "until": "2029-12-31"}
    assert (await house.http.get(f"{API}/calendar", params=span)).json() == {"days": [], "years": []}

    made = await put_notice(house, NOTICE)
    assert (made.json()["changes"], made.headers["etag"]) == (tried.json()["changes"], '"1"')
    assert (await put_notice(house, NOTICE)).status_code == 428
    again = await put_notice(house, NOTICE, **if_match(1))
    assert again.json()["changes"] == []

    corrected = NOTICE | {"source": "Thông báo 3/TB-BNV", "days": NOTICE["days"][:1]}
    done = await put_notice(house, corrected, **if_match(2))
    assert [(one["date"], one["kind_before"], one["kind"]) for one in done.json()["changes"]] == [
        ("2029-01-01", "holiday", "holiday"),
        ("2029-02-12", "off_in_lieu", "ordinary"),
        ("2029-02-17", "working_saturday", "ordinary"),
    ]
    history = (await house.http.get(f"{API}/calendar/2029-02-12/history")).json()
    assert [(word["version"], word["kind"], word["source"]) for word in history] == [
        (1, "off_in_lieu", "Thông báo 2/TB-BNV")
    ]
    present = (await house.http.get(f"{API}/calendar/2029-02-12")).json()
    assert (present["kind"], present["source"], present["version"]) == ("ordinary", "Thông báo 3/TB-BNV", 2)
    told = await house.rows(
        "SELECT o.data FROM outbox o JOIN calendar_day d ON d.id = o.subject WHERE d.date = '2029-02-12'"
        " ORDER BY o.sequence"
    )
    assert [json.loads(row["data"])["kind"] for row in told] == ["off_in_lieu", "ordinary"]


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ([{"date": "2030-01-01", "kind": "working_saturday", "name": "Làm bù"}], "kind_on_this_weekday"),
        ([{"date": "2031-01-01", "kind": "holiday", "name": "Tết"}], "day_outside_year"),
        ([{"date": "2030-01-01", "kind": "holiday", "name": "Tết"}] * 2, "day_named_twice"),
        ([{"date": "2030-01-01", "kind": "ordinary", "name": "Tết"}], "invalid"),
    ],
)
async def test_a_notice_that_cannot_be_changes_nothing(house: House, days: list[Any], code: str) -> None:
    good = {"date": "2030-09-02", "kind": "holiday", "name": "Quốc khánh"}
    answer = await put_notice(house, NOTICE | {"days": [good, *days]}, 2030)
    assert answer.status_code == 422
    assert code in answer.text
    assert await house.rows("SELECT 1 FROM calendar_day WHERE date BETWEEN '2030-01-01' AND '2030-12-31'") == []


async def test_only_administrators_write_notices_and_law(house: House) -> None:
    service = await house.service_headers()
    [instrument] = await house.rows("SELECT id FROM legal_instrument WHERE code = '217-QĐ/TW'")
    assert (
        await house.http.put(f"{API}/calendar/years/2029/days", headers=service | if_match(1), json=NOTICE)
    ).status_code == 403
    for headers, status in ((service, 403), ({}, 401)):
        answer = await house.http.post(f"{API}/instruments", headers=headers | key(), json={})
        assert answer.status_code == status
        path = f"{API}/instruments/{instrument['id']}/provisions"
        assert (await house.http.post(path, headers=headers | key(), json={})).status_code == status


INSTRUMENT = {
    "code": "99/2026/NĐ-CP",
    "title": "Nghị định thử nghiệm",
    "issued_on": "2026-06-01",
    "valid_from": "2026-07-01",
    "status": "in_force",
    "confidence": "unconfirmed",
    "source": "Bản đăng báo",
}


async def test_an_instrument_with_a_provision_is_added_changed_and_replaced(house: House) -> None:
    made = await house.http.post(f"{API}/instruments", headers=house.admin | key(), json=INSTRUMENT)
    assert made.status_code == 201, made.text
    own = made.json()["id"]
    twice = await house.http.post(f"{API}/instruments", headers=house.admin | key(), json=INSTRUMENT)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists")
    successor = await house.http.post(
        f"{API}/instruments", headers=house.admin | key(), json=INSTRUMENT | {"code": "100/2026/NĐ-CP"}
    )
    change = {name: value for name, value in INSTRUMENT.items() if name != "code"} | {
        "status": "replaced",
        "valid_to": "2026-12-31",
        "replaced_by_id": successor.json()["id"],
        "confidence": "confirmed",
    }
    address = f"{API}/instruments/{own}"
    assert (await house.http.put(address, headers=house.admin, json=change)).status_code == 428
    assert (await house.http.put(address, headers=house.admin | if_match(9), json=change)).status_code == 412
    done = await house.http.put(address, headers=house.admin | if_match(1), json=change)
    assert (done.status_code, done.json()["status"], done.json()["version"]) == (200, "replaced", 2)
    itself = await house.http.put(address, headers=house.admin | if_match(2), json=change | {"replaced_by_id": own})
    assert (itself.status_code, itself.json()["code"]) == (422, "unknown_instrument")
    backwards = await house.http.put(
        address, headers=house.admin | if_match(2), json=change | {"valid_to": "2026-01-01"}
    )
    assert (backwards.status_code, backwards.json()["code"]) == (422, "span_reversed")
    [before] = (await house.http.get(f"{address}/history")).json()
    assert (before["version"], before["content"]["status"], before["content"]["confidence"]) == (
        1,
        "in_force",
        "unconfirmed",
    )

    body = {"article": "4", "clause": "2", "summary": "Trả lời trong 7 ngày làm việc."}
    provision = await house.http.post(f"{address}/provisions", headers=house.admin | key(), json=body)
    assert provision.status_code == 201, provision.text
    path = f"{API}/provisions/{provision.json()['id']}"
    ended = {"summary": "Trả lời trong 7 ngày làm việc.", "valid_to": "2026-12-31"}
    changed = await house.http.put(path, headers=house.admin | if_match(1), json=ended)
    assert (changed.json()["valid_to"], changed.json()["version"]) == ("2026-12-31", 2)

    rule = {
        "key": "XX.NEW_TERM",
        "replaces_version": None,
        "title": "Thời hạn thử nghiệm",
        "amount": 7,
        "unit": "working_days",
        "direction": "after",
        "anchor": "received",
        "basis": "Điều 4 khoản 2",
        "provision_id": provision.json()["id"],
        "confidence": "confirmed",
        "valid_from": "2020-01-01",
    }
    assert (await house.http.post(f"{API}/deadline-rules", headers=house.admin | key(), json=rule)).status_code == 201
    listed = (await house.http.get(f"{API}/deadline-rules", params={"instrument_id": own})).json()["items"]
    assert [item["key"] for item in listed] == ["XX.NEW_TERM"]


async def test_a_rule_ends_without_a_successor_and_begins_again_later(house: House) -> None:
    [present] = (await house.http.get(f"{API}/deadline-rules", params={"key": "OPN.ACK"})).json()["items"]
    path = f"{API}/deadline-rules/{present['id']}/end"
    body = {"last_day": "2027-06-30", "source": "Quy chế 5"}
    assert (await house.http.post(path, headers=house.admin, json=body)).status_code == 428
    early = await house.http.post(path, headers=house.admin | if_match(1), json=body | {"last_day": "2000-01-01"})
    assert (early.status_code, early.json()["code"]) == (409, "rule_ended")
    ended = await house.http.post(path, headers=house.admin | if_match(1), json=body)
    assert (ended.status_code, ended.json()["valid_to"]) == (200, "2027-06-30")
    assert (await house.http.post(path, headers=house.admin | if_match(2), json=body)).status_code == 409
    after = {"key": "OPN.ACK", "on": "2027-07-01"}
    assert (await house.http.get(f"{API}/deadline-rules", params=after)).json()["items"] == []
    [told] = await house.rows("SELECT data FROM outbox WHERE subject = $1", present["id"])
    assert json.loads(told["data"])["valid_to"] == "2027-06-30"
    kept = ("key", "title", "amount", "unit", "direction", "anchor", "basis", "confidence", "note")
    again = {name: present[name] for name in kept} | {"replaces_version": 1, "valid_from": "2028-01-01"}
    made = await house.http.post(f"{API}/deadline-rules", headers=house.admin | key(), json=again)
    assert made.json()["rule_version"] == 2


async def test_the_database_refuses_two_versions_at_a_day_and_keeps_what_was_said(house: House) -> None:
    with pytest.raises(asyncpg.ExclusionViolationError):
        await house.rows(
            "INSERT INTO deadline_rule (id, key, rule_version, title, amount, unit, direction, anchor, confidence,"
            " valid_from) SELECT gen_random_uuid(), key, 77, title, amount, unit, direction, anchor, confidence,"
            " valid_from FROM deadline_rule WHERE key = 'FB.STATUS' RETURNING id"
        )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.rows("DELETE FROM earlier_word RETURNING 1")
