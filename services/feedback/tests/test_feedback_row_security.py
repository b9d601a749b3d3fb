"""The second wall: what PostgreSQL itself shows of feedback's rows, whatever a statement forgets to ask (O5)."""

import asyncio
import uuid
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from feedback.app import SERVICE
from feedback.domain.intake import STAFF
from servicekit.identity import Actor, Grant
from servicekit.row_scope import PUBLIC, scope_of_actor

TABLES = ("submission", "submission_line", "identity_vault", "attachment", "deadline_change")
RECOUNT = (
    "INSERT INTO deadline_change (item_id, deadline, old_on, old_provisional, new_on, new_provisional, rule_key,"
    " rule_version, causes, changed_at)"
    " SELECT id, 'status', received_on, false, received_on, false, 'FB.STATUS', 1, '[]', now() FROM submission"
)


def actor(*grants: tuple[str, uuid.UUID]) -> Actor:
    return Actor("person", uuid.uuid4(), uuid.uuid4(), tuple(Grant(role, where) for role, where in grants))


async def counts(world: Any, scope: Any) -> dict[str, int]:
    """How many rows of each table a plain SELECT finds."""
    async with world.database.read(scope) as session:
        return {name: await session.scalar(text(f"SELECT count(*) FROM {name}")) for name in TABLES}


@pytest.fixture
async def filled(world: Any, photo: bytes) -> Any:
    """A named item with a photo here, assigned to the committee; another, anonymous one, in the other commune.

    The deadline of both was counted again once.
    """
    upload = (await world.http.post("/api/v1/feedback/uploads", files={"file": ("a.jpg", photo, "image/jpeg")})).json()
    world.here = await world.at_step("assign", world.named(attachments=[upload["upload_id"]]))
    world.there = await world.submitted(world.body(unit_code="31150"))
    async with world.database.write() as session:
        await session.execute(text(RECOUNT))
    return world


async def test_nobody_sees_nothing(filled: Any) -> None:
    nothing = dict.fromkeys(TABLES, 0)
    assert await counts(filled, PUBLIC) == nothing
    assert await counts(filled, scope_of_actor(None, SERVICE.groups)) == nothing
    assert await filled.database.fetch("SELECT id FROM submission") == []
    async with filled.database.read_facts() as session:
        assert (await session.scalars(text("SELECT id FROM submission"))).all() == []
    assert (await counts(filled, None))["submission"] == 2  # the house


@pytest.mark.parametrize("role", ["front_officer", "intake_officer", "handler", "head", "reporter", "administrator"])
async def test_without_its_filter_a_read_finds_exactly_what_the_list_shows(filled: Any, role: str) -> None:
    places = (filled.front, filled.other_front, filled.city_front, filled.committee, filled.other_committee)
    for place in (*places, filled.city_committee, uuid.uuid4()):
        shown = await filled.get("/submissions", filled.issuer.token((role, place)))
        listed = {item["id"] for item in shown.json()["items"]} if shown.status_code == 200 else set()
        assert shown.status_code == (200 if role in STAFF else 403)
        async with filled.database.read(scope_of_actor(actor((role, place)), SERVICE.groups)) as session:
            found = {str(one) for one in await session.scalars(text("SELECT id FROM submission"))}
            lines = {str(one) for one in await session.scalars(text("SELECT submission_id FROM submission_line"))}
            photos = {str(one) for one in await session.scalars(text("SELECT submission_id FROM attachment"))}
            recounted = {str(one) for one in await session.scalars(text("SELECT item_id FROM deadline_change"))}
        assert found == lines == recounted == listed
        assert photos == listed & {str(filled.here.id)}


async def test_a_name_is_shown_to_revealers_of_the_front_only(filled: Any) -> None:
    names = {}
    for role, place in (
        ("front_officer", filled.front),
        ("head", filled.city_front),
        ("data_protection_officer", filled.front),
        ("intake_officer", filled.front),
        ("handler", filled.committee),
        ("head", filled.committee),
        ("front_officer", filled.other_front),
    ):
        seen = await counts(filled, scope_of_actor(actor((role, place)), SERVICE.groups))
        names[role, place] = seen["identity_vault"]
    assert list(names.values()) == [1, 1, 1, 0, 0, 0, 0]


async def test_no_row_of_others_can_be_changed_added_or_removed(filled: Any) -> None:
    stranger = scope_of_actor(actor(("front_officer", filled.other_front)), SERVICE.groups)
    async with filled.database.write(stranger) as session:
        changed = await session.execute(
            text("UPDATE submission SET outcome = 'done' WHERE id = :id"), {"id": filled.here.id}
        )
        assert changed.rowcount == 0
    for statement in (
        "DELETE FROM submission",
        "UPDATE submission_line SET code = 'x'",
        "DELETE FROM identity_vault",
        "SELECT id FROM outbox",
        "SELECT id FROM audit_entry",
        "UPDATE audit_entry SET reason = 'x'",
        "SELECT event_id FROM dead_letter",
        "UPDATE reference SET path = '{}'",
        "INSERT INTO submission_line (id, submission_id, version, at, action, status)"
        f" VALUES (gen_random_uuid(), '{filled.here.id}', 9, now(), 'answer', 'answered')",
    ):
        with pytest.raises(Exception, match=r"permission denied|row-level security|append-only"):
            async with filled.database.write(stranger) as session:
                await session.execute(text(statement))


async def test_a_ticket_opens_its_own_item_and_only_until_the_transaction_ends(filled: Any) -> None:
    await filled.here.track()
    for _ in range(10):  # whichever connection comes
        assert await filled.database.fetch("SELECT id FROM submission") == []
        (row,) = await filled.database.fetch("SELECT current_setting('app.ticket', true) AS left")
        assert not row["left"]  # empty and not NULL after it was set once: probe 2 of reliability.md §2.4
    photo = (await filled.here.track()).json()["attachments"][0]["id"]
    answer = await filled.post("/tracking/attachment", filled.here.key | {"attachment_id": photo})
    assert answer.status_code == 200
    answer = await filled.post("/tracking/attachment", filled.there.key | {"attachment_id": photo})
    assert answer.status_code == 404


async def test_an_idempotency_key_shows_its_own_row_only(filled: Any) -> None:
    officer = actor(("front_officer", filled.front))
    async with filled.database.read(scope_of_actor(officer, SERVICE.groups)) as session:
        assert await session.scalar(text("SELECT count(*) FROM idempotency_key")) == 0
    async with filled.database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM idempotency_key")) == 2


# The five probes of reliability.md §2.4.


async def test_probe_the_owner_is_held_to_the_policies(filled: Any) -> None:
    owner = await asyncpg.connect(filled.made.owner_dsn)
    try:
        for name in TABLES:
            assert await owner.fetchval(f"SELECT count(*) FROM {name}") == 0
        await owner.execute("ALTER TABLE submission NO FORCE ROW LEVEL SECURITY")
        assert await owner.fetchval("SELECT count(*) FROM submission") == 2  # what FORCE is for
        await owner.execute("ALTER TABLE submission FORCE ROW LEVEL SECURITY")
        await owner.execute("SET row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):  # a dump or a migration fails, and is not empty
            await owner.fetchval("SELECT count(*) FROM submission")
    finally:
        await owner.close()


async def test_probe_a_setting_that_ended_opens_nothing(filled: Any) -> None:
    log_in = await asyncpg.connect(filled.made.app_dsn)
    try:
        async with log_in.transaction():
            await log_in.execute(f"SET LOCAL app.staff = '{{{filled.city_front}}}'")
            assert await log_in.fetchval("SELECT count(*) FROM submission") == 2
        assert await log_in.fetchval("SELECT current_setting('app.staff', true)") == ""
        assert await log_in.fetchval("SELECT count(*) FROM submission") == 0
    finally:
        await log_in.close()


async def test_probe_views_ask_as_whoever_reads_them(filled: Any) -> None:
    owner, log_in = await asyncpg.connect(filled.made.owner_dsn), await asyncpg.connect(filled.made.app_dsn)
    try:
        views = await owner.fetch(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE"
            " c.relkind IN ('v', 'm') AND n.nspname = 'public'"
            " AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)"
        )
        assert views == []
        await owner.execute("CREATE VIEW seen WITH (security_invoker = true) AS SELECT * FROM submission")
        assert await log_in.fetchval("SELECT count(*) FROM seen") == 0
    finally:
        await owner.close()
        await log_in.close()


async def test_probe_unique_keys_tell_nothing_of_others(filled: Any) -> None:
    """Code and secret are drawn by the house; ids too. No request names a value that a unique key would answer for."""
    owner = await asyncpg.connect(filled.made.admin_dsn)
    keys = await owner.fetch(
        "SELECT conname FROM pg_constraint WHERE contype IN ('u', 'p') AND conrelid::regclass::text = ANY ($1)", TABLES
    )
    await owner.close()
    drawn_here = {
        "pk_submission",
        "uq_submission_code",
        "uq_submission_secret_hmac",
        "pk_identity_vault",
        "pk_submission_line",
        "pk_attachment",
        "uq_attachment_storage_key",
        "pk_deadline_change",
    }
    assert {row["conname"] for row in keys} == drawn_here


async def test_probe_a_pooled_connection_carries_nothing_over(filled: Any) -> None:
    async def fails() -> None:
        async with filled.database.write(scope_of_actor(city, SERVICE.groups)) as session:
            await session.execute(text("SELECT 1/0"))

    async def waits() -> None:
        async with filled.database.write(scope_of_actor(city, SERVICE.groups)) as session:
            await session.execute(text("SELECT pg_sleep(5)"))

    city = actor(("front_officer", filled.city_front))
    for _ in range(3):
        assert (await counts(filled, scope_of_actor(city, SERVICE.groups)))["submission"] == 2
        with pytest.raises(Exception, match="division"):
            await fails()
        running = asyncio.create_task(waits())
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        async with filled.database.write(scope_of_actor(city, SERVICE.groups)) as session:
            await session.execute(
                text("SELECT 1")
            )  # committed, and last: a rollback takes back even a SET of the session
        for _ in range(9):
            for writing in (False, True):
                assert await filled.database.fetch("SELECT id FROM submission", writing=writing) == []
                (row,) = await filled.database.fetch("SELECT current_user AS me", writing=writing)
                assert row["me"] == "feedback"


async def test_the_probes_can_fail(filled: Any) -> None:
    """The negative control: without the second wall the same question finds every row."""
    owner = await asyncpg.connect(filled.made.owner_dsn)
    await owner.execute("ALTER TABLE submission DISABLE ROW LEVEL SECURITY")
    await owner.close()
    assert len(await filled.database.fetch("SELECT id FROM submission")) == 2
    with pytest.raises(AssertionError):
        await test_nobody_sees_nothing(filled)
