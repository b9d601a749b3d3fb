"""Series over 1 July 2025 with the real units: as reported then, restated, shares unknown and then entered."""

import asyncio
import uuid
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from targets_house import NOW, House, Person, StatementCount, rows
from territory_2025 import (
    CITY_CODE,
    SPLIT,
    former,
    front,
    put_in_place_of_the_others,
    read,
    report_period,
    succession,
)

from contracts.catalogue import fact
from servicekit.db import Database
from servicekit.events import Event
from servicekit.inbox import Outcome, handle_once
from targets.consumers import REGISTRY
from targets.domain.periods import parse_period

SERIES, UNITS = "/indicators/TGT-01/series", "/indicators/TGT-01/units"
CAI_KHE, BINH_THUY, BUI_HUU_NGHIA = front("31120"), front("31168"), former("31178")
OLD = [row["code"] for row in read("units-until-2025-06-30.csv")]
NEW = [row["code"] for row in read("units-from-2025-07-01.csv")]
SUCCESSION = read("unit-succession-2025-07-01.csv")


def old_figures(turn: int) -> dict[UUID, tuple[int, int]]:
    return {former(code): (100 + 7 * place + turn, 2000 + place) for place, code in enumerate(OLD)}


def new_figures() -> dict[UUID, tuple[int, int]]:
    return {front(code): (500 + place, 2000) for place, code in enumerate(NEW)}


@pytest.fixture
async def reader(house: House, database: Database) -> Person:
    """Somebody who reads, in a house where two quarters were reported before 1 July 2025 and one after."""
    await put_in_place_of_the_others(database, NOW)
    for turn, code in enumerate(("2025Q1", "2025Q2")):
        await report_period(database, parse_period(code), old_figures(turn), now=NOW)
    await report_period(database, parse_period("2025Q3"), new_figures(), now=NOW)
    await house.runtime.book.refresh()
    return house.person(("auditor", front(CITY_CODE)))


async def series(reader: Person, organisation: UUID | None = None, **query: Any) -> dict[str, Any]:
    given = (
        {"period_kind": "quarter"} | query | ({} if organisation is None else {"organisation_id": str(organisation)})
    )
    answer = await reader.get(SERIES, **given)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body | {"by_period": {point["period"]: point for point in body["points"]}}


async def units(reader: Person, **query: Any) -> dict[str, Any]:
    answer = await reader.get(UNITS, **({"period": "2025Q1", "view": "restated"} | query))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def enter_share(database: Database, house: House, ward: str, part: str, version: int = 2) -> None:
    """Let the registry's events come: both shares of a split ward, as one entry makes them."""
    ratios = (part, str(1 - Decimal(part)))
    for successor, ratio in zip(SPLIT[ward], ratios, strict=True):
        told = succession(former(ward), front(successor), "SPLIT", ratio)
        name = "registry.organisation_succession.changed.v1"
        event = Event(
            id=uuid.uuid4(),
            type=name,
            source="nhipcau/registry",
            subject=told["id"],
            sequence=version,
            time=NOW,
            data=fact(name, told["data"]).model_dump(mode="json"),
        )
        assert await handle_once(database, REGISTRY, event, NOW) is Outcome.APPLIED
    await house.runtime.book.refresh()


def wholes_of(successor: str) -> list[UUID]:
    return [
        former(row["predecessor_code"])
        for row in SUCCESSION
        if row["successor_code"] == successor and row["share"] == "whole"
    ]


async def test_a_new_ward_has_no_figures_of_its_own_from_before_and_is_told_who_had_them(reader: Person) -> None:
    found = await series(reader, CAI_KHE)
    before, after = found["by_period"]["2025Q1"], found["by_period"]["2025Q3"]
    assert (before["numerator"], before["reason"], before["coverage"]["expected"]) == (None, "did_not_exist_yet", 0)
    names = {each["organisation_id"] for each in before["instead"]}
    assert names == {str(own) for own in (*wholes_of("31120"), BUI_HUU_NGHIA)}
    assert before["reason_vi"].startswith("Theo danh bạ, tổ chức này chưa có")
    place = NEW.index("31120")
    assert (after["numerator"], after["denominator"], after["reason"]) == (str(500 + place), "2000", None)
    gone = (await series(reader, BUI_HUU_NGHIA))["by_period"]["2025Q3"]
    assert gone["reason"] == "had_ended"
    assert {each["organisation_id"] for each in gone["instead"]} == {str(CAI_KHE), str(BINH_THUY)}


async def test_a_share_nobody_knows_leaves_the_ward_unknown_and_the_city_known(reader: Person) -> None:
    point = (await series(reader, CAI_KHE, view="restated"))["by_period"]["2025Q1"]
    assert (point["numerator"], point["denominator"], point["rate"], point["reason"]) == (
        None,
        None,
        None,
        "share_unknown",
    )
    given = old_figures(0)
    assert point["known_part"]["numerator"] == str(sum(given[own][0] for own in wholes_of("31120")))
    assert point["known_part"]["denominator"] == str(sum(given[own][1] for own in wholes_of("31120")))
    [unknown] = point["unknown"]
    assert (unknown["organisation_id"], unknown["share"]) == (str(BUI_HUU_NGHIA), None)
    assert (unknown["numerator"], unknown["denominator"]) == tuple(map(str, given[BUI_HUU_NGHIA]))
    assert (point["coverage"]["counted"], point["coverage"]["expected"]) == (2, 3)
    whole = str(sum(one for one, _ in given.values()))
    for own in (None, front(CITY_CODE)):
        city = (await series(reader, own, view="restated"))["by_period"]["2025Q1"]
        assert (city["numerator"], city["reason"], city["coverage"]["counted"]) == (whole, None, 263)
    assert (await series(reader))["by_period"]["2025Q1"]["numerator"] == whole


async def test_an_entered_share_makes_it_known_and_leaves_the_past_as_it_was(
    reader: Person, house: House, database: Database
) -> None:
    reported = [await series(reader, own) for own in (None, CAI_KHE, BUI_HUU_NGHIA)]
    stored = await rows(database, "SELECT * FROM roll_up ORDER BY id")
    await enter_share(database, house, "31178", "0.35")
    found = await series(reader, CAI_KHE, view="restated")
    given, point = old_figures(1), found["by_period"]["2025Q2"]
    exact = [
        sum(given[own][which] for own in wholes_of("31120")) + Decimal("0.35") * given[BUI_HUU_NGHIA][which]
        for which in (0, 1)
    ]
    assert (Decimal(point["numerator"]), Decimal(point["denominator"])) == tuple(exact)
    assert (point["estimated"], point["reason"], point["known_part"]) == (True, None, None)
    assert Decimal(point["rate"]) == (100 * exact[0] / exact[1]).quantize(Decimal("0.000001"))
    [source] = [each for each in found["lineage"] if each["organisation_id"] == str(BUI_HUU_NGHIA)]
    assert (source["share"], source["estimated"], source["confidence"]) == ("0.35", True, "inferred")
    assert source["shares"][0]["ratio_source"] == "Biên bản bàn giao 12/BB-UBND"
    assert not found["by_period"]["2025Q3"]["estimated"]
    assert [await series(reader, own) for own in (None, CAI_KHE, BUI_HUU_NGHIA)] == reported
    assert await rows(database, "SELECT * FROM roll_up ORDER BY id") == stored
    # Corrected: the figures follow.
    await enter_share(database, house, "31178", "0.4", version=3)
    again = (await series(reader, CAI_KHE, view="restated"))["by_period"]["2025Q2"]
    assert Decimal(again["numerator"]) - Decimal(point["numerator"]) == Decimal("0.05") * given[BUI_HUU_NGHIA][0]


async def test_units_and_what_is_left_make_the_whole_before_and_after_shares_are_known(
    reader: Person, house: House, database: Database
) -> None:
    async def check() -> dict[str, Any]:
        found = await units(reader)
        for name in ("numerator", "denominator"):
            told = [(each["known_part"] or each)[name] for each in found["items"]]
            rest = [each[name] for each in found["remainders"]]
            assert sum(Decimal(value) for value in (*told, *rest) if value) == Decimal(found["whole"][name])
        return found

    found = await check()
    assert len(found["items"]) == 103
    assert {each["organisation"]["organisation_id"] for each in found["remainders"]} == {
        str(former(code)) for code in SPLIT
    }
    assert {each["reason"] for each in found["remainders"]} == {"share_unknown"}
    assert [each["reason"] for each in found["items"]].count("share_unknown") == 6
    for code in SPLIT:
        await enter_share(database, house, code, "0.3")
    found = await check()
    assert found["remainders"] == []
    assert [each["estimated"] for each in found["items"]].count(True) == 6
    names = [each["organisation"]["name"] for each in found["items"]]
    assert (
        names.index("Ủy ban MTTQ Phường An Bình")
        < names.index("Ủy ban MTTQ Phường Bình Thủy")
        < names.index("Ủy ban MTTQ Phường Cái Khế")
    )


async def test_units_as_reported_are_those_that_stood_then(reader: Person) -> None:
    before = await units(reader, view="as_reported")
    assert (len(before["items"]), before["day"], before["remainders"]) == (263, None, [])
    assert {each["reason"] for each in before["items"]} == {None}
    after = await units(reader, view="as_reported", period="2025Q3")
    assert len(after["items"]) == 103
    districts = await units(reader, view="as_reported", level="district")
    assert len(districts["items"]) == len({row["district_code"] for row in read("units-until-2025-06-30.csv")})
    assert sum(Decimal(each["numerator"]) for each in districts["items"]) == Decimal(before["whole"]["numerator"])
    then = await units(reader, day="2025-06-30")
    assert [(each["numerator"], each["pieces"][0]["share"]) for each in then["items"]] == [
        (each["numerator"], "1") for each in before["items"]
    ]


async def test_an_unchanged_ward_goes_on_and_a_series_of_a_unit_equals_the_list_of_units(reader: Person) -> None:
    unchanged = (await series(reader, front("31213"), view="restated"))["by_period"]["2025Q1"]
    assert unchanged["numerator"] == str(old_figures(0)[former("31213")][0])
    assert [piece["organisation_id"] for piece in unchanged["pieces"]] == [str(former("31213"))]
    listed = {each["organisation"]["organisation_id"]: each for each in (await units(reader))["items"]}
    for code in NEW[::10]:
        point = (await series(reader, front(code), view="restated"))["by_period"]["2025Q1"]
        for name in ("numerator", "denominator", "reason", "coverage", "known_part"):
            assert point[name] == listed[str(front(code))][name]


async def test_what_a_district_reported_itself_is_apart_from_what_its_wards_did(
    reader: Person, database: Database
) -> None:
    district = next(row["district_code"] for row in read("units-until-2025-06-30.csv") if row["code"] == "31135")
    await report_period(database, parse_period("202504"), old_figures(0) | {former(district): (40, 90)}, now=NOW)
    point = (await series(reader, front("31135"), view="restated", period_kind="month"))["by_period"]["202504"]
    assert [(each["organisation_id"], each["numerator"], each["denominator"]) for each in point["unknown"]] == [
        (str(former(district)), "40", "90")
    ]
    wards = wholes_of("31135")
    assert point["known_part"]["numerator"] == str(sum(old_figures(0)[own][0] for own in wards))
    found = await units(reader, period="202504")
    [own] = [each for each in found["remainders"] if each["organisation"]["organisation_id"] == str(former(district))]
    assert (own["numerator"], own["denominator"], own["reason"]) == ("40", "90", "share_unknown")
    assert str(front("31135")) in own["between"]
    city = (await series(reader, front(CITY_CODE), view="restated", period_kind="month"))["by_period"]["202504"]
    assert city["numerator"] == str(sum(one for one, _ in old_figures(0).values()) + 40)


async def test_a_series_is_cut_by_periods_and_kind(reader: Person) -> None:
    cut = await series(reader, **{"from": "2025Q2", "to": "202509"})
    assert [point["period"] for point in cut["points"]] == ["2025Q2", "2025Q3"]
    assert (await series(reader, period_kind="year"))["points"] == []
    early = (await series(reader, former("31213"), view="restated", day="2025-06-30"))["by_period"]
    assert early["2025Q3"]["reason"] == "after_day"
    assert early["2025Q2"]["numerator"] == str(old_figures(1)[former("31213")][0])


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        (SERIES, {"organisation_id": str(uuid.uuid4())}, 422, "unknown_organisation"),
        (SERIES, {"organisation_id": str(BUI_HUU_NGHIA), "view": "restated"}, 422, "organisation_not_standing"),
        (SERIES, {"from": "2025", "to": "2024"}, 422, "periods_reversed"),
        (SERIES, {"from": "2025-01"}, 422, None),
        (SERIES, {"from": "2025Q5"}, 422, "unknown_period"),
        (SERIES, {"period_kind": "decade"}, 422, "invalid"),
        (SERIES, {"view": "guessed"}, 422, "invalid"),
        (SERIES, {"day": "2025-02-30"}, 422, "invalid"),
        (SERIES, {"organisation_id": "x\x00"}, 422, None),
        (UNITS, {"period": "９９"}, 422, None),
        (UNITS, {}, 422, "invalid"),
        (UNITS, {"period": "2025", "level": "ward"}, 422, "invalid"),
        ("/indicators/NO-99/series", {}, 404, "not_found"),
        ("/indicators/NO-99/units", {"period": "2025"}, 404, "not_found"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    reader: Person, path: str, query: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await reader.get(path, **query)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code
    if code == "organisation_not_standing":
        assert {each["id"] for each in answer.json()["errors"]} == {str(CAI_KHE), str(BINH_THUY)}


async def test_a_report_for_an_ended_ward_names_who_reports_now(reader: Person, house: House) -> None:
    operator = house.person(("reporter", former("92")))
    body = {"indicator_code": "TGT-01", "period": "2025Q3", "organisation_id": str(BUI_HUU_NGHIA), "numerator": 1}
    answer = await operator.post("/reports", body | {"denominator": 2})
    assert (answer.status_code, answer.json()["code"]) == (422, "organisation_not_valid_in_period")
    assert {each["id"]: each["vi"] for each in answer.json()["errors"]} == {
        str(CAI_KHE): "Ủy ban MTTQ Phường Cái Khế",
        str(BINH_THUY): "Ủy ban MTTQ Phường Bình Thủy",
    }
    operator = house.person(("reporter", front(CITY_CODE)))
    answer = await operator.post(
        "/reports", body | {"denominator": 2, "period": "2025Q1", "organisation_id": str(CAI_KHE)}
    )
    assert {each["id"] for each in answer.json()["errors"]} == {
        str(own) for own in (*wholes_of("31120"), BUI_HUU_NGHIA)
    }


async def test_a_figure_costs_the_same_few_statements_however_much_there_is(reader: Person, house: House) -> None:
    for path, query in (
        (SERIES, {"organisation_id": str(CAI_KHE), "view": "restated", "period_kind": "quarter"}),
        (SERIES, {"view": "as_reported"}),
        (UNITS, {"period": "2025Q1", "view": "restated"}),
    ):
        with StatementCount(house.runtime.database) as counted:
            assert (await reader.get(path, **query)).status_code == 200
        assert len(counted) <= 3, counted.statements


async def test_readers_at_the_same_time_and_a_share_that_arrives_meanwhile(
    reader: Person, house: House, database: Database
) -> None:
    async def read_it() -> str | None:
        return (await series(reader, CAI_KHE, view="restated"))["by_period"]["2025Q1"]["reason"]

    *found, _ = await asyncio.gather(*(read_it() for _ in range(10)), enter_share(database, house, "31178", "0.35"))
    assert set(found) <= {None, "share_unknown"}
    assert await read_it() is None
