"""What other services tell: an oversight case links its submission; the registry's facts are kept."""

from datetime import date
from typing import Any
from uuid import uuid4

from feedback.consumers import CONSUMERS
from servicekit.inbox import Event, Outcome, handle_once

REGISTRY, OVERSIGHT = CONSUMERS


def opened(world: Any, submission_id: Any, **more: Any) -> Event:
    values = {
        "id": uuid4(),
        "type": "oversight.case.opened.v1",
        "source": "nhipcau/oversight",
        "subject": uuid4(),
        "sequence": 1,
        "time": world.clock.moment,
        "data": {
            "presiding_organisation_id": str(world.front),
            "form": "oversight_delegation",
            "trigger": "feedback",
            "submission_id": str(submission_id) if submission_id else None,
            "opened_on": date(2026, 11, 23).isoformat(),
        },
    }
    return Event(**(values | more))


async def test_an_opened_case_links_its_submission_once(world: Any) -> None:
    case = await world.at_step("dispute")
    event = opened(world, case.id)
    now = world.clock.moment
    assert await handle_once(world.database, OVERSIGHT, event, now) is Outcome.APPLIED
    assert await handle_once(world.database, OVERSIGHT, event, now) is Outcome.DUPLICATE
    read = (await case.read()).json()
    assert (read["case_id"], read["version"], read["status"]) == (str(event.subject), 7, "disputed")
    events = await world.rows("SELECT sequence, data FROM outbox WHERE type LIKE '%linked_to_oversight.v1'")
    assert [tuple(row) for row in events] == [(7, {"case_id": str(event.subject)})]
    ((actor, details),) = await world.rows(
        "SELECT actor_id, details FROM audit_entry WHERE action = 'submission.link_to_oversight'"
    )
    assert actor is None
    assert details["by"] == "oversight.case.opened"
    tracked = (await case.track()).json()
    assert tracked["under_oversight"] is True
    assert tracked["timeline"][-1]["text_vi"] == "Đã mở hồ sơ giám sát từ phản ánh này."
    case.version = 7
    assert (await case.take("assign")).status_code == 200  # an officer who read version 7 goes on


async def test_who_read_before_the_link_must_read_again(world: Any) -> None:
    case = await world.at_step("dispute")
    await handle_once(world.database, OVERSIGHT, opened(world, case.id), world.clock.moment)
    assert (await case.take("assign")).status_code == 412


async def test_a_case_from_elsewhere_changes_nothing_and_an_unknown_one_is_put_aside(world: Any) -> None:
    await world.submitted()
    now = world.clock.moment
    assert await handle_once(world.database, OVERSIGHT, opened(world, None), now) is Outcome.APPLIED
    assert await handle_once(world.database, OVERSIGHT, opened(world, uuid4()), now) is Outcome.PARKED
    ((reason, error),) = await world.rows("SELECT reason, error FROM dead_letter")
    assert (reason, error) == ("retry", "SubmissionMissing")
    ((count,),) = await world.rows("SELECT count(*) FROM outbox")
    assert count == 1


async def test_the_registrys_facts_reach_the_next_submission(world: Any) -> None:
    """A commune that appears is found by its code as soon as the event was applied."""
    unit, front = uuid4(), uuid4()
    data = {
        "kind": "front_committee",
        "name": "Ủy ban MTTQ phường Tân An",
        "level": "commune",
        "unit_id": str(unit),
        "unit_code": "31147",
        "parent_id": str(world.city_front),
        "path": [str(world.city_front), str(front)],
        "valid_from": "2025-07-01",
        "valid_to": None,
    }
    event = opened(
        world, None, type="registry.organisation.changed.v1", source="nhipcau/registry", subject=front, data=data
    )
    assert await handle_once(world.database, REGISTRY, event, world.clock.moment) is Outcome.APPLIED
    await world.runtime.book.refresh()
    case = await world.submitted(world.body(unit_code="31147"))
    assert case.ticket["received_by"]["name"] == "Ủy ban MTTQ phường Tân An"
    ended = {**event.data, "valid_to": "2026-11-22"}
    event = opened(world, None, type=event.type, source=event.source, subject=front, sequence=2, data=ended)
    await handle_once(world.database, REGISTRY, event, world.clock.moment)
    await world.runtime.book.refresh()
    gone = await world.post("/submissions", world.body(unit_code="31147"), key="k" * 20)
    assert gone.json()["code"] == "unknown_unit"
