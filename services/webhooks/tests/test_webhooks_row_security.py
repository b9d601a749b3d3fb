"""The second wall of webhooks: a plain SELECT finds exactly the endpoints and deliveries that the API lists."""

import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from servicekit.events import Event
from servicekit.identity import Actor, Grant
from servicekit.inbox import handle_once
from servicekit.row_scope import PUBLIC, Scope, scope_of_actor
from webhooks.app import SERVICE
from webhooks.consumers import CONSUMERS
from webhooks.domain.endpoint_steps import OWNERS

OURS, CHILD, OTHERS = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
COLUMNS = {"endpoint": "id", "delivery": "id", "message": "id", "attempt": "delivery_id"}
NOTHING: dict[str, set[str]] = {table: set() for table in COLUMNS}


def scope(role: str, place: uuid.UUID) -> Scope:
    return scope_of_actor(Actor("client", uuid.uuid4(), uuid.uuid4(), (Grant(role, place),)), SERVICE.groups)


async def found(service: SimpleNamespace, whose: Scope | None) -> dict[str, set[str]]:
    """What a plain SELECT finds, by table."""
    async with service.runtime.database.read(whose) as session:
        return {
            table: {str(one) for one in await session.scalars(text(f"SELECT {column} FROM {table}"))}
            for table, column in COLUMNS.items()
        }


async def shown(service: SimpleNamespace, headers: dict[str, str]) -> dict[str, set[str]]:
    """What the API shows, by the same tables."""
    everything: dict[str, set[str]] = {table: set() for table in COLUMNS}
    for endpoint in (await service.client.get("/endpoints", headers=headers)).json()["items"]:
        everything["endpoint"].add(endpoint["id"])
        log = await service.client.get(f"/endpoints/{endpoint['id']}/deliveries", headers=headers)
        for line in log.json()["items"]:
            everything["delivery"].add(line["id"])
            everything["message"].add(line["event_id"])
            if line["attempts"]:
                everything["attempt"].add(line["id"])
    return everything


@pytest.fixture
async def filled(service: SimpleNamespace) -> SimpleNamespace:
    """An endpoint of each organisation; one event sent to all of them, another only to the child's."""
    for owner, types in ((OURS, ["*.answered.v1"]), (CHILD, []), (OTHERS, ["*.answered.v1"])):
        body = {"url": service.receiver.url, "description": "x", "owner_organisation_id": str(owner)}
        types = [one.replace("*", "feedback.submission") for one in types]
        headers = {**service.token(owner), **service.key()}
        made = await service.client.post("/endpoints", json={**body, "event_types": types}, headers=headers)
        assert made.status_code == 201, made.text
    consumer = next(one for one in CONSUMERS if one.stream == "FEEDBACK")
    for kind, data in (
        ("answered", {"outcome": "done", "answered_on": "2026-11-23"}),
        ("received", {"identity_mode": "anonymous", "received_on": "2026-11-23"}),
    ):
        event = Event(
            id=uuid.uuid4(),
            type=f"feedback.submission.{kind}.v1",
            source="nhipcau/feedback",
            subject=uuid.uuid4(),
            sequence=1,
            time=datetime.now(UTC),
            data=data,
        )
        await handle_once(service.runtime.database, consumer, event, datetime.now(UTC))
    await service.runtime.part("line").tick()
    await service.runtime.part("line").close()
    return service


@pytest.mark.parametrize("role", [*sorted(OWNERS), "auditor", "front_officer"])
async def test_without_its_filter_a_read_finds_exactly_what_the_lists_show(filled: SimpleNamespace, role: str) -> None:
    numbers = []
    for place in (OURS, CHILD, OTHERS, uuid.uuid4()):
        headers = filled.token(place, role)
        status = (await filled.client.get("/endpoints", headers=headers)).status_code
        assert status == (200 if role in OWNERS else 403)
        listed = await shown(filled, headers) if status == 200 else NOTHING
        assert await found(filled, scope(role, place)) == listed
        numbers.append([len(ids) for ids in listed.values()])
    expected = [[2, 3, 2, 3], [1, 2, 2, 2], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert numbers == (expected if role in OWNERS else [[0, 0, 0, 0]] * 4)


async def test_nobody_sees_nothing_and_the_house_everything(filled: SimpleNamespace) -> None:
    database = filled.runtime.database
    assert await found(filled, PUBLIC) == await found(filled, scope_of_actor(None, SERVICE.groups)) == NOTHING
    assert [len(ids) for ids in (await found(filled, None)).values()] == [3, 4, 2, 4]
    owner = await asyncpg.connect(filled.made.owner_dsn)
    try:
        for table, column in COLUMNS.items():
            assert await database.fetch(f"SELECT {column} FROM {table}") == []
            assert await owner.fetchval(f"SELECT count(*) FROM {table}") == 0
            await owner.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
            assert await database.fetch(f"SELECT {column} FROM {table}")  # so the policies, and nothing else, hid them
            await owner.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    finally:
        await owner.close()


async def test_no_endpoint_of_others_can_be_changed_or_sent_to(filled: SimpleNamespace) -> None:
    database, stranger = filled.runtime.database, scope("integrating_system", OTHERS)
    async with database.write(stranger) as session:
        assert (await session.execute(text("UPDATE endpoint SET description = 'y'"))).rowcount == 1
    async with database.read() as session:
        changed: Any = await session.scalars(text("SELECT owner_organisation_id FROM endpoint WHERE description = 'y'"))
        assert changed.all() == [OTHERS]
        endpoint = await session.scalar(text("SELECT id FROM endpoint WHERE owner_organisation_id = :o"), {"o": OURS})
    for statement in (
        "DELETE FROM endpoint",
        "UPDATE message SET body = ''",
        "INSERT INTO attempt (delivery_id, at, milliseconds) SELECT id, now(), 1 FROM delivery",
        "SELECT id FROM outbox",
        "SELECT id FROM audit_entry",
        f"UPDATE endpoint SET owner_organisation_id = '{OURS}'",
        "INSERT INTO delivery (endpoint_id, message_id, next_attempt_at)"
        f" SELECT '{endpoint}', message_id, now() FROM delivery",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
            async with database.write(stranger) as session:
                await session.execute(text(statement))
