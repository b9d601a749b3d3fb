"""The read copy of feedback items, through the inbox: applied once, in order, and usable to open a case."""

import uuid
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from contracts.catalogue import CATALOGUE, fact
from oversight.consumers import FEEDBACK
from servicekit.inbox import Event, Outcome, handle_once

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
ITEM = "SELECT * FROM feedback_item WHERE submission_id = :id"


def event(submission: UUID, sequence: int, verb: str, **data: Any) -> Event:
    name = f"feedback.submission.{verb}.v1"
    checked = fact(name, data).model_dump(mode="json")
    return Event(
        id=uuid4(), type=name, source="nhipcau/feedback", subject=submission, sequence=sequence, time=NOW, data=checked
    )


def story(world: Any, submission: UUID) -> list[Event]:
    clock = {"due_on": "2026-12-14", "due_provisional": False, "rule_key": "FB.RESOLVE", "rule_version": 1}
    body = str(world.committee)
    return [
        event(
            submission,
            1,
            "received",
            identity_mode="anonymous",
            front_organisation_id=str(world.front),
            unit_id=str(uuid4()),
            received_on="2026-11-20",
        ),
        event(submission, 2, "classified", kind="report"),
        event(submission, 3, "accepted", kind="report", accepted_on="2026-11-21", **clock),
        event(submission, 4, "assigned", holder_organisation_id=body, due_on="2026-12-14"),
        event(
            submission,
            5,
            "answered",
            holder_organisation_id=body,
            front_organisation_id=str(world.front),
            outcome="done",
            answered_on="2026-11-22",
            due_on="2026-12-14",
            on_time=True,
        ),
        event(submission, 6, "disputed", disputed_on="2026-11-23"),
    ]


async def test_a_feedback_item_is_followed_and_a_case_opened_from_it(world: Any) -> None:
    submission = uuid4()
    statuses = []
    for one in story(world, submission):
        assert await handle_once(world.database, FEEDBACK, one, NOW) is Outcome.APPLIED
        statuses.append((await world.rows(ITEM, id=submission))[0].status)
    assert statuses == ["submitted", "classified", "accepted", "assigned", "answered", "disputed"]
    (item,) = await world.rows(ITEM, id=submission)
    assert (item.kind, item.holder_organisation_id, item.sequence) == ("report", world.committee, 6)
    assert item.due_on.isoformat() == "2026-12-14"

    case = await world.opened(submission_id=str(submission))
    (told,) = await world.rows("SELECT data FROM outbox WHERE type = 'oversight.case.opened.v1'")
    assert told.data["submission_id"] == str(submission)
    linked = event(submission, 7, "linked_to_oversight", case_id=case["id"])
    await handle_once(world.database, FEEDBACK, linked, NOW)
    (item,) = await world.rows(ITEM, id=submission)
    assert (item.status, item.case_id) == ("disputed", uuid.UUID(case["id"]))


async def test_repeats_and_disorder_change_nothing(world: Any) -> None:
    submission = uuid4()
    events = story(world, submission)
    for one in reversed(events):
        assert await handle_once(world.database, FEEDBACK, one, NOW) is (
            Outcome.APPLIED if one.sequence == 1 else Outcome.PARKED
        )
    (item,) = await world.rows(ITEM, id=submission)
    assert (item.status, item.sequence) == ("disputed", 6)
    for one in events:
        assert await handle_once(world.database, FEEDBACK, one, NOW) in (Outcome.DUPLICATE, Outcome.STALE)
    assert not await world.rows("SELECT 1 AS one FROM dead_letter")
    (again,) = await world.rows(ITEM, id=submission)
    assert again == item


async def test_refused_and_guided_out_items_are_known_as_such(world: Any) -> None:
    for verb, data in (("refused", {"reason_code": "duplicate"}), ("guided_out", {"kind": "complaint"})):
        submission = uuid4()
        first, second = story(world, submission)[:2]
        for one in (first, second, event(submission, 3, verb, **data)):
            await handle_once(world.database, FEEDBACK, one, NOW)
        (item,) = await world.rows(ITEM, id=submission)
        assert item.status == verb


def test_every_event_about_a_submission_is_handled() -> None:
    told = {name for name in CATALOGUE if name.startswith("feedback.submission.")}
    assert set(FEEDBACK.handlers) == told
