"""What oversight and feedback tell in the tests of the figures from events, and which figures that makes."""

import uuid
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from targets_house import CITY, COMMUNES, NOW, rows

from contracts.catalogue import fact
from servicekit.db import Database
from servicekit.events import Event
from servicekit.inbox import drain, handle_once
from targets.actions.mark_overdue import mark_all_overdue
from targets.consumers import FEEDBACK, OVERSIGHT
from targets.queries.event_items import CODES

FRONT, OTHER = COMMUNES[0], COMMUNES[1]
BODY, BODY_2 = UUID(int=71), UUID(int=72)
RULE = {"rule_key": "OVS.REPLY", "rule_version": 1}
MOVED = {"due_provisional": False, "previous_provisional": False, "changed_days": ["2026-06-01"], "changed_years": []}


def events(owner: str, subject: UUID, *said: tuple[str, dict[str, Any]]) -> list[Event]:
    """The events of one subject, as the catalogue's models write them."""
    return [
        Event(
            id=uuid.uuid5(subject, f"{number}"),
            type=f"{owner}.{verb}.v1",
            source=f"nhipcau/{owner}",
            subject=subject,
            sequence=number,
            time=NOW,
            data=fact(f"{owner}.{verb}.v1", data).model_dump(mode="json"),
        )
        for number, (verb, data) in enumerate(said, start=1)
    ]


def case(number: int, front: UUID, *, planned: str | None = None, concluded: str | None = None) -> list[Event]:
    said: list[tuple[str, dict[str, Any]]] = [
        (
            "case.opened",
            {
                "presiding_organisation_id": front,
                "form": "document_review",
                "trigger": "media",
                "submission_id": None,
                "opened_on": "2026-01-05",
            },
        )
    ]
    said += [("case.planned", {"planned_on": planned})] if planned else []
    said += [("case.concluded", {"concluded_on": concluded})] if concluded else []
    return events("oversight", UUID(int=1000 + number), *said)


def recommendation(
    number: int, of_case: int, front: UUID | None, *said: tuple[str, dict[str, Any]], served: str = "2026-05-04"
) -> list[Event]:
    """Served on two bodies, due on 19 May; `front` None as it was told before the presiding body was in it."""
    first = {
        "case_id": UUID(int=1000 + of_case),
        "served_on": served,
        **RULE,
        "addressees": [{"organisation_id": one, "reply_due_on": "2026-05-19"} for one in (BODY, BODY_2)],
        "presiding_organisation_id": front,
    }
    of = {"case_id": first["case_id"]}
    return events(
        "oversight",
        UUID(int=2000 + number),
        ("recommendation.served", first),
        *((f"recommendation.{verb}", of | data) for verb, data in said),
    )


def replied(body: UUID, day: str, disposition: str = "accepted") -> tuple[str, dict[str, Any]]:
    data = {"organisation_id": body, "disposition": disposition, "replied_on": day, "on_time": day <= "2026-05-19"}
    return "replied", data


def verified(body: UUID) -> tuple[str, dict[str, Any]]:
    return "verified", {"organisation_id": body, "verified_on": "2026-06-20"}


def ended(body: UUID, reason: str, day: str) -> tuple[str, dict[str, Any]]:
    return "ended", {"organisation_id": body, "reason_code": reason, "ended_on": day}


def moved(body: UUID, day: str) -> tuple[str, dict[str, Any]]:
    data = {"organisation_id": body, "overdue": False, "due_on": day, "previous_due_on": "2026-05-19"}
    return "deadline_changed", data | MOVED | RULE


def submission(number: int, *said: tuple[str, dict[str, Any]]) -> list[Event]:
    received = {
        "identity_mode": "anonymous",
        "front_organisation_id": FRONT,
        "unit_id": UUID(int=1),
        "received_on": "2026-01-02",
    }
    accepted = {
        "kind": "opinion",
        "accepted_on": "2026-01-03",
        "due_on": "2026-02-02",
        "due_provisional": False,
        "rule_key": "FB.RESOLVE",
        "rule_version": 1,
    }
    return events(
        "feedback",
        UUID(int=3000 + number),
        *((f"submission.{verb}", data) for verb, data in (("received", received), ("accepted", accepted), *said)),
    )


def assigned(body: UUID) -> tuple[str, dict[str, Any]]:
    return "assigned", {"holder_organisation_id": body, "due_on": "2026-02-02"}


def answered(outcome: str, day: str = "2026-02-01") -> tuple[str, dict[str, Any]]:
    return "answered", {
        "holder_organisation_id": BODY,
        "front_organisation_id": FRONT,
        "outcome": outcome,
        "answered_on": day,
        "due_on": "2026-02-02",
        "on_time": day <= "2026-02-02",
    }


CONFIRMED = ("confirmed", {"confirmed_on": "2026-03-01"})
DISPUTED = ("disputed", {"disputed_on": "2026-03-01"})


def draft(number: int, *said: tuple[str, dict[str, Any]]) -> list[Event]:
    received = ("received", {"presiding_organisation_id": FRONT, "received_on": "2026-04-01"})
    return events("oversight", UUID(int=4000 + number), *((f"draft.{verb}", data) for verb, data in (received, *said)))


def criticism(number: int, points: int, *said: tuple[str, dict[str, Any]]) -> list[Event]:
    issued = {
        "presiding_organisation_id": FRONT,
        "draft_ids": [UUID(int=4001)],
        "issued_on": "2026-04-20",
        "reply_due_on": "2026-05-05",
        "points": points,
    }
    parts = (("issued", issued), *said)
    return events("oversight", UUID(int=5000 + number), *((f"criticism.{verb}", data) for verb, data in parts))


def points(accepted: int, partly: int, explained: int) -> tuple[str, dict[str, Any]]:
    data = {"replied_on": "2026-05-02", "accepted": accepted, "partly_accepted": partly, "explained": explained}
    return "replied", data


def opinion(number: int, due: str, *said: tuple[str, dict[str, Any]]) -> list[Event]:
    accepted = {"front_organisation_id": OTHER, "accepted_on": "2026-07-01", "reply_due_on": due}
    parts = (("accepted", accepted), *said)
    return events("oversight", UUID(int=6000 + number), *((f"opinion.{verb}", data) for verb, data in parts))


FIGURES = {
    # planned in 2026: one concluded, one not; one never planned; one concluded after its year
    "OVS-01": {("2026", FRONT): (1, 2, 1, 2), ("2026", CITY): (1, 2, 1, 2), ("2025", OTHER): (1, 1, 1, 1)},
    # in time, late, silent, moved on and in time; replaced before its day not; escalated and silent
    "OVS-02": {("2026", FRONT): (2, 5, 5, 5), ("2026", OTHER): (1, 2, 2, 2), ("2026", CITY): (3, 7, 7, 7)},
    "OVS-03": {("2026", FRONT): (1, 5, 3, 5), ("2026", OTHER): (1, 2, 1, 2), ("2026", CITY): (2, 7, 4, 7)},
    "OVS-04": {("2026", FRONT): (1, 2, 1, 2)},
    "OVS-05": {("2026", FRONT): (4, 8, 8, 8)},
    "OVS-06": {("2026", OTHER): (2, 3, 3, 4)},
    "TASK-5.2": {("2026", FRONT): (2, 5, 5, 5), ("2026", None): (2, 5, 5, 5)},
}
TOLD = [
    *case(1, FRONT, planned="2026-02-01", concluded="2026-03-01"),
    *case(2, FRONT, planned="2026-12-01"),
    *case(3, FRONT),
    *case(4, OTHER, planned="2025-11-01", concluded="2026-02-01"),
    # 1: in time and carried out; late and refused with reason, which was found justified
    *recommendation(
        1, 1, FRONT, replied(BODY, "2026-05-19"), replied(BODY_2, "2026-05-20", "not_accepted"),
        verified(BODY), verified(BODY_2),
    ),
    # 2: silent; replaced before the day
    *recommendation(2, 1, FRONT, ended(BODY_2, "superseded", "2026-05-10")),
    # 3: the day moved and the reply was in time; escalated after silence
    *recommendation(
        3, 1, FRONT, moved(BODY, "2026-06-19"), replied(BODY, "2026-06-01"), ended(BODY_2, "escalated", "2026-06-30"),
    ),
    # 4: told without its presiding body; one in time and carried out, one silent
    *recommendation(4, 4, None, replied(BODY, "2026-05-12"), verified(BODY)),
    # confirmed; planned only; done and disputed; silent; kept by the Front itself; done
    *submission(1, assigned(BODY), answered("planned"), CONFIRMED),
    *submission(2, assigned(BODY), answered("planned")),
    *submission(3, assigned(BODY), answered("done"), DISPUTED),
    *submission(4, assigned(BODY)),
    *submission(5, assigned(FRONT), answered("done")),
    *submission(6, assigned(BODY), answered("partly"), DISPUTED, assigned(BODY_2), answered("done", "2026-04-01")),
    *draft(1, ("criticised", {"criticism_id": UUID(int=5001), "criticised_on": "2026-04-20"})),
    *draft(2),
    *draft(3, ("withdrawn", {"withdrawn_on": "2026-04-10"})),
    *criticism(1, 5, points(2, 1, 1)),
    *criticism(2, 3),
    *opinion(1, "2026-08-01", ("replied", {"disposition": "accepted_in_full", "replied_on": "2026-07-20"})),
    *opinion(2, "2026-08-01", ("replied", {"disposition": "explained_not_accepted", "replied_on": "2026-09-20"})),
    *opinion(3, "2026-08-01"),
    *opinion(
        4, "2026-08-01",
        ("deadline_changed", {"due_on": "2027-01-04", "previous_due_on": "2026-08-01", **MOVED, **RULE}),
    ),
]  # fmt: skip


async def figures(database: Database) -> dict[str, dict[tuple[str, UUID | None], tuple[int, int, int, int]]]:
    found = await rows(
        database,
        "SELECT indicator_id, period, organisation_id, numerator, denominator, counted, expected FROM roll_up"
        " WHERE expected <> 0",
    )
    result: dict[str, dict[tuple[str, UUID | None], tuple[int, int, int, int]]] = {}
    for row in found:
        numbers = (int(row["numerator"]), int(row["denominator"]), row["counted"], row["expected"])
        code = CODES[UUID(str(row["indicator_id"]))]
        result.setdefault(code, {})[row["period"], row["organisation_id"] and UUID(str(row["organisation_id"]))] = (
            numbers
        )
    return result


async def apply(database: Database, given_events: Sequence[Event]) -> None:
    for event in given_events:
        await handle_once(database, FEEDBACK if event.type.startswith("feedback") else OVERSIGHT, event, NOW)


async def settle(database: Database) -> None:
    for consumer in (FEEDBACK, OVERSIGHT):
        await drain(database, consumer, NOW)
    await mark_all_overdue(database, now=NOW)


def assert_figures(found: dict[str, Any]) -> None:
    for code, places in FIGURES.items():
        for place, numbers in places.items():
            assert found[code].get(place) == numbers, (code, place, found[code])
