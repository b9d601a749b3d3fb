"""OVS-01 to 06 and TASK-5.2: what each thing another service tells of adds, in which year, in whatever order."""

import asyncio
import random
from typing import Any

import nats
from event_stories import (
    BODY,
    BODY_2,
    FIGURES,
    FRONT,
    OTHER,
    TOLD,
    apply,
    assert_figures,
    case,
    draft,
    figures,
    recommendation,
    replied,
    settle,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from targets_house import BOARD, CITY, COMMUNES, NOW, House, StatementCount, rows

from devstack.engines import Engines
from devstack.testing import fresh_database
from servicekit.db import Database
from servicekit.events import encode
from targets.actions.mark_overdue import mark_all_overdue


async def test_the_numbers(database: Database) -> None:
    await apply(database, TOLD)
    await settle(database)
    found = await figures(database)
    assert_figures(found)
    assert ("2026", OTHER) not in found["OVS-01"]
    for places in found.values():  # the whole is what stands at the one root
        for (period, organisation), numbers in places.items():
            if organisation is None:
                assert places[period, CITY] == numbers


async def test_a_recommendation_that_came_before_its_case_counts_for_nobody_until_the_case_comes(
    database: Database,
) -> None:
    await apply(database, recommendation(4, 4, None, replied(BODY, "2026-05-12")))
    assert await figures(database) == {}
    await apply(database, case(4, OTHER))
    assert (await figures(database))["OVS-02"]["2026", OTHER] == (1, 1, 1, 2)
    await apply(database, recommendation(5, 4, None))
    assert (await figures(database))["OVS-02"]["2026", OTHER] == (1, 1, 1, 4)


@given(seed=st.integers(0, 2**32), doubled=st.integers(0, 40), cut=st.floats(0, 1))
@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each example is a database of its own: none to shrink
)
def test_any_order_and_doubling_ends_in_the_same_numbers(engines: Engines, seed: int, doubled: int, cut: float) -> None:
    async def run() -> None:
        async with fresh_database(engines, "targets") as made:
            database = Database(made.app_url, pool=2)
            try:
                chance = random.Random(seed)
                told = [*TOLD, *chance.sample(TOLD, doubled)]
                chance.shuffle(told)
                half = int(len(told) * cut)
                await apply(database, told[:half])
                await mark_all_overdue(database, now=NOW)
                await apply(database, told[half:])
                await settle(database)
                assert_figures(await figures(database))
                assert await rows(database, "SELECT * FROM dead_letter") == []
            finally:
                await database.close()

    asyncio.run(run())


async def test_over_the_courier(busy_house: House, engines: Engines, database: Database) -> None:
    """Real streams, shuffled: what oversight and feedback tell reaches the numbers, the numbers reach our stream."""
    client = await nats.connect(engines.nats_url("ops"))
    told = list(TOLD)
    random.Random(7).shuffle(told)
    for event in told:
        await client.jetstream().publish(event.channel, encode(event))
    async with asyncio.timeout(60):
        while True:
            await mark_all_overdue(database, now=NOW)
            found = await figures(database)
            if all(found.get(code, {}).items() >= places.items() for code, places in FIGURES.items()):
                break
            await asyncio.sleep(0.2)
        while await rows(database, "SELECT 1 FROM outbox WHERE published_at IS NULL"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert_figures(found)
    total = len(await rows(database, "SELECT 1 FROM outbox"))
    assert (await client.jetstream().stream_info("TARGETS")).state.messages == total > 0
    last = await rows(
        database,
        "SELECT data FROM outbox WHERE data ->> 'indicator_code' = 'OVS-05' AND data ->> 'organisation_id' = :city"
        " ORDER BY sequence DESC LIMIT 1",
        city=str(CITY),
    )
    assert (last[0]["data"]["numerator"], last[0]["data"]["denominator"]) == ("4", "8")
    await client.close()


async def test_what_nobody_tells_is_not_assessed_and_never_zero(house: House, database: Database) -> None:
    officer = house.person(("monitoring_officer", BOARD))
    for code in ("OVS-04", "OVS-05", "OVS-06"):
        body = (await officer.get(f"/indicators/{code}/progress", period="2026")).json()
        assert (body["status"], body["reason"]) == ("not_assessed", "source_not_telling")
        assert (body["numerator"], body["denominator"], body["rate"]) == (None, None, None)
        assert "chưa" in body["open_questions"][0]["question_vi"]
    told = (await officer.get("/indicators/OVS-01/progress", period="2026")).json()
    assert told["reason"] != "source_not_telling"
    await apply(database, draft(2))
    once = (await officer.get("/indicators/OVS-04/progress", period="2026")).json()
    assert (once["numerator"], once["denominator"]) == ("0", "1")
    assert once["reason"] != "source_not_telling"


async def test_each_number_is_explained_by_its_items(house: House, database: Database) -> None:
    await apply(database, TOLD)
    await settle(database)
    officer = house.person(("monitoring_officer", BOARD))
    for code, places in FIGURES.items():
        for (period, organisation), numbers in places.items():
            query = {"limit": 2} | ({"organisation_id": str(organisation)} if organisation else {})
            items: list[dict[str, Any]] = []
            while True:
                answer = await officer.get(f"/indicators/{code}/periods/{period}/items", **query)
                assert answer.status_code == 200, answer.text
                items += answer.json()["items"]
                if answer.json()["next_cursor"] is None:
                    break
                query["cursor"] = answer.json()["next_cursor"]
            sums = tuple(
                sum(one[name] for one in items) for name in ("numerator", "denominator", "counted", "expected")
            )
            assert sums == numbers
            assert len({one["id"] for one in items}) == len(items)


async def test_items_are_seen_where_reports_are_and_named_by_ids_days_and_codes(
    house: House, database: Database
) -> None:
    await apply(database, TOLD)
    path = "/indicators/OVS-02/periods/2026/items"
    own = house.person(("reporter", FRONT))
    items = (await own.get(path)).json()["items"]
    assert {one["organisation_id"] for one in items} == {str(FRONT)}
    assert {one["addressee_id"] for one in items} == {str(BODY), str(BODY_2)}
    replied_one = next(one for one in items if "disposition" in one["facts"])
    assert set(replied_one["facts"]) <= {
        "served_on", "due_on", "replied_on", "disposition", "verified_on", "ended_on", "end_reason",
    }  # fmt: skip
    assert len((await house.person(("reporter", CITY)).get(path)).json()["items"]) == 7
    assert (await house.person(("reporter", COMMUNES[5])).get(path)).json()["items"] == []
    assert (await house.person(("reporter", FRONT)).get(path, organisation_id=str(OTHER))).json()["items"] == []
    assert (await own.get("/indicators/TGT-01/periods/2026/items")).status_code == 404
    assert (await own.get("/indicators/OVS-02/periods/2026Q9/items")).status_code == 422
    assert (await house.person(("handler", FRONT)).get(path)).status_code == 403
    with StatementCount(house.runtime.database) as count:
        await own.get(path)
    assert len(count) <= 4, count.statements
