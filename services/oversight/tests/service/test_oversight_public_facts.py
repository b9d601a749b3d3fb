"""What the house's services may read of cases and recommendations: what the events told, summed up."""

from typing import Any


async def facts(world: Any, kind: str) -> list[dict[str, Any]]:
    answer = await world.get("/facts", world.issuer.token(("service", world.city_front)), kind=kind, limit=1)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_case_and_its_recommendation_as_told(world: Any) -> None:
    served, _ = await world.replied()
    (case,) = await facts(world, "case")
    day = world.today.isoformat()
    assert case["data"] == {"presiding_organisation_id": str(world.front), "planned_on": day, "concluded_on": day}
    (one,) = await facts(world, "recommendation")
    assert (one["data"]["case_id"], one["data"]["served_on"]) == (case["id"], day)
    assert one["data"]["presiding_organisation_id"] == str(world.front)
    parts = {part["organisation_id"]: part for part in one["data"]["addressees"]}
    replied = parts[str(world.committee)]
    assert (replied["replied_on"], replied["verified_on"], replied["end_reason"]) == (day, None, None)
    assert replied["disposition"] is not None
    assert parts[str(world.other_committee)]["replied_on"] is None
    (told,) = await world.rows("SELECT max(sequence) AS last FROM outbox WHERE subject = :id", id=one["id"])
    assert one["version"] == told.last
    (told,) = await world.rows("SELECT data FROM outbox WHERE type = 'oversight.recommendation.served.v1'")
    assert told.data["presiding_organisation_id"] == str(world.front)
    assert served


async def test_only_the_house_s_services_read_it(world: Any) -> None:
    assert (await world.get("/facts", world.officer, kind="case")).status_code == 403
    assert (
        await world.get("/facts", world.issuer.token(("administrator", world.city_front)), kind="case")
    ).status_code == 403
