"""The second wall of oversight: a plain SELECT finds exactly the cases and parts that the API shows."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from oversight.app import SERVICE
from servicekit.identity import Actor, Grant
from servicekit.row_scope import PUBLIC, scope_of_actor

RECOUNT = (
    "INSERT INTO deadline_change (item_id, deadline, old_on, old_provisional, new_on, new_provisional, rule_key,"
    " rule_version, causes, changed_at)"
    " SELECT id, 'reply', reply_due_on, false, reply_due_on, false, 'OV.REPLY', 1, '[]', now() FROM addressee"
)


async def found(world: Any, scope: Any, column: str, table: str) -> set[str]:
    async with world.database.read(scope) as session:
        return {str(one) for one in await session.scalars(text(f"SELECT {column} FROM {table}"))}


@pytest.mark.parametrize("role", ["front_officer", "head", "handler", "monitoring_officer", "intake_officer"])
async def test_without_its_filter_a_read_finds_exactly_what_the_lists_show(world: Any, role: str) -> None:
    served = await world.served()
    async with world.database.write() as session:
        await session.execute(text(RECOUNT))  # every reply clock was counted again once
    for column, table in (("id", "oversight_case"), ("id", "addressee"), ("item_id", "deadline_change")):
        assert await found(world, PUBLIC, column, table) == set()
    seen = 0
    for place in (
        world.front,
        world.other_front,
        world.city_front,
        world.committee,
        world.other_committee,
        world.city_committee,
        uuid4(),
    ):
        actor = Actor("person", uuid4(), uuid4(), (Grant(role, place),))
        scope, token = scope_of_actor(actor, SERVICE.groups), world.issuer.token((role, place))
        listed = await world.get("/recommendations", token)
        shown = {part["addressee"]["organisation"]["id"] for part in listed.json()["items"]}
        assert await found(world, scope, "organisation_id", "addressee") == shown
        recounted = await found(world, scope, "item_id", "deadline_change")
        assert recounted == await found(world, scope, "id", "addressee")
        assert len(recounted) == len(shown)
        assert await found(world, scope, "id", "recommendation") == ({served["id"]} if shown else set())
        cases = await world.get("/cases", token)
        if cases.status_code == 200:  # an addressee's rows also hold the case that its part names the title of
            own = {case["id"] for case in cases.json()["items"]}
            assert own <= await found(world, scope, "id", "oversight_case")
            assert shown or await found(world, scope, "id", "oversight_case") == own
        seen += bool(shown)
    assert seen
