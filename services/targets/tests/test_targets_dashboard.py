"""The whole resolution on one page: what it shows, from where, at how many statements, and its ranking of units."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from targets_house import BOARD, CITY, COMMUNES, House, Person, StatementCount, report_body

from servicekit.db import Database
from targets.api.dashboard_answers import DashboardAnswer
from targets.domain.dashboards import Line, period_before, reach, shown_period, summaries
from targets.domain.figures import Figures
from targets.domain.judging import Coverage
from targets.domain.periods import PeriodKind, parse_period
from targets.domain.time_aggregation import Held

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


def held(*, empty: bool = False) -> Held:
    return Held(None if empty else Figures(Decimal(1), Decimal(2)), Coverage(0 if empty else 1, 1))


@pytest.mark.parametrize(
    ("asked", "own", "known", "shown"),
    [
        ("2026S1", "half", {"2026S1": held()}, "2026S1"),
        ("2026S1", "year", {"2025": held(), "2026S1": held()}, "2026S1"),
        ("2026S1", "month", {"202604": held(), "202605": held()}, "2026S1"),
        ("2026S1", "year", {"2025": held(), "2026Q1": held()}, "2026S1"),
        ("2026S1", "year", {"2025": held()}, "2025"),
        ("2026S1", "year", {"2025": held(), "2026": held()}, "2026"),
        ("2026S1", "year", {"2025": held(), "2026": held(empty=True)}, "2025"),
        ("2026S1", "year", {"2024": held(), "2026": held(empty=True)}, "2026"),
        ("2026S1", "year", {"2024": held()}, None),
        ("2026S1", "month", {"202604": held(empty=True), "202512": held()}, "202604"),
        ("2026S1", "month", {"202607": held()}, None),
        ("2026S1", "date", {"20260301": held(), "20260401": held()}, "20260401"),
        ("202601", "half", {"2025S2": held()}, "2025S2"),
        ("2026", "year", {"2026S2": held()}, "2026"),
    ],
)
def test_which_period_answers_for_the_asked_one(
    asked: str, own: str, known: dict[str, Held], shown: str | None
) -> None:
    found = shown_period(parse_period(asked), PeriodKind(own), known, "last", counted_anew=False)
    assert (found.code if found else None) == shown


def test_a_number_counted_over_the_year_shows_the_year_so_far() -> None:
    def shown(*codes: str) -> str | None:
        known = {code: held() for code in codes}
        found = shown_period(parse_period("2026S1"), PeriodKind.YEAR, known, "sum", counted_anew=True)
        return found.code if found else None

    assert shown("2025", "2026S1") == "2026"
    assert shown("2025") == "2025"
    assert shown() is None


def test_the_period_before_is_the_newest_with_figures_as_far_back_as_a_trend_looks() -> None:
    known = {"2013": held(), "2024": held(), "2025": held(empty=True), "2026": held()}
    found = period_before(parse_period("2026"), known, "last")
    assert found is not None
    assert found[0] == "2024"
    assert period_before(parse_period("2024"), known, "last") is None


def test_what_may_be_shown_reaches_from_the_year_before() -> None:
    first, last = reach(parse_period("202603"))
    assert (first.first_day.isoformat(), last.last_day.isoformat()) == ("2025-01-01", "2026-12-31")


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
    shown = line(own, "TGT-01")
    assert (shown["numerator"], shown["status"], shown["reason"]) == ("741", "not_assessed", "no_allocation")
    assert shown["against_whole"]["status"] == "achieved"
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


async def test_it_takes_four_statements_then_two_and_says_when_nothing_changed(
    period: Callable[..., Any], approved: Callable[..., Any], monitor: Person, house: House, database: Database
) -> None:
    await period()
    await approved(COMMUNES[0])
    for place in ({}, {"organisation_id": str(CITY)}):
        for statements in (4, 2):
            with StatementCount(house.runtime.database) as count:
                answer = await monitor.get(PAGE, period="2025", **place)
            assert len(count) == statements, count.statements
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
    assert [one["reason"] for one in found[:5]] == ["no_allocation"] * 4 + ["nothing_to_judge"]
    assert [one["against_whole"]["status"] for one in found[:4]] == ["achieved", "achieved", "achieved", "missed"]
    assert {one["numerator"] for one in found[4:]} == {None}
    worst = await monitor.get("/dashboards/organisations", indicator="TGT-01", period="2025", order="worst", limit=5)
    assert [one["rate"] for one in worst.json()["items"]] == ["70", "74.1", "90", "90", None]
    assert (await monitor.get("/dashboards/organisations", indicator="NO-1", period="2025")).status_code == 404
