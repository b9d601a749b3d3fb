"""The tree of a day, names of a day, and what became of a whole series."""

from typing import Any

import pytest

from .conftest import API, House

UNCHANGED = "Xã Trường Long"


async def get(house: House, path: str, **query: Any) -> Any:
    answer = await house.http.get(API + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def every(house: House, path: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(house, path, limit=100, **query, **cursor)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("day,number,levels", [("2025-06-30", 3 + 28 + 263, 3), ("2025-07-01", 1 + 103, 2)])
async def test_the_tree_of_units_of_a_day(house: House, day: str, number: int, levels: int) -> None:
    nodes = await every(house, "/units/tree", on=day)
    assert len(nodes) == number
    assert {node["depth"] for node in nodes} == set(range(levels))
    seen: set[str] = set()
    for node in nodes:
        assert (node["parent_id"] is None) == (node["depth"] == 0)
        assert node["parent_id"] is None or node["parent_id"] in seen
        seen.add(node["id"])


async def test_the_five_stand_inside_the_front_since_july_2025(house: House) -> None:
    front = await house.organisation("front_committee", "31135")
    below = await every(house, "/organisations/tree", root=front)
    assert [node["depth"] for node in below] == [0, 1, 1, 1, 1, 1]
    assert {node["kind"] for node in below[1:]} == {
        "trade_union", "youth_union", "womens_union", "farmers_union", "veterans_assoc",
    }  # fmt: skip
    assert all("97/2025/QH15" in node["source"] for node in below[1:])
    union = await get(house, f"/organisations/{below[1]['id']}")
    assert all("97/2025/QH15" in each["legal_basis"] for each in union["came_from"] if each["steps"] == 1)
    former = (await get(house, "/organisations", kind="front_committee", unit_code="31135", on="2025-06-30"))["items"][
        0
    ]
    assert len(await every(house, "/organisations/tree", root=former["id"], on="2025-06-30")) == 1
    city = await every(house, "/organisations/tree", root=await house.organisation("front_committee", "92"), depth=1)
    assert len(city) == 1 + 5 + 103


async def test_party_boards_of_the_city_before_and_after(house: House) -> None:
    party = await get(house, "/organisations", kind="party_committee", level="city", on="2025-01-15", q="can tho")
    root = party["items"][0]["id"]
    before = {node["kind"] for node in await every(house, "/organisations/tree", root=root, on="2025-01-15", depth=1)}
    assert {"propaganda_board", "mobilisation_board", "government_party_group", "front_party_group"} < before
    assert "mass_mobilisation_board" not in before
    board = (await get(house, "/organisations/named", name="ban dan van thanh uy can tho", on="2025-01-15"))["items"]
    [heir] = board[0]["stands_as"]
    assert heir["organisation"]["name"] == "Ban Tuyên giáo và Dân vận Thành ủy Cần Thơ"
    assert (heir["organisation"]["valid_from"], heir["ratio"], heir["confidence"]) == ("2025-07-01", "1", "unconfirmed")


@pytest.mark.parametrize(
    "query", [{"root": "00000000-0000-0000-0000-000000000001"}, {"on": "2024-01-01", "root": None}]
)
async def test_no_tree_below_what_does_not_stand(house: House, query: dict[str, Any]) -> None:
    given = query | {"root": query["root"] or await house.organisation("front_committee", "92")}
    assert (await house.http.get(f"{API}/organisations/tree", params=given)).status_code == 404


@pytest.mark.parametrize("name", ["Phường Tân An", "phuong tan an", "tân an", "TAN AN"])
async def test_an_old_name_and_a_day_find_the_right_unit(house: House, name: str) -> None:
    for day, heir in (("2025-06-30", "Phường Ninh Kiều"), ("2026-01-01", "Phường Tân An")):
        body = await get(house, "/units/named", name=name, on=day)
        wards = [item for item in body["items"] if item["unit"]["name"] == "Phường Tân An"]
        assert [each["unit"]["name"] for each in wards[0]["stands_as"]] == [heir]


async def test_namesakes_are_all_named(house: House) -> None:
    items = (await get(house, "/units/named", name="phuong thuan an", on="2025-06-30"))["items"]
    assert len({item["unit"]["id"] for item in items}) == 2


async def test_a_series_is_carried_on_in_its_order(house: House) -> None:
    codes = ("31178", "31135", "31309")
    ids = [(await get(house, f"/codes/{code}", on="2025-06-30"))["unit"]["id"] for code in codes]
    after = await get(house, "/units/successors", id=ids, on="2025-07-01")
    assert [item["unit"]["id"] for item in after["items"]] == ids
    found = [{each["unit"]["name"]: each["ratio"] for each in item["stands_as"]} for item in after["items"]]
    assert found[0] == {"Phường Cái Khế": None, "Phường Bình Thủy": None}
    assert found[1:] == [{"Phường Ninh Kiều": "1"}, {UNCHANGED: "1"}]
    same = await get(house, "/units/successors", id=ids, on="2025-06-30")
    assert [item["stands_as"][0]["unit"]["id"] for item in same["items"]] == ids
    early = await get(house, "/units/successors", id=ids, on="2024-06-30")
    assert [item["stands_as"] for item in early["items"]] == [[], [], []]


@pytest.mark.parametrize(
    "path,query,status",
    [
        ("/units/successors", {}, 422),
        ("/units/successors", {"id": ["x"]}, 422),
        ("/units/successors", {"id": ["00000000-0000-0000-0000-000000000001"]}, 404),
        ("/units/named", {"name": "\x00"}, 422),
        ("/units/named", {}, 422),
        ("/units/tree", {"depth": "99"}, 422),
        ("/organisations/tree", {"kind": "x"}, 422),
    ],
)
async def test_bad_questions_are_refused(house: House, path: str, query: dict[str, Any], status: int) -> None:
    assert (await house.http.get(API + path, params=query)).status_code == status


async def test_at_most_a_hundred_at_once(house: House) -> None:
    ids = ["00000000-0000-0000-0000-000000000001"] * 101
    assert (await house.http.get(f"{API}/units/successors", params={"id": ids})).status_code == 422
