"""Calendar, deadline rules, instruments and departments: changes, versions, and the events that tell of them."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.catalogue import fact
from servicekit.working_days import local_date

from .conftest import API, House, if_match, key

DAY = {"kind": "off_in_lieu", "name": "Nghỉ bù", "source": "Công văn 1/VPCP-KGVX", "confirmed": True}


async def events(house: House, subject: str) -> list[tuple[str, int, dict[str, Any]]]:
    rows = await house.rows("SELECT type, sequence, data FROM outbox WHERE subject = $1 ORDER BY sequence", subject)
    for row in rows:
        fact(row["type"], json.loads(row["data"]))  # raises when the catalogue knows another shape
    return [(row["type"], row["sequence"], json.loads(row["data"])) for row in rows]


async def test_calendar_of_a_span(house: House) -> None:
    answer = await house.http.get(f"{API}/calendar", params={"from": "2026-11-01", "until": "2027-01-31"})
    body = answer.json()
    assert [(day["date"], day["kind"]) for day in body["days"]] == [
        ("2026-11-24", "holiday"),
        ("2027-01-01", "holiday"),
    ]
    assert [(year["year"], year["confirmed"]) for year in body["years"]] == [(2026, True), (2027, False)]
    for first, last in (("2026-01-02", "2026-01-01"), ("2000-01-01", "2027-01-01")):
        answer = await house.http.get(f"{API}/calendar", params={"from": first, "until": last})
        assert (answer.status_code, answer.json()["code"]) == (422, "span_too_long")


async def test_a_new_day_then_a_change_then_withdrawn(house: House) -> None:
    address = f"{API}/calendar/2027-03-01"
    before = await house.http.get(address)
    assert (before.json()["kind"], before.headers["etag"]) == ("ordinary", '"0"')
    made = await house.http.put(address, headers=house.admin, json=DAY)
    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert (await house.http.put(address, headers=house.admin, json=DAY)).status_code == 428
    stale = await house.http.put(address, headers=house.admin | if_match(0), json=DAY)
    assert stale.status_code == 412
    back = await house.http.put(
        address, headers=house.admin | if_match(1), json=DAY | {"kind": "ordinary", "name": "Bỏ nghỉ bù"}
    )
    assert back.json()["version"] == 2
    [row] = await house.rows("SELECT id FROM calendar_day WHERE date = '2027-03-01'")
    told = await events(house, row["id"])
    assert [(kind, sequence, data["kind"]) for kind, sequence, data in told] == [
        ("registry.calendar_day.changed.v1", 1, "off_in_lieu"),
        ("registry.calendar_day.changed.v1", 2, "ordinary"),
    ]


async def test_a_seeded_day_continues_its_versions(house: House) -> None:
    address = f"{API}/calendar/2026-01-02"
    read = await house.http.get(address)
    assert read.json()["confirmed"] is False
    done = await house.http.put(
        address,
        headers=house.admin | {"If-Match": read.headers["etag"]},
        json={"kind": "off_in_lieu", "name": "Nghỉ hoán đổi", "source": "12729/VPCP-KGVX", "confirmed": True},
    )
    assert done.status_code == 200
    [row] = await house.rows("SELECT id FROM calendar_day WHERE date = '2026-01-02'")
    assert [(sequence, data["confirmed"]) for _, sequence, data in await events(house, row["id"])] == [(2, True)]


async def test_a_year_gets_its_notice(house: House) -> None:
    address = f"{API}/calendar/years/2027"
    body = {"confirmed": True, "source": "Công văn 2/VPCP-KGVX"}
    assert (await house.http.put(address, headers=house.admin, json=body)).status_code == 428
    done = await house.http.put(address, headers=house.admin | if_match(1), json=body)
    assert done.json() == {"year": 2027, "confirmed": True, "source": "Công văn 2/VPCP-KGVX", "version": 2}
    [row] = await house.rows("SELECT id FROM calendar_year WHERE year = 2027")
    assert [(kind, sequence) for kind, sequence, _ in await events(house, row["id"])] == [
        ("registry.calendar_year.changed.v1", 2)
    ]


@pytest.mark.parametrize(
    "day,change",
    [
        ("2027-03-01", {"kind": "working_saturday"}),
        ("2027-03-06", {"kind": "off_in_lieu"}),
        ("2027-03-01", {"kind": "party"}),
        ("2027-03-01", {"confirmed": "true"}),
        ("2027-03-01", {"source": "  "}),
        ("2027-02-29", {}),
        ("99999-01-01", {}),
    ],
)
async def test_impossible_days_are_refused(house: House, day: str, change: dict[str, Any]) -> None:
    answer = await house.http.put(f"{API}/calendar/{day}", headers=house.admin, json=DAY | change)
    assert answer.status_code == 422


async def test_only_administrators_set_the_calendar(house: House) -> None:
    address = f"{API}/calendar/2027-03-03"
    assert (await house.http.put(address, json=DAY)).status_code == 401
    assert (await house.http.put(address, headers=await house.service_headers(), json=DAY)).status_code == 403


async def rule(house: House, rule_key: str) -> dict[str, Any]:
    page = (await house.http.get(f"{API}/deadline-rules", params={"key": rule_key})).json()
    [item] = page["items"]
    return dict(item)


def next_version(present: dict[str, Any], **changes: Any) -> dict[str, Any]:
    kept = ("key", "title", "amount", "unit", "direction", "anchor", "basis", "confidence", "note")
    return {name: present[name] for name in kept} | {"replaces_version": present["rule_version"]} | changes


async def test_rules_say_how_sure_they_are(house: House) -> None:
    resolve = await rule(house, "FB.RESOLVE")
    assert (resolve["confidence"], resolve["basis"]) == ("no_legal_figure", None)
    assert resolve["confidence_text"] == "Không tìm thấy quy định, mặc định có thể cấu hình."
    page = await house.http.get(f"{API}/deadline-rules", params={"confidence": "confirmed", "limit": 100})
    assert all(item["basis"] for item in page.json()["items"])


async def test_a_new_version_closes_the_one_before(house: House) -> None:
    present = await rule(house, "FB.RESOLVE")
    begins = (local_date(house.clock.now()) + timedelta(days=30)).isoformat()
    body = next_version(present, amount=10, valid_from=begins, note="Theo quy chế của thành phố")
    headers = house.admin | key()
    made = await house.http.post(f"{API}/deadline-rules", headers=headers, json=body)
    assert made.status_code == 201, made.text
    assert made.json()["rule_version"] == 2
    again = await house.http.post(f"{API}/deadline-rules", headers=headers, json=body)
    assert again.json() == made.json()
    today, later = await rule(house, "FB.RESOLVE"), None
    assert today["amount"] == 15
    assert today["valid_to"] == (date.fromisoformat(begins) - timedelta(days=1)).isoformat()
    page = await house.http.get(f"{API}/deadline-rules", params={"key": "FB.RESOLVE", "on": begins})
    [later] = page.json()["items"]
    assert later["amount"] == 10
    everything = await house.http.get(f"{API}/deadline-rules", params={"key": "FB.RESOLVE", "all_versions": "true"})
    assert [item["rule_version"] for item in everything.json()["items"]] == [1, 2]
    closed = await events(house, today["id"])
    assert [(sequence, data["version"], data["valid_to"]) for _, sequence, data in closed] == [
        (2, 1, today["valid_to"])
    ]
    opened = await events(house, later["id"])
    assert [(sequence, data["version"], data["amount"]) for _, sequence, data in opened] == [(1, 2, 10)]
    late = await house.http.post(f"{API}/deadline-rules", headers=house.admin | key(), json=body)
    assert (late.status_code, late.json()["code"]) == (409, "rule_not_newer")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": -1},
        {"amount": "10"},
        {"amount": 10.5},
        {"unit": "months"},
        {"key": "lower.case"},
        {"confidence": "confirmed", "basis": None},
        {"provision_id": "00000000-0000-0000-0000-000000000000"},
        {"valid_from": "2027-02-30"},
        {"rule_version": 9},
    ],
)
async def test_bad_rules_are_refused(house: House, change: dict[str, Any]) -> None:
    body = next_version(await rule(house, "OVS.CONCLUSION"), valid_from="2030-01-01") | change
    answer = await house.http.post(f"{API}/deadline-rules", headers=house.admin | key(), json=body)
    assert answer.status_code == 422, answer.text
    assert (await rule(house, "OVS.CONCLUSION"))["rule_version"] == 1


async def test_a_version_cannot_begin_before_the_one_it_replaces(house: House) -> None:
    present = await rule(house, "OVS.CONCLUSION")
    body = next_version(present, valid_from=present["valid_from"])
    answer = await house.http.post(f"{API}/deadline-rules", headers=house.admin | key(), json=body)
    assert answer.status_code == 409


async def test_instruments_with_provisions(house: House) -> None:
    page = (await house.http.get(f"{API}/instruments", params={"limit": 100})).json()
    by_code = {item["code"]: item for item in page["items"]}
    law = by_code["75/2015/QH13"]
    detail = (await house.http.get(f"{API}/instruments/{law['id']}")).json()
    assert [(item["article"], item["clause"]) for item in detail["provisions"]] == [("30", "1"), ("36", "1")]
    replaced = by_code["13/2023/NĐ-CP"]
    assert (replaced["status"], replaced["replaced_by_id"]) == ("replaced", by_code["356/2025/NĐ-CP"]["id"])
    unsure = (await house.http.get(f"{API}/instruments", params={"confidence": "unconfirmed"})).json()["items"]
    assert "217-QĐ/TW" in {item["code"] for item in unsure}
