"""Restructurings over HTTP: what each change comes to, what is refused and why, who may, and that it is one thing."""

from typing import Any
from uuid import uuid4

import pytest

from .conftest import ADMIN_PASSWORD, ADMIN_TOTP_SECRET, API, House, key

DAY = "2026-06-01"
PASSWORD = "câu mật khẩu riêng của người này"


def source() -> str:
    return f"Quyết định {uuid4().hex[:8]}/QĐ-UBND"


async def post(house: House, *changes: dict[str, Any], on: str = DAY, **more: Any) -> Any:
    body = {"happened_on": on, "legal_basis": more.pop("basis", source()), "changes": list(changes)}
    headers = more.pop("headers", None) or house.admin | key()
    return await house.http.post(f"{API}/restructurings", headers=headers, json=body, params=more)


async def done(house: House, *changes: dict[str, Any], on: str = DAY, **more: Any) -> dict[str, Any]:
    answer = await post(house, *changes, on=on, **more)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def get(house: House, path: str, **query: Any) -> Any:
    answer = await house.http.get(API + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def create(parent: dict[str, str], name: str | None = None, **more: Any) -> dict[str, Any]:
    new = {"name": name or f"Sở {uuid4().hex[:8]}", "kind": "department", "parent": parent} | more
    return {"change": "create", "of": "organisation", "new": new}


async def department(house: House, on: str = "2026-01-01", parent: str | None = None) -> str:
    parent = parent or await house.organisation("peoples_committee", "92")
    made = await done(house, create({"id": parent}), on=on)
    return str(made["started"][0]["id"])


def refused(answer: Any, status: int, code: str) -> Any:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


async def portions(house: House, own: str, on: str, noun: str = "organisation") -> dict[str, str | None]:
    body = await get(house, f"/{noun}s/successors", id=own, on=on)
    return {each[noun]["name"]: each["ratio"] for each in body["items"][0]["stands_as"]}


async def test_a_department_is_created_renamed_and_dissolved(house: House) -> None:
    parent = await house.organisation("peoples_committee", "92")
    made = await done(house, create({"id": parent}, "Sở Xây dựng thành phố Cần Thơ"), on="2025-08-01", basis="QĐ 1")
    own = made["started"][0]
    assert (own["kind"], own["path"], own["valid_from"]) == ("department", [parent, own["id"]], "2025-08-01")
    rename = {"change": "rename", "of": "organisation", "id": own["id"], "name": "Sở Xây dựng"}
    renamed = await done(house, rename, on="2026-03-01", basis="QĐ 2")
    assert [(each["id"], each["valid_to"]) for each in renamed["ended"]] == [(own["id"], "2026-02-28")]
    assert [each["kind"] for each in renamed["successions"]] == ["RENAME"]
    heir = renamed["started"][0]["id"]
    await done(house, {"change": "dissolve", "of": "organisation", "id": heir}, on="2026-10-01", basis="QĐ 3")
    told = await house.rows(
        "SELECT subject, type, sequence, data->>'name' AS name, data->>'valid_to' AS until FROM outbox"
        " WHERE subject = ANY($1::uuid[]) ORDER BY position",
        [own["id"], heir],
    )
    assert [(str(row["subject"]), row["sequence"], row["name"], row["until"]) for row in told] == [
        (own["id"], 1, "Sở Xây dựng thành phố Cần Thơ", None),
        (own["id"], 2, "Sở Xây dựng thành phố Cần Thơ", "2026-02-28"),
        (heir, 1, "Sở Xây dựng", None),
        (heir, 2, "Sở Xây dựng", "2026-09-30"),
    ]
    assert {row["type"] for row in told} == {"registry.organisation.changed.v1"}
    audit = await house.rows(
        "SELECT action FROM audit_entry WHERE subject_id = ANY($1::uuid[]) ORDER BY at, id", [own["id"], heir]
    )
    assert [row["action"] for row in audit] == [
        "organisation.added", "organisation.ended", "organisation.added", "organisation.ended",
    ]  # fmt: skip
    last = await get(house, f"/organisations/{heir}")
    assert (last["source"], last["ended_by"], last["valid_to"]) == ("QĐ 2", "QĐ 3", "2026-09-30")
    for day, name in (("2026-01-01", "so xay dung thanh pho can tho"), ("2026-05-01", "SỞ XÂY DỰNG")):
        found = await get(house, "/organisations/named", name=name, on=day)
        assert len(found["items"]) == 1
        assert found["items"][0]["stands_as"] == []
    assert (await get(house, "/organisations/named", name="Sở Xây dựng", on="2026-12-01"))["items"] == []


async def test_merge_split_and_shares_over_several_steps(house: House) -> None:
    parent = {"id": await house.organisation("peoples_committee", "92")}
    one, two = await department(house), await department(house)
    merge = {
        "change": "merge",
        "of": "organisation",
        "predecessors": [{"id": one}, {"id": two}],
        "new": {"key": "both", "name": f"Sở Chung {one[:8]}"},
    }
    merged = await done(house, merge, on="2026-02-01")
    [both] = merged["started"]
    assert (both["parent_id"], both["kind"], both["key"]) == (parent["id"], "department", "both")
    split = {
        "change": "split",
        "of": "organisation",
        "id": both["id"],
        "heirs": [
            {"new": {"name": f"Sở A {one[:8]}"}, "ratio": "0.4", "ratio_source": "Biên bản bàn giao"},
            {"new": {"name": f"Sở B {one[:8]}"}, "share": "remainder", "ratio": "0.6", "ratio_source": "Biên bản"},
        ],
    }
    parts = (await done(house, split, on="2026-03-01"))["started"]
    halves = {
        "change": "split",
        "of": "organisation",
        "id": parts[0]["id"],
        "heirs": [
            {"new": {"name": f"Sở C {one[:8]}"}, "ratio": "0.5", "ratio_source": "Biên bản"},
            {"id": parts[1]["id"], "share": "remainder"},
        ],
    }
    await done(house, halves, on="2026-04-01")
    assert await portions(house, one, "2026-01-15") == {(await get(house, f"/organisations/{one}"))["name"]: "1"}
    assert await portions(house, one, "2026-02-15") == {both["name"]: "1"}
    assert await portions(house, one, "2026-03-15") == {f"Sở A {one[:8]}": "0.4", f"Sở B {one[:8]}": "0.6"}
    # B has its 0.6 and an unknown rest of A: nobody can say how much that is.
    assert await portions(house, one, "2026-04-15") == {f"Sở B {one[:8]}": None, f"Sở C {one[:8]}": "0.2"}


async def test_absorbed_ones_end_and_the_other_goes_on(house: House) -> None:
    one, two, stays = await department(house), await department(house), await department(house)
    absorb = {"change": "absorb", "of": "organisation", "predecessors": [{"id": one}, {"id": two}], "into": stays}
    made = await done(house, absorb)
    assert made["started"] == []
    assert {each["kind"] for each in made["successions"]} == {"ABSORB"}
    body = await get(house, f"/organisations/{stays}")
    assert body["valid_to"] is None
    assert {each["organisation"]["id"] for each in body["came_from"]} == {one, two}


async def test_a_moved_body_takes_its_own_along(house: House) -> None:
    parent = await department(house)
    child = await department(house, parent=parent)
    target = await department(house)
    move = {"change": "move", "of": "organisation", "id": parent, "parent": {"id": target}}
    left = refused(await post(house, move), 409, "children_left")
    assert [each["id"] for each in left["errors"]] == [child]
    made = await done(house, move | {"children_follow": True})
    assert {each["kind"] for each in made["successions"]} == {"CONTINUE"}
    paths = {len(each["path"]): each["path"] for each in made["started"]}
    assert paths[4][:3] == paths[3]
    assert paths[3][1] == target
    by_hand = await department(house, parent=(house_parent := await department(house)))
    named = [
        {"change": "rename", "of": "organisation", "id": house_parent, "name": f"Sở {uuid4().hex[:8]}", "key": "new"},
        {"change": "move", "of": "organisation", "id": by_hand, "parent": {"key": "new"}},
    ]
    assert len((await done(house, *named))["started"]) == 2


async def test_wards_merge_with_all_their_bodies(house: House) -> None:
    """As on 1 July 2025: two wards become one with a new code; nine bodies each become the nine of the new one."""
    wards = [(await get(house, "/units", code=code))["items"][0]["id"] for code in ("31150", "31153")]
    merge = {
        "change": "merge",
        "of": "unit",
        "predecessors": [{"id": ward} for ward in wards],
        "new": {"name": "Phường Thử Nghiệm", "code": "39001"},
        "children_follow": True,
    }
    dry = await post(house, merge, basis="NQ 1", dry_run="true")
    assert (dry.status_code, dry.json()["stored"]) == (200, False)
    assert (await house.http.get(f"{API}/codes/39001")).status_code == 404
    left = refused(await post(house, merge | {"children_follow": False}), 409, "children_left")
    assert len(left["errors"]) == 18
    made = await done(house, merge, basis="NQ 1")
    assert {**made, "stored": False} == dry.json()
    assert (len(made["ended"]), len(made["started"]), len(made["successions"])) == (20, 10, 20)
    assert {each["kind"] for each in made["successions"]} == {"whole", "MERGE"}
    code = await get(house, "/codes/39001")
    names = {each["name"] for each in code["organisations"]}
    assert {"Ủy ban nhân dân phường Thử Nghiệm", "Công đoàn phường Thử Nghiệm", "Đảng ủy phường Thử Nghiệm"} <= names
    by_kind = {each["kind"]: each for each in made["started"] if each["of"] == "organisation"}
    assert by_kind["trade_union"]["parent_id"] == by_kind["front_committee"]["id"]
    assert by_kind["front_committee"]["parent_id"] == await house.organisation("front_committee", "92")
    told = await house.rows("SELECT type FROM outbox WHERE subject = $1", made["started"][0]["id"])
    assert [row["type"] for row in told] == ["registry.unit.changed.v1"]
    assert await portions(house, wards[0], "2026-07-01", "unit") == {"Phường Thử Nghiệm": "1"}


async def test_a_part_of_a_ward_goes_elsewhere(house: House) -> None:
    """As with Bùi Hữu Nghĩa: one change takes a part, another the remainder, each with other wards or alone."""
    ward = (await get(house, "/units", code="31174"))["items"][0]
    other = (await get(house, "/units", code="31168"))["items"][0]
    changes = [
        {
            "change": "absorb",
            "of": "unit",
            "predecessors": [{"id": ward["id"], "share": "part", "ratio": "0.25", "ratio_source": "Diện tích"}],
            "into": other["id"],
            "children_follow": True,
        },
    ]
    merge = {
        "change": "merge",
        "of": "unit",
        "predecessors": [
            {"id": ward["id"], "share": "remainder"},
            {"id": (await get(house, "/units", code="31183"))["items"][0]["id"]},
        ],
        "new": {"name": "Phường Thử Bốn", "code": "39004"},
        "children_follow": True,
    }
    made = await done(house, changes[0], merge)
    shares = {
        (each["successor_name"], each["kind"], each["ratio"]) for each in made["successions"] if each["of"] == "unit"
    }
    assert shares == {
        (other["name"], "part", "0.25"),
        ("Phường Thử Bốn", "remainder", None),
        ("Phường Thử Bốn", "whole", None),
    }
    kinds = [each["kind"] for each in made["successions"] if each["of"] == "organisation"]
    assert sorted(set(kinds)) == ["MERGE", "SPLIT"]
    assert kinds.count("SPLIT") == 18
    assert await portions(house, ward["id"], DAY, "unit") == {other["name"]: "0.25", "Phường Thử Bốn": None}


async def test_nothing_impossible_is_taken(house: House) -> None:
    one, two, gone = await department(house), await department(house), await department(house)
    await done(house, {"change": "dissolve", "of": "organisation", "id": gone}, on="2026-03-01")
    name = (await get(house, f"/organisations/{one}"))["name"]
    dissolve = {"change": "dissolve", "of": "organisation", "id": one}
    rename = {"change": "rename", "of": "organisation", "id": one, "name": "Sở Khác"}
    absorb = {"change": "absorb", "of": "organisation", "predecessors": [{"id": one}]}
    child = await department(house, parent=one)
    both = [{"new": {"name": f"Sở {place}"}, "ratio": "0.7", "ratio_source": "thử"} for place in (1, 2)]
    top = await house.organisation("peoples_committee", "92")
    city = (await get(house, "/units", code="92"))["items"][0]["id"]
    ward = {"name": "Phường Mới", "code": "31135", "level": "commune", "parent": {"id": city}}
    to_gone = {"change": "move", "of": "organisation", "id": child, "parent": {"id": gone}}
    before = await house.rows("SELECT count(*) FROM organisation")
    for changes, on, status, code in (
        ([{**dissolve, "id": gone}], DAY, 409, "not_standing_then"),
        ([{**dissolve, "id": str(uuid4())}], DAY, 409, "not_standing_then"),
        ([{**dissolve, "of": "unit"}], DAY, 409, "not_standing_then"),
        ([{**dissolve, "id": two}], "2026-01-01", 409, "not_standing_then"),
        ([dissolve, {**dissolve, "id": child}, rename], DAY, 422, "named_twice"),
        ([dissolve], DAY, 409, "children_left"),
        ([{**absorb, "into": gone, "children_follow": True}], DAY, 409, "successor_not_there"),
        ([{**absorb, "into": one, "children_follow": True}], DAY, 409, "successor_not_there"),
        ([{**absorb, "into": two, "children_follow": True}, {**dissolve, "id": two}], DAY, 409, "successor_not_there"),
        ([{"change": "move", "of": "organisation", "id": one, "parent": {"id": child}, "children_follow": True}],
         DAY, 422, "own_ancestor"),
        ([to_gone], DAY, 409, "not_standing_then"),
        ([{"change": "move", "of": "organisation", "id": child, "parent": {"key": "x"}}], DAY, 422, "unknown_key"),
        ([{**dissolve, "id": two}, create({"id": two})], DAY, 422, "parent_ends"),
        ([{"change": "split", "of": "organisation", "id": two, "heirs": both}], DAY, 422, "shares_above_whole"),
        ([create({"id": top}, name.upper())], DAY, 409, "history_overlaps"),
        ([create({"id": top}, kind="front_committee")], DAY, 409, "history_overlaps"),
        ([{"change": "create", "of": "unit", "new": ward}], DAY, 409, "history_overlaps"),
        ([{"change": "create", "of": "unit", "new": ward | {"name": "Mới", "code": "39100"}}], DAY, 422, "invalid"),
        ([create({"id": top})], "2025-01-01", 409, "not_standing_then"),
    ):  # fmt: skip
        body = refused(await post(house, *changes, on=on), status, code)
        assert body["detail"]
        refused(await post(house, *changes, on=on, dry_run="true"), status, code)
    assert await house.rows("SELECT count(*) FROM organisation") == before


async def test_one_wrong_change_undoes_all(house: House) -> None:
    one, two = await department(house), await department(house)
    before = await house.rows("SELECT count(*) FROM organisation"), await house.rows("SELECT count(*) FROM outbox")
    rename = {"change": "rename", "of": "organisation", "id": one, "name": "Sở Không Thành"}
    answer = await post(house, rename, {"change": "dissolve", "of": "unit", "id": two})
    refused(answer, 409, "not_standing_then")
    assert (await get(house, f"/organisations/{one}"))["valid_to"] is None
    assert before == (
        await house.rows("SELECT count(*) FROM organisation"),
        await house.rows("SELECT count(*) FROM outbox"),
    )


async def test_the_same_request_twice_is_one_restructuring(house: House) -> None:
    change = create({"id": await house.organisation("peoples_committee", "92")})
    headers, basis = house.admin | key(), source()
    dry = await post(house, change, headers=headers, basis=basis, dry_run="true")
    first = await post(house, change, headers=headers, basis=basis)
    again = await post(house, change, headers=headers, basis=basis)
    assert (dry.status_code, first.status_code, again.status_code) == (200, 201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    refused(await post(house, change, basis=basis), 409, "history_overlaps")


async def test_only_who_administers_all_of_it(house: House, new_person: Any) -> None:
    city = await house.organisation("peoples_committee", "92")
    ward = await house.organisation("peoples_committee", "31135")
    person = await new_person("peoples_committee", "31135", ("administrator",))
    mine = await house.person_headers(person)
    made = await post(house, create({"id": ward}), headers=mine | key())
    assert made.status_code == 201, made.text
    own = made.json()["started"][0]["id"]
    outside = "outside_your_organisations"
    refused(await post(house, create({"id": city}), headers=mine | key()), 403, outside)
    move = {"change": "move", "of": "organisation", "id": own, "parent": {"id": city}}
    refused(await post(house, move, on="2026-09-01", headers=mine | key()), 403, outside)
    refused(await post(house, move, on="2026-09-01", headers=mine | key(), dry_run="true"), 403, outside)
    own_body = {"change": "rename", "of": "organisation", "id": ward, "name": "Của tôi", "children_follow": True}
    refused(await post(house, own_body, on="2026-09-01", headers=mine | key()), 403, outside)
    unit = (await get(house, "/units", code="31135"))["items"][0]["id"]
    rename = {"change": "rename", "of": "unit", "id": unit, "name": "Phường Của Tôi", "children_follow": True}
    refused(await post(house, rename, on="2026-09-01", headers=mine | key()), 403, outside)
    officer = await new_person("front_committee", "31135")
    headers = await house.headers(officer["username"], officer["password"]) | key()
    refused(await post(house, create({"id": ward}), headers=headers), 403, "forbidden")


async def account_at(house: House, own: str) -> dict[str, Any]:
    body = {"username": f"u{uuid4().hex[:10]}", "name": "Trần Văn Thử", "organisation_id": own}
    roles = [{"role": "handler", "organisation_id": own}]
    made = await house.http.post(f"{API}/accounts", headers=house.admin | key(), json=body | {"roles": roles})
    assert made.status_code == 201, made.text
    account: dict[str, Any] = made.json()["account"]
    assert (await house.use_code(made.json()["code"], PASSWORD)).status_code == 204
    return account


async def roles_at(house: House, account: str) -> dict[str, set[str]]:
    found = await house.rows("SELECT role, organisation_id FROM role_grant WHERE account_id = $1", account)
    by_body: dict[str, set[str]] = {}
    for row in found:
        by_body.setdefault(str(row["organisation_id"]), set()).add(row["role"])
    return by_body


async def test_people_go_on_with_a_renamed_body(house: House) -> None:
    own = await department(house, on="2026-07-01")
    person = await account_at(house, own)
    rename = {"change": "rename", "of": "organisation", "id": own, "name": f"Sở {uuid4().hex[:8]}"}
    heir = (await done(house, rename, on="2026-08-01"))["started"][0]["id"]
    headers = await house.headers(person["username"], PASSWORD)
    me = (await house.http.get(f"{API}/me", headers=headers)).json()
    assert [(grant["role"], grant["organisation_id"]) for grant in me["grants"]] == [("handler", heir)]
    account = await house.rows("SELECT organisation_id FROM account WHERE id = $1", person["id"])
    assert str(account[0]["organisation_id"]) == heir
    assert await roles_at(house, person["id"]) == {own: {"handler"}, heir: {"handler"}}
    [followed] = await house.rows(
        "SELECT details->>'roles' AS roles, details->>'holders' AS holders FROM audit_entry"
        " WHERE action = 'organisation.holders_followed' AND subject_id = $1",
        heir,
    )
    assert tuple(followed) == ("1", "1")


async def test_who_belongs_elsewhere_goes_on_with_a_role_too(house: House, new_person: Any) -> None:
    """Whoever renames the body need not be allowed to see them; their own role there follows them as well."""
    ward = await house.organisation("peoples_committee", "31135")
    local = await new_person("peoples_committee", "31135", ("administrator",))
    mine = await house.person_headers(local)
    own = (await done(house, create({"id": ward}), on="2026-01-01", headers=mine | key()))["started"][0]["id"]
    stranger = await new_person("front_committee", "31120")
    for person, role in ((stranger, "handler"), (local, "head")):
        body = {"role": role, "organisation_id": own}
        made = await house.http.post(f"{API}/accounts/{person['id']}/roles", headers=house.admin | key(), json=body)
        assert made.status_code == 201, made.text
    mine = await house.person_headers(local)
    rename = {"change": "rename", "of": "organisation", "id": own, "name": f"Phòng {uuid4().hex[:8]}"}
    heir = (await done(house, rename, headers=mine | key()))["started"][0]["id"]
    assert (await roles_at(house, stranger["id"]))[heir] == {"handler"}
    assert (await roles_at(house, local["id"]))[heir] == {"head"}
    kept = await house.rows("SELECT organisation_id FROM account WHERE id = $1", stranger["id"])
    assert str(kept[0]["organisation_id"]) == stranger["organisation_id"]


async def test_the_administrator_of_a_topmost_body_goes_on_with_it(house: House) -> None:
    """Nobody administers the new one before that."""
    top = await house.organisation("front_committee", "92")
    [quantri] = await house.rows("SELECT id FROM account WHERE username = 'quantri'")
    rename = {
        "change": "rename",
        "of": "organisation",
        "id": top,
        "name": "Ủy ban Mặt trận Tổ quốc Việt Nam thành phố Thử",
        "children_follow": True,
    }
    made = await done(house, rename, on="2026-11-02")
    [heir] = [each["id"] for each in made["started"] if each["parent_id"] is None]
    assert "administrator" in (await roles_at(house, str(quantri["id"])))[heir]
    targets = await house.rows("SELECT organisation_id FROM api_client WHERE client_id = 'targets'")
    assert str(targets[0]["organisation_id"]) == heir
    house.admin = await house.headers("quantri", ADMIN_PASSWORD, ADMIN_TOTP_SECRET)
    assert (await done(house, create({"id": heir}), on="2026-11-20"))["started"]


@pytest.mark.parametrize(
    "change",
    [
        {"change": "abolish", "of": "organisation", "id": str(uuid4())},
        {"change": "create", "of": "organisation", "new": {"name": "Sở", "parent": {"id": str(uuid4())}}},
        {"change": "create", "of": "organisation", "new": {"name": "Sở", "kind": "department"}},
        {"change": "create", "of": "unit", "new": {"name": "Phường X", "code": "39999", "parent": {"key": "x"}}},
        {"change": "move", "of": "organisation", "id": str(uuid4()), "parent": {}},
        {"change": "move", "of": "organisation", "id": str(uuid4()), "parent": {"id": str(uuid4()), "key": "x"}},
        {"change": "merge", "of": "organisation", "predecessors": [{"id": str(uuid4())}], "new": {"name": "Sở"}},
        {
            "change": "absorb",
            "of": "unit",
            "predecessors": [{"id": str(uuid4()), "ratio": "0.5"}],
            "into": str(uuid4()),
        },
        {"change": "split", "of": "unit", "id": str(uuid4()), "heirs": [{"new": {"name": "Phường X"}}, {"ratio": "2"}]},
        {"change": "dissolve", "of": "organisation", "id": str(uuid4()), "name": "x"},
    ],
)
async def test_changes_that_say_nothing_are_refused(house: House, change: dict[str, Any]) -> None:
    answer = await post(house, change)
    assert answer.status_code == 422
    assert change.get("name", "\0") not in answer.text or change["name"] == "x"
