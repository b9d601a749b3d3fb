"""What the house's services may read of submissions: what the events told, summed up, and nothing else."""

from datetime import timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import text

from contracts.public_facts_v1 import SubmissionFacts

PUBLIC = set(SubmissionFacts.model_fields)


async def all_facts(world: Any, **query: Any) -> dict[str, dict[str, Any]]:
    token = world.issuer.token(("service", world.city_front))
    found: dict[str, dict[str, Any]] = {}
    while True:
        answer = await world.get("/facts", token, **query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found |= {item["id"]: item for item in page["items"]}
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def test_the_first_answer_and_its_due_day_survive_a_second_round(world: Any) -> None:
    case = await world.at_step("answer")
    first = (await case.read()).json()["due_on"]
    answered_on = world.today.isoformat()
    facts = (await all_facts(world))[str(case.id)]
    assert set(facts["data"]) == PUBLIC
    expected = {
        "front_organisation_id": str(world.front),
        "accepted_on": answered_on,
        "due_on": first,
        "forwarded": True,
        "answered_on": answered_on,
        "outcome": "done",
        "word": None,
    }
    assert (facts["version"], facts["data"]) == (case.version, expected)
    await case.take("dispute")
    world.clock.go_to(world.today + timedelta(days=30))
    await case.take("assign")
    assert (await case.read()).json()["due_on"] > first
    assert (await all_facts(world))[str(case.id)]["data"] == expected | {"word": "disputed"}
    await case.take("answer", outcome="planned")
    await case.take("confirm")
    facts = (await all_facts(world))[str(case.id)]
    assert facts["data"] == expected | {"outcome": "planned", "word": "confirmed"}
    assert facts["version"] == case.version


async def test_what_the_front_keeps_is_not_forwarded_and_pages_go_to_the_end(world: Any) -> None:
    kept = await world.at_step("accept")
    await kept.take("assign", holder_organisation_id=str(world.front))
    others = [await world.submitted() for _ in range(4)]
    facts = await all_facts(world, limit=2)
    assert set(facts) == {str(kept.id), *(str(one.id) for one in others)}
    assert facts[str(kept.id)]["data"]["forwarded"] is False
    assert facts[str(others[0].id)]["data"]["accepted_on"] is None


async def test_only_the_house_s_services_read_it(world: Any) -> None:
    assert (await world.get("/facts")).status_code == 401
    for role in ("head", "administrator", "auditor"):
        assert (await world.get("/facts", world.issuer.token((role, world.city_front)))).status_code == 403


async def test_first_answers_of_before_the_upgrade_are_found_in_their_events(world: Any) -> None:
    """The migration's step as it meets such rows: what an event still tells, what follows, and what is lost."""
    told, plain, lost = [await world.at_step("answer") for _ in range(3)]
    for case in (told, lost):
        await case.take("dispute")
        await case.take("assign")
    due = (await world.rows("SELECT first_due_on FROM submission WHERE id = :id", id=told.id))[0][0]
    backfill = import_module("feedback.migrations.versions.0015_public_facts").BACKFILL
    async with world.database.write() as session:
        await session.execute(text("UPDATE submission SET first_due_on = NULL, first_answered_on = NULL"))
        await session.execute(text("DELETE FROM outbox WHERE subject <> :id"), {"id": told.id})
        await session.execute(text(backfill))
    rows = {row.id: row for row in await world.rows("SELECT id, first_answered_on, first_due_on FROM submission")}
    assert {row.first_answered_on for row in rows.values()} == {world.today}
    assert (rows[told.id].first_due_on, rows[plain.id].first_due_on, rows[lost.id].first_due_on) == (due, due, None)
