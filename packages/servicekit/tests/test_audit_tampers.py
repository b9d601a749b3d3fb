"""Every tamper named by the chain, or by a checkpoint kept outside (O4): seven kinds on a copy of the audit."""

import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from servicekit import audit_chain
from servicekit.audit import Sealer, write
from servicekit.audit_chain import checkpoint, verify

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


async def put(database, count, start=0):
    for number in range(start, start + count):
        async with database.write() as session:
            await write(
                session,
                action="thing.change",
                subject_type="thing",
                subject_id=uuid.UUID(int=number),
                actor=None,
                now=NOW + timedelta(seconds=number),
                details={"version": number},
            )


async def seal(database):
    return await Sealer(database, "feedback").seal()


# The tampers: by the superuser, triggers off, on a database of their own with 30 sealed entries.


async def change_field(admin):
    await admin.execute("UPDATE audit_entry SET reason = 'other' WHERE id = " + ENTRY.format(11))
    return 11


async def change_details(admin):
    await admin.execute("UPDATE audit_entry SET details = details || '{\"x\": 1}' WHERE id = " + ENTRY.format(12))
    return 12


async def delete_middle(admin):
    await admin.execute("DELETE FROM audit_entry WHERE id = " + ENTRY.format(13))
    return 13


async def delete_middle_and_its_seal(admin):
    await delete_middle(admin)
    await admin.execute("DELETE FROM audit_seal WHERE position = 13")
    return 13


async def delete_last_ten(admin):
    await admin.execute("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_seal WHERE position > 20)")
    return 21


async def swap_two(admin):
    """Two entries change places: everything of one now stands under the id of the other."""
    columns = "at, action, subject_type, subject_id, actor_kind, actor_id, reason, details"
    ids = [await admin.fetchval("SELECT " + ENTRY.format(place)) for place in (14, 15)]
    rows = [await admin.fetchrow(f"SELECT {columns} FROM audit_entry WHERE id = $1", one) for one in ids]
    for one, row in zip(ids, reversed(rows), strict=True):
        await admin.execute(
            f"UPDATE audit_entry SET ({columns}) = ($2, $3, $4, $5, $6, $7, $8, $9) WHERE id = $1", one, *row
        )
    return 14


async def insert_one(admin):
    await admin.execute(
        "INSERT INTO audit_entry (at, action, subject_type, subject_id, actor_kind, details)"
        " VALUES (now(), 'forged', 'thing', gen_random_uuid(), 'person', '{}')"
    )
    return 31


async def insert_one_with_a_seal(admin):
    forged = await admin.fetchval(
        "INSERT INTO audit_entry (at, action, subject_type, subject_id, actor_kind, details)"
        " VALUES (now(), 'forged', 'thing', gen_random_uuid(), 'person', '{}') RETURNING id"
    )
    await admin.execute("UPDATE audit_seal SET position = position + 1000 WHERE position > 16")
    await admin.execute("UPDATE audit_seal SET position = position - 999 WHERE position > 1000")
    await admin.execute(
        "INSERT INTO audit_seal SELECT 17, $1, hash, sha256('x') FROM audit_seal WHERE position = 16", forged
    )
    return 17


ENTRY = "(SELECT entry_id FROM audit_seal WHERE position = {})"


async def tampered(made, tamper):
    admin = await asyncpg.connect(made.urls.admin_dsn)
    try:
        await admin.execute("SET session_replication_role = replica")
        return await tamper(admin)
    finally:
        await admin.close()


@pytest.mark.parametrize(
    "tamper",
    [
        change_field,
        change_details,
        delete_middle,
        delete_middle_and_its_seal,
        delete_last_ten,
        swap_two,
        insert_one,
        insert_one_with_a_seal,
    ],
)
async def test_chain_finds_the_tamper_and_names_the_first_bad_place(made, tamper):
    await put(made.database, 30)
    await seal(made.database)
    assert (await verify(made.database)).ok
    place = await tampered(made, tamper)
    result = await verify(made.database)
    assert not result.ok
    assert result.bad_position == place


async def rewrite_from(admin, position):
    """Change an entry and make every later hash right again, as somebody with the code and all rights can."""
    await admin.execute("UPDATE audit_entry SET reason = 'other' WHERE id = " + ENTRY.format(position))
    previous = await admin.fetchval("SELECT hash FROM audit_seal WHERE position = $1", position - 1)
    rows = await admin.fetch(
        f"SELECT s.position, {audit_chain.ENTRY_COLUMNS} FROM audit_seal s JOIN audit_entry e ON e.id = s.entry_id"
        " WHERE s.position >= $1 ORDER BY s.position",
        position,
    )
    for row in rows:
        digest = audit_chain.link(previous, row["position"], _Attributes(row))
        await admin.execute(
            "UPDATE audit_seal SET previous_hash = $1, hash = $2 WHERE position = $3", previous, digest, row["position"]
        )
        previous = digest


class _Attributes:
    def __init__(self, record):
        self.__dict__.update(record.items())


async def test_only_a_checkpoint_finds_a_chain_rewritten_with_right_hashes(made):
    await put(made.database, 30)
    await seal(made.database)
    kept = await checkpoint(made.database, "feedback", NOW)
    await put(made.database, 5, 30)
    await seal(made.database)

    async def rewrite(admin):
        await rewrite_from(admin, 10)

    await tampered(made, rewrite)
    assert (await verify(made.database)).ok, "the chain alone cannot know"
    result = await verify(made.database, kept)
    assert (result.bad_position, result.problem) == (30, "differs from the checkpoint")


async def test_only_a_checkpoint_finds_a_database_rolled_back(made, engines):
    await put(made.database, 20)
    await seal(made.database)
    yesterday = await checkpoint(made.database, "feedback", NOW)
    await put(made.database, 10, 20)
    await seal(made.database)
    kept = await checkpoint(made.database, "feedback", NOW)

    async def roll_back(admin):
        await admin.execute("DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_seal WHERE position > 20)")
        await admin.execute("DELETE FROM audit_seal WHERE position > 20")

    await tampered(made, roll_back)
    assert (await verify(made.database)).ok
    assert (await verify(made.database, yesterday)).ok
    result = await verify(made.database, kept)
    assert (result.bad_position, result.problem) == (21, "shorter than the checkpoint")
    await put(made.database, 15, 30)
    await seal(made.database)
    assert (await verify(made.database, kept)).bad_position == 30, "grown again, and still not the same"
