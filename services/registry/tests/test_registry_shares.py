"""Shares of split units and bodies over HTTP: entered, corrected, inherited by bodies, refused, kept and told."""

import asyncio
from typing import Any

import pytest

from registry.domain.ids import succession_id

from .conftest import API, House, if_match
from .test_registry_restructuring import DAY, done, get, refused

LONG_TUYEN, BUI_HUU_NGHIA, THOT_NOT = "31183", "31178", "31207"
FULL_BODIES = 9
"""Kinds of bodies at every commune unit."""


async def former(house: House, code: str) -> dict[str, Any]:
    return (await get(house, f"/codes/{code}", on="2025-06-30"))["unit"]


async def shares(house: House, own: str, noun: str = "unit") -> tuple[dict[str, Any], str]:
    answer = await house.http.get(f"{API}/{noun}s/{own}/shares")
    assert answer.status_code == 200, answer.text
    return {each["successor_name"]: each for each in answer.json()["shares"]}, answer.headers["etag"]


async def enter(house: House, own: str, given: dict[str, Any], noun: str = "unit", **more: Any) -> Any:
    found, etag = await shares(house, own, noun)
    entries = [
        {"successor_id": found[name]["successor_id"], "ratio": ratio, "ratio_source": ratio and "Biên bản bàn giao"}
        for name, ratio in given.items()
    ]
    body = {"reason_code": more.pop("reason", "first_known"), "shares": entries}
    headers = {**(more.pop("headers", None) or house.admin), "If-Match": more.pop("etag", etag)}
    return await house.http.put(f"{API}/{noun}s/{own}/shares", headers=headers, json=body)


async def body_at(house: House, code: str, kind: str = "front_committee") -> str:
    bodies = (await get(house, f"/codes/{code}", on="2025-06-30"))["organisations"]
    return next(str(each["id"]) for each in bodies if each["kind"] == kind)


def ratios(found: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("Ủy ban Mặt trận Tổ quốc Việt Nam "): each["ratio"] for name, each in found.items()}


async def test_the_three_split_wards_have_no_share_until_somebody_knows_it(house: House) -> None:
    for code in (LONG_TUYEN, BUI_HUU_NGHIA, THOT_NOT):
        found, etag = await shares(house, (await former(house, code))["id"])
        assert sorted(each["kind"] for each in found.values()) == ["part", "remainder"]
        assert {each["ratio"] for each in found.values()} == {None}
        assert etag == '"2"'


async def test_every_succession_has_the_id_that_follows_from_it(house: House) -> None:
    for table in ("unit_succession", "organisation_succession"):
        rows = await house.rows(f"SELECT id, predecessor_id, successor_id FROM {table}")
        assert rows
        assert all(row["id"] == succession_id(row["predecessor_id"], row["successor_id"]) for row in rows)


async def test_a_share_entered_for_a_unit_holds_for_its_bodies_and_is_told(house: House) -> None:
    ward = (await former(house, LONG_TUYEN))["id"]
    answer = await enter(house, ward, {"Phường An Bình": "0.3", "Phường Long Tuyền": "0.7"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"4"'
    front = await body_at(house, LONG_TUYEN)
    found, _ = await shares(house, front, "organisation")
    assert ratios(found) == {"phường An Bình": "0.3", "phường Long Tuyền": "0.7"}
    assert {(each["inherited"], each["ratio_source"]) for each in found.values()} == {(True, "Biên bản bàn giao")}
    told = await house.rows(
        "SELECT o.data, o.sequence FROM outbox o JOIN organisation_succession s ON s.id = o.subject"
        " JOIN organisation b ON b.id = s.predecessor_id WHERE b.unit_id = $1"
        " AND o.type = 'registry.organisation_succession.changed.v1'",
        ward,
    )
    assert len(told) == 2 * FULL_BODIES
    assert {row["sequence"] for row in told} == {2}
    written = await house.rows(
        "SELECT action, reason, details FROM audit_entry a JOIN unit_succession s ON s.id = a.subject_id"
        " WHERE s.predecessor_id = $1",
        ward,
    )
    assert [(row["action"], row["reason"]) for row in written] == [("unit_succession.share_entered", "first_known")] * 2
    assert "Biên bản" not in str([row["details"] for row in written])
    became = await get(house, "/organisations/successors", id=front)
    assert {each["ratio"] for each in became["items"][0]["stands_as"]} == {"0.3", "0.7"}


async def test_a_correction_keeps_what_was_said_and_a_body_keeps_its_own_word(house: House) -> None:
    ward, front = (await former(house, BUI_HUU_NGHIA))["id"], await body_at(house, BUI_HUU_NGHIA)
    union = await body_at(house, BUI_HUU_NGHIA, "trade_union")
    cai_khe, binh_thuy = "Phường Cái Khế", "Phường Bình Thủy"
    assert (await enter(house, ward, {cai_khe: "0.6", binh_thuy: "0.4"})).status_code == 200
    own = await enter(house, union, {"Công đoàn phường Cái Khế": "0.9"}, "organisation")
    assert own.status_code == 200, own.text
    found, _ = await shares(house, union, "organisation")
    assert {name: each["ratio"] for name, each in found.items()} == {
        "Công đoàn phường Cái Khế": "0.9",
        "Công đoàn phường Bình Thủy": None,
    }
    # 0.4 and 0.6 the other way round: with each ward on its own it would be above the whole in between.
    swapped = await enter(house, ward, {cai_khe: "0.4", binh_thuy: "0.6"}, reason="mistake")
    assert swapped.status_code == 200, swapped.text
    assert ratios((await shares(house, front, "organisation"))[0]) == {
        "phường Cái Khế": "0.4",
        "phường Bình Thủy": "0.6",
    }
    assert (await shares(house, union, "organisation"))[0]["Công đoàn phường Cái Khế"]["ratio"] == "0.9"
    words = await get(house, f"/units/{ward}/shares/history")
    assert sorted(str(each["ratio"]) for each in words) == ["0.4", "0.6", "None", "None"]
    of_front = await get(house, f"/organisations/{front}/shares/history")
    assert [each["inherited"] for each in of_front].count(True) == 2
    # Nothing of its own any more: the ward's share holds for the union as for the others.
    assert (await enter(house, union, {"Công đoàn phường Cái Khế": None}, "organisation")).status_code == 200
    found, _ = await shares(house, union, "organisation")
    assert {each["ratio"] for each in found.values()} == {"0.4", "0.6"}
    assert (await enter(house, ward, {cai_khe: None, binh_thuy: None}, reason="mistake")).status_code == 200
    assert ratios((await shares(house, front, "organisation"))[0]) == {"phường Cái Khế": None, "phường Bình Thủy": None}


async def test_nothing_impossible_is_taken(house: House) -> None:
    ward = (await former(house, THOT_NOT))["id"]
    stands = (await get(house, "/units", code="31135"))["items"][0]["id"]
    whole = (await former(house, "31135"))["id"]
    part, rest = "Phường Thuận Hưng", "Phường Thốt Nốt"
    found, etag = await shares(house, ward)
    before = await house.rows("SELECT count(*) FROM audit_entry"), await house.rows("SELECT count(*) FROM earlier_word")
    refused(await enter(house, ward, {part: "0.7", rest: "0.4"}), 422, "shares_above_whole")
    refused(await enter(house, ward, {part: "0.7"}, etag='"1"'), 412, "stale_version")
    refused(await enter(house, whole, {"Phường Ninh Kiều": "0.5"}), 422, "whole_has_no_share")
    for ratio in ("0", "-0.1", "1.1", "1e400", "NaN", "0,5", True, 0.1 + 0.2):
        refused(await enter(house, ward, {part: ratio}), 422, "invalid")
    entry = {"successor_id": found[part]["successor_id"], "ratio": "0.7", "ratio_source": "x"}
    body = {"reason_code": "first_known", "shares": [entry]}
    headers = house.admin | {"If-Match": etag}

    async def put(own: str, sent: Any, *, with_headers: dict[str, str] = headers) -> Any:
        return await house.http.put(f"{API}/units/{own}/shares", headers=with_headers, json=sent)

    refused(await put(stands, body, with_headers=house.admin | if_match(0)), 422, "not_its_successor")
    refused(await put(ward, {**body, "shares": [entry | {"successor_id": stands}]}), 422, "not_its_successor")
    refused(
        await put(found[part]["successor_id"], body, with_headers=house.admin | if_match(0)), 422, "not_its_successor"
    )
    refused(await put("00000000-0000-0000-0000-000000000001", body), 404, "not_found")
    refused(await put(ward, body, with_headers=house.admin), 428, "version_required")
    for wrong in (
        {**body, "shares": []},
        {**body, "shares": [entry, entry]},
        {**body, "shares": [entry | {"ratio_source": None}]},
        {**body, "shares": [entry | {"ratio_source": "a\u0007b"}]},
        {**body, "shares": [entry | {"note": "x"}]},
        {**body, "reason_code": "vì thế"},
    ):
        refused(await put(ward, wrong), 422, "invalid")
    assert ratios((await shares(house, ward))[0]) == {part: None, rest: None}
    after = await house.rows("SELECT count(*) FROM audit_entry"), await house.rows("SELECT count(*) FROM earlier_word")
    assert after == before


async def test_of_two_who_enter_at_once_one_reads_again(house: House) -> None:
    ward = (await former(house, THOT_NOT))["id"]
    _, etag = await shares(house, ward)
    given = ({"Phường Thuận Hưng": ratio} for ratio in ("0.2", "0.3"))
    answers = await asyncio.gather(*(enter(house, ward, one, etag=etag) for one in given))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    stands = (await shares(house, ward))[0]["Phường Thuận Hưng"]["ratio"]
    assert stands == next(
        share["ratio"]
        for answer in answers
        if answer.status_code == 200
        for share in answer.json()["shares"]
        if share["successor_name"] == "Phường Thuận Hưng"
    )
    again = await enter(house, ward, {"Phường Thuận Hưng": stands})
    assert (again.status_code, again.headers["etag"]) == (200, (await shares(house, ward))[1])


@pytest.mark.parametrize("kind", ["front_committee", "peoples_committee"])
async def test_only_who_administers_the_house_enters_shares(house: House, new_person: Any, kind: str) -> None:
    ward = (await former(house, THOT_NOT))["id"]
    below = await house.person_headers(await new_person(kind, "31135", ("administrator",)))
    refused(await enter(house, ward, {"Phường Thốt Nốt": "0.5"}, headers=below), 403, "house_matter")
    clerk = await house.person_headers(await new_person(kind, "92", ("intake_officer",)))
    refused(await enter(house, ward, {"Phường Thốt Nốt": "0.5"}, headers=clerk), 403, "forbidden")


async def test_the_bodies_of_a_unit_split_with_a_share_follow_with_it_at_once(house: House) -> None:
    ward = (await get(house, "/units", code="31150"))["items"][0]["id"]
    into = (await get(house, "/units", code="31153"))["items"][0]["id"]
    part = {"id": ward, "share": "part", "ratio": "0.25", "ratio_source": "Diện tích"}
    changes = [
        {"change": "absorb", "of": "unit", "predecessors": [part], "into": into, "children_follow": True},
        {
            "change": "merge",
            "of": "unit",
            "predecessors": [
                {"id": ward, "share": "remainder"},
                {"id": (await get(house, "/units", code="31168"))["items"][0]["id"]},
            ],
            "new": {"name": "Phường Thử Năm", "code": "39005"},
            "children_follow": True,
        },
    ]
    front = await house.organisation("front_committee", "31150")
    await done(house, *changes, on=DAY)
    found, _ = await shares(house, front, "organisation")
    assert sorted((str(each["ratio"]), each["inherited"]) for each in found.values()) == [
        ("0.25", True),
        ("None", False),
    ]
    [row] = await house.rows(
        "SELECT o.data FROM outbox o JOIN organisation_succession s ON s.id = o.subject"
        " WHERE s.predecessor_id = $1 AND s.ratio IS NOT NULL",
        front,
    )
    assert '"ratio": "0.25"' in row["data"]
    # The rest is entered later, for the ward: the front's part stays inherited, and its rest follows.
    assert (await enter(house, ward, {"Phường Thử Năm": "0.75"})).status_code == 200
    assert sorted(str(each["ratio"]) for each in (await shares(house, front, "organisation"))[0].values()) == [
        "0.25",
        "0.75",
    ]
