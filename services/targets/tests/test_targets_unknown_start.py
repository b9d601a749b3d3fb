"""Who stood before 2025: the registry records the former units from 1 January 2025, and they are older than that."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from import_house import file, line, send
from targets_house import BOARD, NOW, House, facts, rows
from territory_2025 import CITY_CODE, former, front, put_in_place_of_the_others, read

from devstack.testing import tell_facts
from servicekit.db import Database
from targets.domain.validity import Span

SERIES = "/indicators/TGT-01/series"
FORMER = read("units-until-2025-06-30.csv")
OLD_CAN_THO = {row["code"] for row in FORMER if row["province_code"] == "92"}
WHOLES = {
    former(row["predecessor_code"])
    for row in read("unit-succession-2025-07-01.csv")
    if row["successor_code"] == "31135" and row["share"] == "whole"
}
NINH_KIEU = front("31135")


@pytest.fixture
async def territory(house: House, database: Database) -> None:
    """The Front committees before and after 1 July 2025, and the board that opens periods."""
    await put_in_place_of_the_others(database, NOW)
    async with database.write() as session:
        await tell_facts(session, [one for one in facts() if one["id"] == BOARD], NOW)
    await house.runtime.book.refresh()


def report(organisation: UUID, numerator: int, period: str = "2024") -> dict[str, Any]:
    return {
        "indicator_code": "TGT-01",
        "period": period,
        "organisation_id": str(organisation),
        "numerator": numerator,
        "denominator": 1000,
    }


async def open_2024(house: House) -> dict[str, Any]:
    monitor = house.person(("monitoring_officer", BOARD))
    answer = await monitor.post("/periods", {"indicator_code": "TGT-01", "period": "2024"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def approve(house: House, organisations: Iterable[UUID]) -> None:
    """Report 100, 101, … for these, up to the board's approval."""
    old_city = former("92")
    operator, verifier = house.person(("reporter", old_city)), house.person(("verifier", old_city))
    approver = house.person(("approver", BOARD))
    for place, organisation in enumerate(organisations):
        made = await operator.post("/reports", report(organisation, 100 + place))
        assert made.status_code == 201, made.text
        path, etag = f"/reports/{made.json()['id']}", made.headers["etag"]
        for person, verb in ((operator, "submit"), (verifier, "verify"), (approver, "approve")):
            moved = await person.post(f"{path}/{verb}", etag=etag)
            assert moved.status_code == 200, moved.text
            etag = moved.headers["etag"]


@pytest.mark.usefixtures("territory")
async def test_opening_a_year_before_2025_lists_those_who_existed_then(house: House, database: Database) -> None:
    opened = await open_2024(house)
    assert opened["expected"] == len(FORMER)
    expected = {one["organisation_id"] for one in await rows(database, "SELECT organisation_id FROM expected_report")}
    assert expected == {former(row["code"]) for row in FORMER}
    assert len(OLD_CAN_THO) == 80
    assert {former(code) for code in OLD_CAN_THO} < expected


@pytest.mark.usefixtures("territory")
async def test_a_former_ward_reports_2024_and_the_series_shows_it_as_reported_and_restated(house: House) -> None:
    await open_2024(house)
    wards = sorted(WHOLES)
    await approve(house, wards)
    reader = house.person(("auditor", front(CITY_CODE)))
    query = {"period_kind": "year", "from": "2024", "to": "2024"}

    async def point(organisation: UUID, view: str) -> dict[str, Any]:
        answer = await reader.get(SERIES, **query, organisation_id=str(organisation), view=view)
        assert answer.status_code == 200, answer.text
        [found] = answer.json()["points"]
        return dict(found)

    own = await point(wards[0], "as_reported")
    assert (own["numerator"], own["denominator"], own["reason"]) == ("100", "1000", None)
    before = await point(NINH_KIEU, "as_reported")
    assert (before["numerator"], before["reason"]) == (None, "did_not_exist_yet")
    assert {each["organisation_id"] for each in before["instead"]} == {str(ward) for ward in wards}
    assert {each["start_known"] for each in before["instead"]} == {False}
    now = await point(NINH_KIEU, "restated")
    count = len(wards)
    assert (now["numerator"], now["denominator"]) == (str(sum(range(100, 100 + count))), str(1000 * count))


@pytest.mark.usefixtures("territory")
async def test_a_file_for_2024_goes_in_by_the_codes_of_then_and_names_who_stood_for_a_ward_of_today(
    house: House,
) -> None:
    await open_2024(house)
    old = house.person(("reporter", former("92")))
    wards = sorted(WHOLES)
    sent = await send(old, file(*(line(ward, period="2024") for ward in wards)))
    assert (sent.status_code, sent.json()["counts"]["imported"]) == (200, len(wards))
    today = house.person(("reporter", front(CITY_CODE)))
    [refused] = (await send(today, file(line(NINH_KIEU, period="2024")))).json()["errors"]
    assert refused["code"] == "organisation_not_valid_in_period"
    for ward in wards:
        assert str(ward) in refused["vi"]
        assert str(ward) in refused["en"]


@pytest.mark.usefixtures("territory")
async def test_a_known_start_stays_a_start(house: House) -> None:
    await open_2024(house)
    today = house.person(("reporter", front(CITY_CODE)))
    answer = await today.post("/reports", report(NINH_KIEU, 1))
    assert (answer.status_code, answer.json()["code"]) == (422, "organisation_not_valid_in_period")
    assert {each["id"] for each in answer.json()["errors"]} == {str(ward) for ward in WHOLES}


@pytest.mark.parametrize(
    ("start_known", "day", "stood"),
    [
        (False, date(2024, 12, 31), True),
        (False, date(1990, 1, 1), True),
        (False, date(2025, 6, 30), True),
        (False, date(2025, 7, 1), False),
        (True, date(2024, 12, 31), False),
        (True, date(2025, 1, 1), True),
    ],
)
def test_an_unknown_start_is_open_towards_the_past_only(start_known: bool, day: date, stood: bool) -> None:
    told = {"valid_from": "2025-01-01", "valid_to": "2025-06-30", "start_known": start_known}
    assert Span.of(told).includes(day) is stood


def test_a_fact_told_before_there_was_the_field_has_a_known_start() -> None:
    assert Span.of({"valid_from": "2025-01-01", "valid_to": None}).start_known is True
