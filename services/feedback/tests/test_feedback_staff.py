"""What staff may see and do: scope, versions, states, custody."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest

from contracts.catalogue import fact

STEPS = ["classify", "accept", "refuse", "guide-out", "assign", "answer", "reveal-identity"]
BODIES: dict[str, Any] = {
    "classify": {"kind": "report"},
    "accept": None,
    "refuse": {"reason_code": "unclear", "text": "Chưa rõ."},
    "guide-out": {"text": "Gửi nơi khác."},
    "answer": {"outcome": "done", "text": "Đã xong."},
    "reveal-identity": {"reason_code": "safety"},
}


async def test_without_a_token_401_and_with_a_forged_one_too(world: Any) -> None:
    case = await world.submitted()
    assert (await world.get("/submissions")).status_code == 401
    assert (await world.get("/submissions", world.officer[:-6] + "AAAAAA")).status_code == 401
    for step in STEPS:
        body = BODIES.get(step, {"holder_organisation_id": str(world.committee)})
        assert (await world.post(f"/submissions/{case.id}/{step}", body, etag=1)).status_code == 401


async def test_without_the_role_403(world: Any) -> None:
    case = await world.submitted()
    assert (await world.get("/submissions", world.reporter)).status_code == 403
    assert (await case.read(world.reporter)).status_code == 403
    for step in STEPS:
        body = BODIES.get(step, {"holder_organisation_id": str(world.committee)})
        answer = await world.post(f"/submissions/{case.id}/{step}", body, world.reporter, etag=1)
        assert answer.status_code == 403, step


async def test_the_role_must_be_held_at_the_right_body(world: Any) -> None:
    """Seen through the front committee as head there: refuses, but does not answer for the holder."""
    case = await world.at_step("assign")
    assert (await case.take("answer", token=world.front_head)).status_code == 403
    both = world.issuer.token(("handler", world.front), ("front_officer", world.committee))
    assert (await case.take("answer", token=both)).status_code == 403


async def test_another_units_item_is_not_there(world: Any) -> None:
    case = await world.at_step("assign")
    own = f"/submissions/{case.id}"
    for token in (world.other_officer, world.other_handler):
        assert (await case.read(token)).status_code == 404
        assert (await world.get(f"{own}/deadline", token)).status_code == 404
        assert (await world.get("/submissions", token)).json()["items"] == []
    for step in STEPS:
        body = BODIES.get(step, {"holder_organisation_id": str(world.committee)})
        token = world.issuer.token(*((role, world.other_front) for role in ("front_officer", "head")))
        answer = await world.post(f"{own}/{step}", body, token, etag=case.version)
        assert answer.status_code == 404, step
    missing = await world.get(f"/submissions/{uuid.uuid4()}", world.officer)
    hidden = await case.read(world.other_officer)
    assert _body(missing) == _body(hidden)


def _body(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def test_the_city_sees_its_communes_and_the_holder_sees_what_it_holds(world: Any) -> None:
    case = await world.at_step("accept")
    assert (await case.read(world.city_officer)).status_code == 200
    assert (await case.read(world.handler)).status_code == 404
    await case.take("assign")
    seen = await case.read(world.handler)
    assert seen.json()["available_actions"] == ["answer"]
    assert (await case.read()).json()["available_actions"] == []
    assert (await world.get("/submissions", world.handler)).json()["items"][0]["id"] == str(case.id)


async def test_available_actions_follow_role_and_state(world: Any) -> None:
    case = await world.submitted()
    for step, token, actions in (
        ("classify", world.officer, ["accept", "guide_out"]),
        ("accept", world.intake, ["assign"]),
    ):
        await case.take(step)
        assert (await case.read(token)).json()["available_actions"] == actions
    other = await world.at_step("classify")
    assert (await other.read(world.front_head)).json()["available_actions"] == ["refuse"]


async def test_a_step_names_its_version(world: Any) -> None:
    case = await world.submitted()
    path = f"/submissions/{case.id}/classify"
    assert (await world.post(path, {"kind": "report"}, world.officer)).status_code == 428
    for bad in ("*", "1", 'W/"1"', '"x"', '"99999999999"'):
        assert (await world.post(path, {"kind": "report"}, world.officer, etag=bad)).status_code == 400, bad
    assert (await case.take("classify")).status_code == 200
    stale = await case.take("accept", etag=1)
    assert stale.status_code == 412
    assert stale.json()["code"] == "stale_version"
    assert (await case.take("accept")).headers["etag"] == '"3"'


async def test_a_skipped_state_is_a_conflict(world: Any) -> None:
    case = await world.submitted()
    for step in ("accept", "refuse", "guide_out", "assign"):
        answer = await case.take(step)
        assert answer.status_code == 409, step
        assert answer.json()["code"] == "step_not_allowed"
    await case.take("classify", kind="complaint")
    refused = await case.take("accept")
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_for_this_channel"
    assert (await case.take("guide_out")).status_code == 200
    line = (await case.track()).json()["timeline"][-1]
    assert (line["code"], line["note"]) == ("complaint", "Hãy gửi đơn đến Chủ tịch UBND phường.")


async def test_of_ten_at_once_one_wins_and_event_audit_and_version_agree(world: Any) -> None:
    case = await world.submitted()
    answers = await asyncio.gather(*(case.take("classify", etag=1) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    ((version,),) = await world.rows("SELECT version FROM submission")
    assert version == 2
    for table in ("outbox", "audit_entry", "submission_line"):
        ((count,),) = await world.rows(f"SELECT count(*) FROM {table}")
        assert count == 2, table


async def test_each_step_is_one_version_one_event_one_audit_entry(world: Any) -> None:
    case = await world.at_step("dispute", world.named())
    events = await world.rows("SELECT type, sequence, data FROM outbox ORDER BY sequence")
    assert [row.type.split(".")[2] for row in events] == [
        "received",
        "classified",
        "accepted",
        "assigned",
        "answered",
        "disputed",
    ]
    assert [row.sequence for row in events] == [1, 2, 3, 4, 5, 6]
    for row in events:
        assert fact(row.type, row.data).model_dump(mode="json") == row.data
    assert events[4].data["on_time"] is True
    actions = await world.rows("SELECT action, details FROM audit_entry ORDER BY (details->>'version')::int")
    assert [row.details["version"] for row in actions] == [1, 2, 3, 4, 5, 6]
    assert case.version == 6


async def test_a_late_answer_is_told_as_late(world: Any) -> None:
    case = await world.at_step("assign")
    world.clock.go_to(world.today + timedelta(days=22))
    await case.take("answer")
    ((data,),) = await world.rows("SELECT data FROM outbox WHERE type = 'feedback.submission.answered.v1'")
    assert (data["due_on"], data["answered_on"], data["on_time"]) == ("2026-12-14", "2026-12-15", False)
    assert (await case.track()).json()["answer"]["on_time"] is False


@pytest.mark.parametrize("who", ["other_committee", "nobody"])
async def test_only_a_body_of_the_commune_or_the_city_can_hold(world: Any, who: str) -> None:
    case = await world.at_step("accept")
    holder = getattr(world, who, uuid.uuid4())
    answer = await case.take("assign", holder_organisation_id=str(holder))
    assert answer.status_code == 422
    assert answer.json()["code"] == "unknown_holder"


async def test_exactly_one_body_has_it_at_any_time(world: Any) -> None:
    case = await world.submitted()
    holders = [(await case.read()).json()["holder_organisation_id"]]
    for step in ("classify", "accept", "assign", "answer"):
        holders.append((await case.take(step)).json()["holder_organisation_id"])
    assert holders == [str(world.front)] * 3 + [str(world.committee)] * 2


async def test_pages_are_whole_and_in_order(world: Any) -> None:
    for hour in range(7):
        world.clock.go_to(world.today, hour=9 + hour % 3)
        await world.submitted()
    seen, cursor = [], None
    while True:
        page = (
            await world.get("/submissions", world.officer, limit=3, **({"cursor": cursor} if cursor else {}))
        ).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len({item["id"] for item in seen}) == len(seen) == 7
    forged = await world.get("/submissions", world.officer, cursor="AAAA")
    assert forged.status_code == 400


async def test_filters(world: Any) -> None:
    case = await world.at_step("accept")
    await world.submitted()
    for query, count in (
        ({"status": "accepted"}, 1),
        ({"status": "submitted"}, 1),
        ({"unit_id": str(world.unit)}, 2),
        ({"unit_id": str(uuid.uuid4())}, 0),
        ({"due_before": "2026-12-15"}, 1),
        ({"due_before": "2026-12-14"}, 0),
        ({"code": case.key["code"].lower()}, 1),
        ({"code": "%"}, 0),
    ):
        answer = await world.get("/submissions", world.officer, **query)
        assert len(answer.json()["items"]) == count, query
    for query in (
        {"status": "x"},
        {"limit": "-1"},
        {"limit": "1000000000"},
        {"due_before": "2026-02-31"},
        {"code": "\x00"},
    ):
        assert (await world.get("/submissions", world.officer, **query)).status_code == 422, query
    assert (await world.get("/submissions/12345678901234567890", world.officer)).status_code == 422
