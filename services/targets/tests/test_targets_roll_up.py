"""One place for all figures: every organisation on the way up, the whole, coverage and population; never a race."""

import asyncio
from datetime import date
from typing import Any

from sqlalchemy import text
from targets_house import CITY, COMMUNES, House, Person, report_body, rows

from servicekit.db import Database

_FIGURES = (
    "SELECT organisation_id, numerator, denominator, counted, expected, population_counted, population_expected"
    " FROM roll_up WHERE period = '2025' AND organisation_id IS NOT DISTINCT FROM CAST(:place AS uuid)"
)


async def _figures(database: Database, place: Any) -> tuple[Any, ...]:
    (row,) = await rows(database, _FIGURES, place=place)
    return (row["numerator"], row["denominator"], row["counted"], row["expected"])


async def _verified(operator: Person, verifier: Person, commune: Any, numerator: int) -> tuple[str, str]:
    made = await operator.post("/reports", report_body(commune, numerator))
    path = f"/reports/{made.json()['id']}"
    sent = await operator.post(f"{path}/submit", etag=made.headers["etag"])
    checked = await verifier.post(f"{path}/verify", etag=sent.headers["etag"])
    assert checked.status_code == 200, checked.text
    return path, checked.headers["etag"]


async def test_opening_writes_what_is_expected_of_everybody(house: House, period: Any, database: Database) -> None:
    await period()
    assert await _figures(database, COMMUNES[0]) == (None, None, 0, 1)
    assert await _figures(database, CITY) == (None, None, 0, 103)
    assert await _figures(database, None) == (None, None, 0, 103)


async def test_approvals_at_the_same_moment_are_all_in_the_sums(
    period: Any, operator: Person, verifier: Person, approver: Person, database: Database
) -> None:
    await period()
    ready = [await _verified(operator, verifier, COMMUNES[number], 700 + number) for number in range(6)]
    answers = await asyncio.gather(*(approver.post(f"{path}/approve", etag=etag) for path, etag in ready))
    assert {answer.status_code for answer in answers} == {200}
    whole = sum(700 + number for number in range(6))
    for place in (CITY, None):
        assert await _figures(database, place) == (whole, 6000, 6, 103)
    assert await _figures(database, COMMUNES[3]) == (703, 1000, 1, 1)


async def test_the_share_of_the_population_is_known_only_when_every_unit_s_is(
    period: Any, operator: Person, verifier: Person, approver: Person, database: Database
) -> None:
    async with database.write() as session:
        for number, commune in enumerate(COMMUNES[1:]):
            await session.execute(
                text("INSERT INTO population VALUES (:unit, :day, :persons, 'census')"),
                {"unit": commune, "day": date(2025, 7, 1), "persons": 1000 + number},
            )
    await period()
    path, etag = await _verified(operator, verifier, COMMUNES[1], 740)
    await approver.post(f"{path}/approve", etag=etag)
    (own,) = await rows(database, _FIGURES, place=COMMUNES[1])
    (whole,) = await rows(database, _FIGURES, place=None)
    assert (own["population_counted"], own["population_expected"]) == (1000, 1000)
    assert (whole["population_counted"], whole["population_expected"]) == (None, None)
    async with database.write() as session:
        await session.execute(
            text("INSERT INTO population VALUES (:unit, '2025-07-01', 500, 'census')"), {"unit": COMMUNES[0]}
        )
        await session.execute(text("SELECT roll_up_reports(id, NULL, opened_at) FROM reporting_period"))
    (whole,) = await rows(database, _FIGURES, place=None)
    assert (whole["population_counted"], whole["population_expected"]) == (1000, 500 + sum(range(1000, 1102)))
