"""What everybody may read of a review: the public view of an issued snapshot, never anything else."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from edition_of_all import edition
from snapshot_house import ISSUE, approve, approve_some, issue, make
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import COMMUNES, House, Person, StatementCount, rows

from servicekit.db import Database
from servicekit.row_scope import PUBLIC
from targets.domain.snapshot_refusals import RenderingBusy
from targets.queries.snapshots import earlier_publications
from targets.rendering.press import Form, Press

BASE = "/api/v1/targets"
# Six of them are not counted: the numbers beside each other would say so.
FEW_LEFT = {"numerator": 48761, "denominator": 48767}


@pytest.fixture
async def snapshot(house: House, period: Callable[..., Any], monitor: Person) -> tuple[str, str]:
    """A draft with one commune whose figures give a small number away."""
    await period()
    await approve_some(house)
    await approve(house, COMMUNES[10], **FEW_LEFT)
    return await make(monitor)


async def test_a_draft_is_not_there_for_the_public(house: House, snapshot: tuple[str, str]) -> None:
    for path in ("", "/figures/TGT-01_2025_city"):
        found = await house.client.get(f"{BASE}/published/{snapshot[0]}{path}")
        assert found.status_code == 404
    for name in ("document.md", "data.csv"):
        assert (await house.client.get(f"{BASE}/published-files/{snapshot[0]}/{name}")).status_code == 404
    assert (await house.client.get(f"{BASE}/published")).json()["items"] == []
    for path in (f"/snapshots/{snapshot[0]}", f"/exports/snapshots/{snapshot[0]}.csv"):
        assert (await house.client.get(f"{BASE}{path}")).status_code == 401


async def test_the_public_reads_an_issued_review_without_what_is_withheld(
    house: House, snapshot: tuple[str, str], approver: Person, monitor: Person, database: Database
) -> None:
    await issue(approver, snapshot)
    listed = (await house.client.get(f"{BASE}/published")).json()["items"]
    assert [(one["id"], one["number"], one["kind_vi"]) for one in listed] == [(snapshot[0], ISSUE["number"], "Sơ kết")]
    own = f"TGT-01_2025_{COMMUNES[10]}"
    inside = (await monitor.get(f"/snapshots/{snapshot[0]}/figures/{own}")).json()
    assert (inside["numerator"], inside["denominator"]) == ("48761", "48767")
    outside = (await house.client.get(f"{BASE}/published/{snapshot[0]}/figures/{own}")).json()
    assert None in (outside["numerator"], outside["denominator"])
    assert (outside["value"], outside["verdict"], outside["reports"]) == (None, None, [])
    assert outside["withheld_below"] == 10
    city = (await house.client.get(f"{BASE}/published/{snapshot[0]}/figures/TGT-01_2025_city")).json()
    assert city["numerator"]
    assert city["value"]
    files = {}
    for name in (
        "document.md",
        "document.docx",
        "document.pdf",
        "data.json",
        "data.csv",
        "data.xlsx",
        "data.sdmx-csv",
        "data.sdmx-json",
    ):
        found = await house.client.get(f"{BASE}/published-files/{snapshot[0]}/{name}")
        assert found.status_code == 200, (name, found.text)
        files[name] = found
    data = json.loads(files["data.json"].content)
    assert data["view"] == "public"
    shown = data["content"]["figures"][own]
    assert None in (shown["numerator"], shown["denominator"])
    for name in ("document.md", "data.csv", "data.sdmx-csv", "data.json"):
        body = files[name].text
        assert not ("48761" in body and "48767" in body), name
        assert "/snapshots/" not in body  # every source is one the public may read
    [row] = await rows(database, "SELECT content, sha256 FROM published_snapshot")
    assert row["sha256"] == data["sha256"]
    assert row["content"] == data["content"]


async def test_readers_see_before_issuing_what_will_be_public(
    snapshot: tuple[str, str], approver: Person, monitor: Person, house: House
) -> None:
    path = f"/exports/snapshots/{snapshot[0]}.json"
    before = (await monitor.get(path, view="public")).json()
    await issue(approver, snapshot)
    after = (await house.client.get(f"{BASE}/published-files/{snapshot[0]}/data.json")).json()
    assert before["content"] == after["content"]
    assert (await monitor.get(path)).json()["content"] != after["content"]


async def test_a_correction_by_a_few_is_not_published_with_the_next_review(
    snapshot: tuple[str, str], approver: Person, monitor: Person, house: House, database: Database
) -> None:
    await issue(approver, snapshot)
    async with database.write() as session:
        await session.execute(
            text(
                "UPDATE roll_up SET numerator = numerator + 3, denominator = denominator + 3"
                " WHERE organisation_id IS NULL OR organisation_id = :first OR organisation_id = :city"
            ),
            {
                "first": COMMUNES[1],
                "city": (
                    await rows(
                        database,
                        "SELECT id FROM reference WHERE cardinality(path) = 1 AND data ->> 'kind' = 'front_committee'",
                    )
                )[0]["id"],
            },
        )
    second = await make(monitor, supersedes=snapshot[0], title="Bản thay thế")
    await issue(approver, second, number="13-BC/BTGDV")
    for key in ("TGT-01_2025_city", f"TGT-01_2025_{COMMUNES[1]}"):
        old = (await house.client.get(f"{BASE}/published/{snapshot[0]}/figures/{key}")).json()
        new = (await house.client.get(f"{BASE}/published/{second[0]}/figures/{key}")).json()
        for name in ("numerator", "denominator"):
            assert new[name] is None or old[name] is None, (key, name)
    assert (await house.client.get(f"{BASE}/published/{second[0]}")).json()["supersedes"] == snapshot[0]


async def test_the_public_cannot_even_ask_the_database_for_more(snapshot: tuple[str, str], database: Database) -> None:
    async with database.read_facts() as session:
        assert (await session.execute(text("SELECT count(*) FROM snapshot"))).scalar_one() == 0
    for statement in ("DELETE FROM published_snapshot", "UPDATE small_cell_rule SET threshold = 2"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.write(PUBLIC) as session:
                await session.execute(text(statement))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with database.write(PUBLIC) as session:
            await session.execute(
                text(
                    "INSERT INTO published_snapshot VALUES (:id, 'interim_review', 't', '08-NQ/TU', '{2025}', NULL,"
                    " '1', '2026-01-01', '{}', 'x')"
                ),
                {"id": snapshot[0]},
            )


async def test_documents_are_for_readers_and_say_what_is_wrong(
    snapshot: tuple[str, str], monitor: Person, house: House
) -> None:
    found = await monitor.get(f"/snapshots/{snapshot[0]}/document.md")
    assert found.status_code == 200
    assert "DỰ THẢO" in found.text
    assert "48761" in found.text
    assert found.headers["content-disposition"].startswith("attachment")
    english = await monitor.get(f"/snapshots/{snapshot[0]}/document.md", language="en")
    assert "DRAFT" in english.text
    assert (await monitor.get(f"/snapshots/{snapshot[0]}/document.html")).status_code == 422
    assert (await monitor.get(f"/snapshots/{snapshot[0]}/document.md", language="fr")).status_code == 422
    missing = await monitor.get("/exports/snapshots/00000000-0000-7000-8000-000000000000.csv")
    assert missing.status_code == 404
    assert (await monitor.get(f"/snapshots/{snapshot[0]}/figures/TGT-01_2025_nowhere")).status_code == 422
    assert (await monitor.get(f"/snapshots/{snapshot[0]}/figures/TGT-09_2025_city")).status_code == 404


async def test_few_statements_whatever_the_size(house: House, snapshot: tuple[str, str], monitor: Person) -> None:
    for path, most in (
        (f"/snapshots/{snapshot[0]}", 3),
        (f"/snapshots/{snapshot[0]}/figures/TGT-01_2025_city", 3),
        ("/snapshots", 4),
        (f"/exports/snapshots/{snapshot[0]}.csv", 3),
    ):
        with StatementCount(house.runtime.database) as counted:
            assert (await monitor.get(path)).status_code == 200
        assert len(counted) <= most + 2, counted.statements  # BEGIN and its end


async def test_the_press_makes_each_once_two_at_a_time_and_says_when_it_is_busy() -> None:
    hold, made = threading.Event(), []

    def slow(one: Any) -> bytes:
        made.append(one.language)
        hold.wait(5)
        return b"x"

    press, form = Press(seconds=0.2), Form("text/plain", slow)
    one = edition()
    with pytest.raises(RenderingBusy):
        await press.make(one, "a", form)
    waiting = [asyncio.create_task(press.make(one, name, form)) for name in "abcdef"]
    await asyncio.sleep(0.05)
    assert len(made) == 2
    with pytest.raises(RenderingBusy):
        await press.make(one, "g", form)
    hold.set()
    assert await asyncio.gather(*waiting) == [b"x"] * 6
    count = len(made)
    assert await press.make(one, "a", form) == b"x"
    assert len(made) == count == 6


async def test_earlier_publications_are_those_whose_years_meet_terms_too(
    period: Callable[..., Any], monitor: Person, approver: Person, database: Database
) -> None:
    """A term has figures gathered from its years, so what was published of one of them is held against it."""
    await period()
    year, term = await make(monitor, periods=["2025"]), await make(monitor, periods=["2020T2025"])
    await issue(approver, year)
    await issue(approver, term, number="13-BC/BTGDV")
    [resolution] = await rows(database, "SELECT resolution_id AS id FROM snapshot LIMIT 1")

    async def told(*periods: str) -> list[tuple[str, ...]]:
        async with database.read() as session:
            found = await earlier_publications(session, resolution["id"], periods, resolution["id"])
        return [one.content.periods for one in found]

    assert await told("2025S1") == await told("2022T2027") == [("2025",), ("2020T2025",)]
    assert await told("2023") == await told("2022", "2023Q1") == [("2020T2025",)]
    assert await told("2026") == await told("2019") == await told("2026T2030") == []
