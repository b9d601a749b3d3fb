"""The figures from events made anew: from the items kept here, and from what their owners show."""

from typing import Any
from uuid import UUID

import pytest
from event_stories import BODY, BODY_2, FRONT, OTHER, TOLD, apply, figures, settle
from sqlalchemy import text
from targets_house import CITY, NOW, House, rows

from contracts import public_facts_v1 as shown
from servicekit.db import Database
from servicekit.inbox import drain
from targets.actions.keep_item import ReferenceNotReady
from targets.actions.mark_overdue import mark_all_overdue
from targets.actions.recompute import Recomputed, checksum, recompute
from targets.commands import SOURCES, recompute_figures, refetch
from targets.consumers import FEEDBACK, OVERSIGHT

OWNED = ("submission", "case", "recommendation")


async def fold(database: Database) -> Recomputed:
    async with database.write() as session:
        return await recompute(session, now=NOW)


async def run(database: Database, *statements: str) -> None:
    async with database.write() as session:
        for statement in statements:
            await session.execute(text(statement))


async def computed(database: Database) -> str:
    async with database.read() as session:
        return await checksum(session)


async def told(database: Database) -> list[tuple[UUID, int]]:
    found = await rows(database, "SELECT subject, sequence FROM outbox ORDER BY position")
    return [(row["subject"], row["sequence"]) for row in found]


async def test_a_right_figure_stays_and_nothing_is_told(database: Database) -> None:
    await apply(database, TOLD)
    await settle(database)
    before = await told(database)
    done = await fold(database)
    assert done.checksum_before == done.checksum_after
    assert (done.figures_changed, await told(database)) == (0, before)
    assert done.items == (await rows(database, "SELECT count(*) AS n FROM event_item"))[0]["n"]
    assert (await rows(database, "SELECT details FROM audit_entry WHERE action = 'indicator.recompute'"))[0]["details"]


async def test_broken_and_lost_figures_are_put_right_and_told_on(database: Database) -> None:
    await apply(database, TOLD)
    await settle(database)
    right, numbers, before = await computed(database), await figures(database), await told(database)
    await run(
        database,
        f"DELETE FROM roll_up WHERE organisation_id = '{CITY}' OR organisation_id IS NULL",
        f"UPDATE roll_up SET numerator = denominator WHERE organisation_id = '{FRONT}'",
        "DELETE FROM contribution WHERE numerator = 1",
        "INSERT INTO roll_up (indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator,"
        " counted, expected, told, computed_at) SELECT indicator_id, '2019', 'year', '2019-12-31', organisation_id,"
        " 9, 9, 9, 9, 0, now() FROM roll_up LIMIT 1",
    )
    assert await computed(database) != right
    done = await fold(database)
    assert (done.checksum_after, await computed(database), await figures(database)) == (right, right, numbers)
    after = await told(database)
    assert len(after) > len(before)
    for subject in {subject for subject, _ in after}:  # every reader's inbox goes on without a gap
        sequences = [sequence for one, sequence in after if one == subject]
        assert sequences == list(range(1, len(sequences) + 1))
    assert (await fold(database)).figures_changed == 0


async def test_events_after_a_recomputation_count_on(database: Database) -> None:
    half = len(TOLD) // 2
    await apply(database, TOLD[:half])
    await run(database, "DELETE FROM roll_up", "DELETE FROM contribution")
    await fold(database)
    await apply(database, TOLD[half:])
    await settle(database)
    numbers = await figures(database)
    assert (await fold(database)).figures_changed == 0
    assert await figures(database) == numbers


async def test_the_commands_a_person_runs(house: House, database: Database) -> None:
    await apply(database, TOLD)
    assert "every figure was right" in await recompute_figures(house.runtime)
    await run(database, "DELETE FROM roll_up")
    assert "figures were put right" in await recompute_figures(house.runtime)


def submission_page() -> list[dict[str, Any]]:
    """What feedback shows of the submissions of `TOLD` (its own tests show that it does)."""

    def one(number: int, version: int, **more: Any) -> dict[str, Any]:
        data = {
            "front_organisation_id": FRONT,
            "accepted_on": "2026-01-03",
            "due_on": "2026-02-02",
            "forwarded": True,
            "answered_on": "2026-02-01",
            "outcome": "planned",
            "word": None,
        } | more
        data = shown.SubmissionFacts.model_validate(data).model_dump(mode="json")
        return {"id": str(UUID(int=3000 + number)), "version": version, "data": data}

    return [
        one(1, 5, word="confirmed"),
        one(2, 4),
        one(3, 5, outcome="done", word="disputed"),
        one(4, 3, answered_on=None, outcome=None),
        one(5, 4, forwarded=False, outcome="done"),
        one(6, 7, outcome="done"),
    ]


def case_page() -> list[dict[str, Any]]:
    def one(number: int, version: int, front: UUID, *days: str | None) -> dict[str, Any]:
        data = {"presiding_organisation_id": str(front), "planned_on": days[0], "concluded_on": days[1]}
        return {"id": str(UUID(int=1000 + number)), "version": version, "data": data}

    return [
        one(1, 3, FRONT, "2026-02-01", "2026-03-01"),
        one(2, 2, FRONT, "2026-12-01", None),
        one(3, 1, FRONT, None, None),
        one(4, 3, OTHER, "2025-11-01", "2026-02-01"),
    ]


def recommendation_page() -> list[dict[str, Any]]:
    def part(body: UUID, **more: Any) -> dict[str, Any]:
        names = ("replied_on", "disposition", "verified_on", "ended_on", "end_reason")
        return {"organisation_id": str(body), "due_on": "2026-05-19"} | dict.fromkeys(names) | more

    def one(number: int, version: int, of_case: int, front: UUID, *parts: dict[str, Any]) -> dict[str, Any]:
        data = {
            "case_id": str(UUID(int=1000 + of_case)),
            "presiding_organisation_id": str(front),
            "served_on": "2026-05-04",
            "addressees": list(parts),
        }
        return {"id": str(UUID(int=2000 + number)), "version": version, "data": data}

    done = {"disposition": "accepted", "verified_on": "2026-06-20"}
    refused = {"replied_on": "2026-05-20", "disposition": "not_accepted", "verified_on": "2026-06-20"}
    replaced = {"ended_on": "2026-05-10", "end_reason": "superseded"}
    moved = {"due_on": "2026-06-19", "replied_on": "2026-06-01", "disposition": "accepted"}
    escalated = {"ended_on": "2026-06-30", "end_reason": "escalated"}
    return [
        one(1, 5, 1, FRONT, part(BODY, replied_on="2026-05-19", **done), part(BODY_2, **refused)),
        one(2, 2, 1, FRONT, part(BODY), part(BODY_2, **replaced)),
        one(3, 4, 1, FRONT, part(BODY, **moved), part(BODY_2, **escalated)),
        one(4, 3, 4, OTHER, part(BODY, replied_on="2026-05-12", **done), part(BODY_2)),
    ]


PAGES = {"submission": submission_page, "case": case_page, "recommendation": recommendation_page}


async def fetch_all(database: Database, **without: set[str]) -> None:
    """`without`: ids an owner no longer shows, by kind."""
    for source in SOURCES:
        given = [one for one in PAGES[source.kind]() if one["id"] not in without.get(source.kind, set())]

        async def page(cursor: str | None, given: list[Any] = given) -> tuple[list[Any], str | None]:
            start = int(cursor or 0)
            return given[start : start + 2], str(start + 2) if start + 2 < len(given) else None

        await refetch(database, source, page, now=NOW)
    await mark_all_overdue(database, now=NOW)
    await fold(database)


async def owned(database: Database) -> dict[str, Any]:
    found = await figures(database)
    return {code: found[code] for code in ("GEN-04", "TASK-5.2", "OVS-01", "OVS-02", "OVS-03")}


async def test_an_emptied_database_gets_the_same_numbers_from_the_owners(database: Database) -> None:
    await apply(database, TOLD)
    await settle(database)
    numbers = await owned(database)
    items = (
        "SELECT id, kind, subject_id, addressee_id, organisation_id, path, facts FROM event_item WHERE kind = ANY(:k)"
        " ORDER BY id"
    )
    before = await rows(database, items, k=list(OWNED))
    await run(database, *(f"DELETE FROM {name}" for name in ("roll_up", "event_item", "inbox_progress", "inbox")))
    await fetch_all(database)
    assert await owned(database) == numbers
    assert await rows(database, items, k=list(OWNED)) == before
    await apply(database, TOLD)  # the old events come as well, and are known
    await settle(database)
    assert await owned(database) == numbers


async def test_events_go_on_after_what_the_owners_showed(database: Database) -> None:
    """Events of before the streams begin: everything would wait for them for ever."""
    late = [event for event in TOLD if event.sequence > 2]
    await apply(database, late)
    assert {row["reason"] for row in await rows(database, "SELECT reason FROM dead_letter")} == {"gap"}
    await fetch_all(database)
    for consumer in (FEEDBACK, OVERSIGHT):
        await drain(database, consumer, NOW)
    subjects = [UUID(one["id"]) for page in PAGES.values() for one in page()]
    waiting = await rows(database, "SELECT 1 FROM dead_letter WHERE subject = ANY(:of)", of=subjects)
    assert waiting == []
    numbers = await owned(database)
    assert numbers["OVS-03"]["2026", CITY] == (2, 7, 4, 7)


async def test_an_item_moved_on_meanwhile_is_left_and_one_no_longer_shown_goes(database: Database) -> None:
    await apply(database, TOLD)
    newer = str(UUID(int=3002))
    await run(database, f"UPDATE inbox_progress SET sequence = 9 WHERE subject = '{newer}'")
    await run(database, f"UPDATE event_item SET facts = facts || '{{\"outcome\": \"done\"}}' WHERE id = '{newer}'")
    await run(database, "UPDATE event_item SET changed_at = changed_at - interval '1 day'")
    await fetch_all(database, case={str(UUID(int=1002))})
    facts = (await rows(database, "SELECT facts FROM event_item WHERE id = :id", id=UUID(newer)))[0]["facts"]
    assert facts["outcome"] == "done"
    assert (await figures(database))["OVS-01"]["2026", FRONT] == (1, 1, 1, 1)


async def test_a_first_due_day_the_owner_lost_is_kept_here(database: Database) -> None:
    await apply(database, TOLD)
    numbers = (await figures(database))["GEN-04"]
    (source,) = [one for one in SOURCES if one.kind == "submission"]

    async def page(_: str | None) -> tuple[list[Any], str | None]:
        given = submission_page()
        for one in given:
            one["data"]["due_on"] = one["data"]["due_on"] if one["data"]["answered_on"] is None else None
        return given, None

    await refetch(database, source, page, now=NOW)
    await fold(database)
    assert (await figures(database))["GEN-04"] == numbers


async def test_an_organisation_not_known_here_stops_the_take_over(database: Database) -> None:
    await run(database, f"DELETE FROM reference WHERE id = '{FRONT}'")
    with pytest.raises(ReferenceNotReady):
        await fetch_all(database)
    assert await rows(database, "SELECT 1 FROM event_item WHERE kind = 'submission'") == []
