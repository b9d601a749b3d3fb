"""The whole resolution on one page: what it shows, from where, at how many statements, and its ranking of units."""

from collections.abc import Callable
from typing import Any

import pytest
from targets_house import BOARD, CITY, COMMUNES, House, Person, StatementCount, report_body

from servicekit.db import Database
from targets.api.dashboard_answers import DashboardAnswer
from targets.domain.dashboards import Line, reach, spans, summaries
from targets.domain.periods import parse_period

PAGE = "/dashboards/resolutions/08-NQ/TU"


async def approve(
    operator: Person, verifier: Person, approver: Person, body: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """Take a report the whole way; return it with its ETag."""
    made = await operator.post("/reports", body)
    assert made.status_code == 201, made.text
    answer, path = made, f"/reports/{made.json()['id']}"
    for who, step in ((operator, "submit"), (verifier, "verify"), (approver, "approve")):
        answer = await who.post(f"{path}/{step}", etag=answer.headers["etag"])
        assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["etag"]


@pytest.fixture
def approved(operator: Person, verifier: Person, approver: Person) -> Callable[..., Any]:
    async def one(organisation: Any, numerator: Any = 740, denominator: Any = 1000, **more: Any) -> dict[str, Any]:
        body = report_body(organisation, numerator, denominator, **more)
        return (await approve(operator, verifier, approver, body))[0]

    return one


def line(page: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [one for one in page["indicators"] if one["code"] == code]
    return found


@pytest.mark.parametrize(
    ("asked", "kind", "first", "last"),
    [
        ("2026S1", "month", "202601", "202606"),
        ("2026S1", "quarter", "2026Q1", "2026Q2"),
        ("2026S1", "half", "2026S1", "2026S1"),
        ("2026S1", "year", "2025", "2026"),
        ("2026", "year", "2026", "2026"),
        ("2026", "month", "202601", "202612"),
        ("202601", "half", "2025S2", "2026S1"),
        ("2026Q4", "year", "2025", "2026"),
    ],
)
def test_which_periods_answer_for_the_asked_one(asked: str, kind: str, first: str, last: str) -> None:
    (span,) = [one for one in spans(parse_period(asked)) if one.kind == kind]
    assert (span.first.code, span.last.code) == (first, last)


def test_what_may_be_shown_reaches_from_the_year_before() -> None:
    first, last = reach(parse_period("202603"))
    assert (first.isoformat(), last.isoformat()) == ("2025-01-01", "2026-12-31")


def test_the_sections_are_counted_in_the_resolution_s_order() -> None:
    lines = [Line("duty", "missed", False), Line("target", "achieved", True), Line("target", "missed", False)]
    found = summaries(lines)
    assert [(one.section, one.indicators, one.disputed) for one in found] == [("target", 2, 1), ("duty", 1, 0)]
    assert found[0].by_status == {"achieved": 1, "missed": 1}


async def test_every_indicator_stands_on_the_page_with_its_figures(
    period: Callable[..., Any], approved: Callable[..., Any], monitor: Person, house: House
) -> None:
    await period()
    await approved(COMMUNES[0], 741)
    await approved(COMMUNES[1], 750)
    codes = [one["code"] for one in (await monitor.get("/indicators", limit=100)).json()["items"]]
    answer = await monitor.get(PAGE, period="2025")
    assert answer.status_code == 200, answer.text
    page = answer.json()
    DashboardAnswer.model_validate(page, extra="forbid")
    assert sorted(one["code"] for one in page["indicators"]) == sorted(codes)
    assert sum(one["indicators"] for one in page["sections"]) == len(codes)
    first = line(page, "TGT-01")
    assert (first["numerator"], first["denominator"], first["rate"]) == ("1491", "2000", "74.55")
    assert (first["counted"], first["expected"], first["status"]) == (2, 103, "not_assessed")
    assert first["reason"] == "coverage_too_low"
    assert (first["target"]["comparator"], first["target"]["value"], first["previous"]) == (">", "74", None)
    progress = (await monitor.get("/indicators/TGT-01/progress", period="2025")).json()
    for name in ("numerator", "denominator", "rate", "status", "reason", "comparison", "provisional"):
        assert first[name] == progress[name], name
    nothing = line(page, "TGT-02")
    assert (nothing["numerator"], nothing["rate"], nothing["status"]) == (None, None, "not_assessed")


async def test_one_unit_s_page_shows_its_own_figures(
    period: Callable[..., Any], approved: Callable[..., Any], monitor: Person
) -> None:
    await period()
    await approved(COMMUNES[0], 741)
    own = (await monitor.get(PAGE, period="2025", organisation_id=str(COMMUNES[0]))).json()
    assert (line(own, "TGT-01")["numerator"], line(own, "TGT-01")["status"]) == ("741", "achieved")
    assert own["organisation_name"].startswith("front_committee commune")
    city = (await monitor.get(PAGE, period="2025", organisation_id=str(CITY))).json()
    assert (line(city, "TGT-01")["counted"], line(city, "TGT-01")["expected"]) == (1, 103)
    assert (await monitor.get(PAGE, period="2025", organisation_id=str(BOARD)[:-4] + "0000")).status_code == 404
    assert (await monitor.get("/dashboards/resolutions/99-NQ/TU", period="2025")).status_code == 404


async def test_a_half_year_shows_the_year_before_until_the_year_has_figures(
    period: Callable[..., Any], approved: Callable[..., Any], monitor: Person
) -> None:
    await period("TGT-01", "2025")
    await period("TGT-01", "2026")
    await approved(COMMUNES[0], 741)
    shown = line((await monitor.get(PAGE, period="2026S1")).json(), "TGT-01")
    assert (shown["period"], shown["numerator"]) == ("2025", "741")
    await approved(COMMUNES[0], 760, period="2026")
    shown = line((await monitor.get(PAGE, period="2026S1")).json(), "TGT-01")
    assert (shown["period"], shown["numerator"]) == ("2026", "760")
    assert shown["ended"] is True
    assert shown["previous"] == {"period": "2025", "numerator": "741", "denominator": "1000", "rate": "74.1"}
    asked = line((await monitor.get(PAGE, period="2025")).json(), "TGT-01")
    assert (asked["period"], asked["numerator"], asked["previous"]) == ("2025", "741", None)


async def test_it_takes_three_statements_and_says_when_nothing_changed(
    period: Callable[..., Any], approved: Callable[..., Any], monitor: Person, house: House, database: Database
) -> None:
    await period()
    await approved(COMMUNES[0])
    for place in ({}, {"organisation_id": str(CITY)}):
        with StatementCount(house.runtime.database) as count:
            answer = await monitor.get(PAGE, period="2025", **place)
        assert len(count) <= 3, count.statements
    etag = answer.headers["etag"]
    path, sent = f"/api/v1/targets{PAGE}", monitor.headers | {"If-None-Match": etag}
    query = {"period": "2025", "organisation_id": str(CITY)}
    again = await house.client.get(path, params=query, headers=sent)
    assert (again.status_code, again.content) == (304, b"")
    await approved(COMMUNES[1], 900)
    anew = await house.client.get(path, params=query, headers=sent)
    assert (anew.status_code, anew.headers["etag"] == etag) == (200, False)


@pytest.mark.parametrize("wrong", ["2025-03", "25", "２０２５", "", "2025Q5", "2025%00"])
async def test_a_period_that_is_none_is_refused(monitor: Person, wrong: str) -> None:
    assert (await monitor.get(PAGE, period=wrong)).status_code == 422
    assert (await monitor.get("/dashboards/organisations", indicator="TGT-01", period=wrong)).status_code == 422


async def test_units_are_ranked_page_by_page_and_those_without_figures_come_last(
    period: Callable[..., Any], approved: Callable[..., Any], monitor: Person, house: House
) -> None:
    await period()
    for number, numerator in enumerate((700, 900, 900, 741)):
        await approved(COMMUNES[number], numerator)
    with StatementCount(house.runtime.database) as count:
        first = await monitor.get("/dashboards/organisations", indicator="TGT-01", period="2025", limit=3)
    assert first.status_code == 200, first.text
    assert len(count) <= 4, count.statements
    found = list(first.json()["items"])
    cursor = first.json()["next_cursor"]
    while cursor:
        answer = await monitor.get(
            "/dashboards/organisations", indicator="TGT-01", period="2025", limit=50, cursor=cursor
        )
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
    assert len(found) == len({one["organisation_id"] for one in found}) == 103
    assert [one["rank"] for one in found[:5]] == [1, 1, 3, 4, None]
    assert [one["rate"] for one in found[:4]] == ["90", "90", "74.1", "70"]
    assert [one["status"] for one in found[:5]] == ["achieved", "achieved", "achieved", "missed", "not_assessed"]
    assert {one["numerator"] for one in found[4:]} == {None}
    worst = await monitor.get("/dashboards/organisations", indicator="TGT-01", period="2025", order="worst", limit=5)
    assert [one["rate"] for one in worst.json()["items"]] == ["70", "74.1", "90", "90", None]
    assert (await monitor.get("/dashboards/organisations", indicator="NO-1", period="2025")).status_code == 404
