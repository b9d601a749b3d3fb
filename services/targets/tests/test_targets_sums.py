"""The roll-up as PostgreSQL makes it equals the fractions, for any figures, grouping and order of entry."""

import uuid
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from targets_house import BOARD, COMMUNES, NOW, House, Person

from servicekit.db import Database

figure = st.integers(1, 10**15).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))
reports = st.lists(st.tuples(figure, st.sampled_from(["approved", "verified", "draft"])), min_size=1, max_size=30)
EXAMPLES: list[Any] = []


@settings(max_examples=40, database=None)
@given(reports)
def test_collect(drawn: Any) -> None:
    """Hypothesis draws; the database test below uses what was drawn (its loop is not Hypothesis's)."""
    EXAMPLES.append(drawn)


async def test_the_sums_of_approved_reports_are_exact(
    house: House, period: Any, monitor: Person, database: Database
) -> None:
    opened = await period()
    officer = house.person(("monitoring_officer", BOARD))
    assert len(EXAMPLES) >= 40
    for drawn in EXAMPLES:
        async with database.write() as session:
            await session.execute(text("DELETE FROM report"))
            await session.execute(
                text(
                    "INSERT INTO report (period_id, organisation_id, status, version, told, numerator, denominator,"
                    " breakdown, counting_method, entered_by, created_at, changed_at) VALUES (:period, :organisation,"
                    " :status, 1, 0, :n, :d, '{}', 'distinct_persons', :who, :now, :now)"
                ),
                [
                    {
                        "period": uuid.UUID(opened["id"]),
                        "organisation": organisation,
                        "status": status,
                        "n": numerator,
                        "d": denominator,
                        "who": uuid.uuid4(),
                        "now": NOW,
                    }
                    for organisation, ((numerator, denominator), status) in zip(COMMUNES, drawn, strict=False)
                ],
            )
            await session.execute(
                text("SELECT roll_up_reports(:period, NULL, :now)"),
                {"period": uuid.UUID(opened["id"]), "now": NOW},
            )
        answer = (await officer.get("/indicators/TGT-01/progress", period="2025")).json()
        approved = [pair for pair, status in drawn if status == "approved"]
        assert answer["coverage"]["counted"] == len(approved)
        if not approved:
            assert answer["numerator"] is answer["rate"] is None
            continue
        numerator, denominator = sum(n for n, _ in approved), sum(d for _, d in approved)
        assert (answer["numerator"], answer["denominator"]) == (str(numerator), str(denominator))
        exact = Fraction(100 * numerator, denominator)
        assert abs(Fraction(answer["rate"]) - exact) <= Fraction(1, 2_000_000)
        assert ("đúng" in answer["comparison"]) is (exact > 74)
