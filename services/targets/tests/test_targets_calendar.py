"""Periods by code and name, keywords in reads and never in writes, terms of congress whose days are data."""

from typing import Any

import pytest
from targets_house import BOARD, CITY, COMMUNES, House, Person, report_body, rows

from servicekit.db import Database


async def codes(person: Person, **query: Any) -> list[str]:
    answer = await person.get("/calendar/periods", **query)
    assert answer.status_code == 200, answer.text
    return [item["code"] for item in answer.json()["items"]]


async def test_codes_with_names_so_that_nobody_reckons(house: House, monitor: Person) -> None:
    answer = await monitor.get("/calendar/periods", kind="half", **{"from": "2025-01-01", "to": "2026-12-31"})
    items = answer.json()["items"]
    assert [(one["code"], one["name_vi"], one["name_en"], one["standing"]) for one in items] == [
        ("2025S1", "6 tháng đầu năm 2025", "First half of 2025", "ended"),
        ("2025S2", "6 tháng cuối năm 2025", "Second half of 2025", "ended"),
        ("2026S1", "6 tháng đầu năm 2026", "First half of 2026", "ended"),
        ("2026S2", "6 tháng cuối năm 2026", "Second half of 2026", "valid"),
    ]
    assert await codes(monitor, within="LAST_4_QUARTERS") == ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]
    assert await codes(monitor, within="2020T2025", kind="year") == ["2021", "2022", "2023", "2024", "2025"]
    assert await codes(monitor, within="THIS_YEAR", kind="quarter") == ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]
    assert await codes(monitor, kind="term", **{"from": "2016-01-01", "to": "2030-12-31"}) == [
        "2015T2020",
        "2020T2025",
        "2025T2030",
    ]
    assert await codes(monitor, within="20251231") == ["20251231"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "bad_period_range"),
        ({"kind": "month"}, "bad_period_range"),
        ({"kind": "month", "from": "2026-01-01", "to": "2025-01-01"}, "bad_period_range"),
        ({"kind": "date", "from": "2000-01-01", "to": "2026-01-01"}, "bad_period_range"),
        ({"kind": "month", "from": "1990-01-01", "to": "2100-12-31"}, "bad_period_range"),
        ({"kind": "year", "from": "1950-01-01", "to": "2026-12-31"}, "bad_period_range"),
        ({"kind": "year", "from": "0001-01-01", "to": "9999-12-31"}, "invalid"),
        ({"kind": "month", "within": "THIS_YEAR", "from": "2026-01-01"}, "bad_period_range"),
        ({"within": "2025S3"}, "unknown_period"),
        ({"within": "THIS_WEEK"}, "unknown_period"),
        ({"within": "2025T2020"}, "unknown_period"),
        ({"kind": "week", "within": "2025"}, "invalid"),
    ],
)
async def test_what_cannot_be_listed_is_refused(
    house: House, monitor: Person, query: dict[str, str], code: str
) -> None:
    answer = await monitor.get("/calendar/periods", **query)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


@pytest.mark.parametrize(
    ("given", "code"),
    [("THIS_YEAR", "2026"), ("LAST_YEAR", "2025"), ("LAST_1_YEARS", "2025"), ("THIS_TERM", "2025T2030"),
     ("20251231", "20251231")],
)  # fmt: skip
async def test_reads_take_keywords(house: House, monitor: Person, given: str, code: str) -> None:
    answer = await monitor.get("/indicators/TGT-01/progress", period=given)
    assert (answer.status_code, answer.json()["period"]["code"]) == (200, code), answer.text


async def test_a_keyword_for_several_is_no_period(house: House, monitor: Person) -> None:
    answer = await monitor.get("/indicators/TGT-01/progress", period="LAST_4_QUARTERS")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_one_period")


@pytest.mark.parametrize(
    "given",
    ["THIS_YEAR", "LAST_YEAR", "2025S3", "2025s1", "20250230", "2025T2020", "2021T2026", "202513", "2025Q5", "1989"],
)
async def test_writes_take_codes_only(house: House, monitor: Person, operator: Person, given: str) -> None:
    answer = await monitor.post("/periods", {"indicator_code": "TGT-01", "period": given})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_period"), answer.text
    report = await operator.post("/reports", report_body(COMMUNES[0], period=given))
    assert (report.status_code, report.json()["code"] in ("unknown_period", "period_not_opened")) == (422, True)


@pytest.mark.parametrize("given", ["２０２５", "2025 ", "2025Ｓ1"])
async def test_full_width_digits_are_no_code(house: House, monitor: Person, given: str) -> None:
    answer = await monitor.post("/periods", {"indicator_code": "TGT-01", "period": given})
    assert answer.status_code == 422, answer.text


async def test_what_lies_ahead_is_not_opened(house: House, monitor: Person) -> None:
    for code, period in (("TGT-01", "2027"), ("TGT-01", "2027S1"), ("TGT-01", "20270101"), ("GOAL-06", "2027Q1")):
        answer = await monitor.post("/periods", {"indicator_code": code, "period": period})
        assert (answer.status_code, answer.json()["code"]) == (422, "period_not_begun"), answer.text


async def test_a_term_and_a_day_can_be_reported(house: House, monitor: Person, operator: Person) -> None:
    opened = await monitor.post("/periods", {"indicator_code": "TGT-01", "period": "20251231"})
    assert opened.status_code == 201, opened.text
    assert (opened.json()["kind"], opened.json()["first_day"], opened.json()["last_day"]) == (
        "date",
        "2025-12-31",
        "2025-12-31",
    )
    made = await operator.post("/reports", report_body(COMMUNES[0], period="20251231"))
    assert made.status_code == 201, made.text
    document = await monitor.get("/indicators/GOAL-05")
    path = "/indicators/GOAL-05/questions/period_kind"
    decided = {"answer": "term", "decision": "1-KL/TU", "decided_on": "2026-01-01"}
    assert (await monitor.put(path, decided, etag=document.headers["etag"])).status_code == 200
    term = await monitor.post("/periods", {"indicator_code": "GOAL-05", "period": "2020T2025"})
    assert term.status_code == 201, term.text
    assert (term.json()["kind"], term.json()["last_day"]) == ("term", "2025-12-31")
    figures = report_body(COMMUNES[0], 3, ..., indicator_code="GOAL-05", period="2020T2025")
    assert (await operator.post("/reports", figures)).status_code == 201


async def test_the_days_of_a_term_are_data_and_unconfirmed(house: House, monitor: Person, database: Database) -> None:
    terms = (await monitor.get("/calendar/terms")).json()["items"]
    assert {one["confidence"] for one in terms} == {"unconfirmed"}
    assert "2015 - 2020" in terms[0]["note_vi"]
    assert "2020 - 2025" in terms[0]["note_vi"]
    path = "/calendar/terms/2025T2030"
    read = await monitor.get(path)
    body = {"first_day": "2026-01-02", "last_day": "2030-11-30", "source": "1-NQ/ĐH", "confidence": "confirmed"}
    set_ = await monitor.put(path, body, etag=read.headers["etag"])
    assert (set_.status_code, set_.json()["confidence"], set_.json()["version"]) == (200, "confirmed", 2), set_.text
    answer = await monitor.get("/indicators/TGT-01/progress", period="2025T2030")
    assert answer.json()["period"]["first_day"] == "2026-01-02"
    audit = await rows(database, "SELECT details FROM audit_entry WHERE action = 'congress_term.set'")
    assert audit[0]["details"]["before"] == ["2026-01-01", "2030-12-31"]
    assert (await monitor.put(path, body, etag=read.headers["etag"])).status_code == 412
    for wrong in ({"first_day": "2025-06-01"}, {"last_day": "2026-01-01"}):
        refused = await monitor.put(path, body | wrong, etag='"2"')
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_term")
    stranger = house.person(("monitoring_officer", CITY))
    assert (await stranger.put(path, body, etag='"2"')).status_code == 403
    assert (await house.person(("approver", BOARD)).put(path, body, etag='"2"')).status_code == 403
    assert (await monitor.get("/calendar/terms/1990T1995")).status_code == 404
