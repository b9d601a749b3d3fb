"""PostgreSQL alone refuses impossible histories: every statement here runs as the owner, past all code."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from devstack.databases import Database
from devstack.engines import Engines
from servicekit import migrations

DAY, BEFORE = "2026-06-01", "2026-05-31"
FREE_CODES = count(90_001)
"""Codes that no unit of the seed has."""


@pytest.fixture
async def owner(database: Database) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        yield connection
    finally:
        await connection.close()


class Rows:
    """Writes rows of bodies and units with nothing but SQL, in a transaction that is never committed."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection

    async def top(self, table: str = "organisation") -> asyncpg.Record:
        condition = "kind = 'front_committee'" if table == "organisation" else "level = 'city'"
        row = await self.connection.fetchrow(
            f"SELECT * FROM {table} WHERE {condition} AND parent_id IS NULL AND valid_to IS NULL"
        )
        assert row is not None
        return row

    async def add(self, start: str, end: str | None = None, *, table: str = "organisation", **given: Any) -> UUID:
        top, own = await self.top(table), given.pop("id", None) or uuid4()
        name = given.pop("name", own.hex)
        values: dict[str, Any] = {
            "id": own, "name": name, "parent_id": top["id"], "path": [top["id"], own], "start_known": True,
            "plain_name": given.pop("plain_name", name), "sort_key": b"x", "source": "thử",
        }  # fmt: skip
        if table == "organisation":
            values |= {"kind": "department", "level": "city", "unit_id": top["unit_id"]}
        else:
            values |= {"code": str(next(FREE_CODES)), "type": "phường", "level": "commune"}
        values |= given
        columns = ", ".join(values)
        places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
        until = "NULL" if end is None else f"'{end}'"
        await self.connection.execute(
            f"INSERT INTO {table} ({columns}, valid_from, valid_to) VALUES ({places}, '{start}', {until})",
            *values.values(),
        )
        return own

    async def follow(
        self, before: UUID, after: UUID, day: str = DAY, kind: str = "SPLIT", ratio: str | None = None
    ) -> None:
        source = None if ratio is None else "thử"
        await self.connection.execute(
            "INSERT INTO organisation_succession (id, predecessor_id, successor_id, kind, happened_on, legal_basis,"
            f" confidence, ratio, ratio_source)"
            f" VALUES (gen_random_uuid(), $1, $2, $3, '{day}', 'thử', 'unconfirmed', {ratio or 'NULL'}, $4)",
            before, after, kind, source,
        )  # fmt: skip

    async def check(self) -> None:
        await self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        await self.connection.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
async def rows(owner: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[Rows]:
    transaction = owner.transaction()
    await transaction.start()
    yield Rows(owner)
    await transaction.rollback()


async def refused(rows: Rows, rule: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await rows.check()
    assert error.value.constraint_name == rule


async def test_everything_seeded_is_possible(rows: Rows) -> None:
    for table in ("unit", "organisation", "unit_succession", "organisation_succession"):
        column = "happened_on" if table.endswith("succession") else "valid_from"
        await rows.connection.execute(f"UPDATE {table} SET {column} = {column}")
    await rows.check()


async def test_a_possible_history_is_taken(rows: Rows) -> None:
    old, one, two = await rows.add("2026-01-01", BEFORE), await rows.add(DAY), await rows.add("2026-02-01")
    await rows.follow(old, one, ratio="0.4")
    await rows.follow(old, two, ratio="0.6")
    await rows.check()


async def test_a_refused_history_is_not_stored(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    rows = Rows(owner)
    top = await rows.top()
    with pytest.raises(asyncpg.CheckViolationError):  # not deferred past the end of a transaction of its own
        await rows.add(str(top["valid_from"].replace(year=2024)), name="Sở Quá Sớm")
    assert await owner.fetchval("SELECT count(*) FROM organisation WHERE name = 'Sở Quá Sớm'") == 0


@pytest.mark.parametrize("table", ["organisation", "unit"])
async def test_no_child_outside_its_parents_span(rows: Rows, table: str) -> None:
    parent = await rows.add("2026-01-01", BEFORE, table=table)
    top = (await rows.top(table))["id"]
    await rows.add("2026-02-01", parent_id=parent, table=table, path=[top, parent, own := uuid4()], id=own)
    await refused(rows, "parent_stands_all_the_time")


@pytest.mark.parametrize("table", ["organisation", "unit"])
async def test_no_parent_ends_above_a_child_that_stands(rows: Rows, table: str) -> None:
    parent = await rows.add("2026-01-01", table=table)
    top = (await rows.top(table))["id"]
    await rows.add("2026-02-01", parent_id=parent, table=table, path=[top, parent, own := uuid4()], id=own)
    await rows.check()
    await rows.connection.execute(f"UPDATE {table} SET valid_to = '{BEFORE}' WHERE id = $1", parent)
    await refused(rows, "parent_stands_all_the_time")


async def test_no_body_outside_its_units_span(rows: Rows) -> None:
    unit = await rows.add("2026-01-01", BEFORE, table="unit")
    await rows.add("2026-01-01", unit_id=unit)
    await refused(rows, "unit_stands_all_the_time")


async def test_no_unit_ends_under_a_body_that_stands(rows: Rows) -> None:
    ward = await rows.connection.fetchval("SELECT id FROM unit WHERE code = '31135' AND valid_to IS NULL")
    await rows.connection.execute(f"UPDATE unit SET valid_to = '{BEFORE}' WHERE id = $1", ward)
    await refused(rows, "unit_stands_all_the_time")


@pytest.mark.parametrize("table", ["organisation", "unit"])
async def test_nobody_is_its_own_ancestor(rows: Rows, table: str) -> None:
    one = await rows.add("2026-01-01", table=table)
    top = (await rows.top(table))["id"]
    two = uuid4()
    await rows.add("2026-01-01", parent_id=one, path=[top, one, two], id=two, table=table)
    await rows.connection.execute(f"UPDATE {table} SET parent_id = $1 WHERE id = $2", two, one)
    await refused(rows, "path_follows_parent")


async def test_a_path_tells_the_truth(rows: Rows) -> None:
    await rows.add("2026-01-01", path=[uuid4()])
    await refused(rows, "path_follows_parent")


async def test_a_predecessor_does_not_stand_on(rows: Rows) -> None:
    await rows.follow(await rows.add("2026-01-01"), await rows.add(DAY))
    await refused(rows, "predecessor_ends_the_day_before")


async def test_a_predecessor_does_not_come_back(rows: Rows) -> None:
    old = await rows.add("2026-01-01", BEFORE)
    await rows.follow(old, await rows.add(DAY))
    await rows.check()
    await rows.connection.execute("UPDATE organisation SET valid_to = NULL WHERE id = $1", old)
    await refused(rows, "predecessor_ends_the_day_before")


@pytest.mark.parametrize("start,end", [("2026-06-02", None), ("2026-01-01", "2026-05-31")])
async def test_a_successor_stands_on_the_day(rows: Rows, start: str, end: str | None) -> None:
    await rows.follow(await rows.add("2026-01-01", BEFORE), await rows.add(start, end))
    await refused(rows, "successor_stands_on_the_day")


@pytest.mark.parametrize("length", [2, 3])
async def test_no_chain_comes_back(rows: Rows, length: int) -> None:
    """Whatever days one gives its links: a link that closes the circle would go back in time."""
    spans = [("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-31")][:length]
    chain = [await rows.add(*span) for span in spans]
    for place in range(length - 1):
        await rows.follow(chain[place], chain[place + 1], day=spans[place + 1][0], kind="CONTINUE")
    await rows.check()
    for day in (spans[0][0], "2026-03-01" if length == 2 else "2026-04-01"):
        savepoint = rows.connection.transaction()
        await savepoint.start()
        await rows.follow(chain[-1], chain[0], day=day, kind="CONTINUE")
        with pytest.raises(asyncpg.CheckViolationError):
            await rows.check()
        await savepoint.rollback()


async def test_nobody_succeeds_itself(rows: Rows) -> None:
    body = await rows.add("2026-01-01", BEFORE)
    with pytest.raises(asyncpg.CheckViolationError):
        await rows.follow(body, body)


async def test_shares_make_at_most_the_whole(rows: Rows) -> None:
    old = await rows.add("2026-01-01", BEFORE)
    await rows.follow(old, await rows.add(DAY), ratio="0.6")
    await rows.follow(old, await rows.add(DAY), ratio="0.41")
    await refused(rows, "shares_make_at_most_the_whole")


async def test_the_whole_leaves_nothing(rows: Rows) -> None:
    old = await rows.add("2026-01-01", BEFORE)
    await rows.follow(old, await rows.add(DAY), kind="MERGE")
    await rows.follow(old, await rows.add(DAY))
    await refused(rows, "shares_make_at_most_the_whole")


@pytest.mark.parametrize("ratio", ["0", "-0.1", "1.1"])
async def test_a_share_is_a_share(rows: Rows, ratio: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await rows.follow(await rows.add("2026-01-01", BEFORE), await rows.add(DAY), ratio=ratio)


async def test_a_unit_follows_the_same_rules(rows: Rows) -> None:
    old, new = await rows.add("2026-01-01", table="unit"), await rows.add(DAY, table="unit")
    await rows.connection.execute(
        "INSERT INTO unit_succession (id, predecessor_id, successor_id, share, happened_on, legal_basis, confidence)"
        f" VALUES (gen_random_uuid(), $1, $2, 'whole', '{DAY}', 'thử', 'confirmed')",
        old,
        new,
    )
    await refused(rows, "predecessor_ends_the_day_before")


@pytest.mark.parametrize(
    "table,given,rule",
    [
        ("organisation", {"name": "Sở Thử"}, "ex_organisation_department_under_a_parent"),
        ("organisation", {"kind": "front_committee"}, "ex_organisation_kind_at_a_unit"),
        ("unit", {"name": "Phường Thử"}, "ex_unit_name_under_a_parent"),
        ("unit", {"code": "31135"}, "ex_unit_code_at_a_date"),
    ],
)
async def test_no_two_of_the_same_at_a_time(rows: Rows, table: str, given: dict[str, str], rule: str) -> None:
    if not given.keys() & {"kind", "code"}:
        await rows.add("2026-01-01", table=table, **given)  # the seed has the other two already
    with pytest.raises(asyncpg.ExclusionViolationError) as error:
        await rows.add("2026-02-01", table=table, **given)
    assert error.value.constraint_name == rule


async def test_a_child_and_the_end_of_its_parent_do_not_pass_each_other(database: Database) -> None:
    """Two transactions at once: one ends a body, one puts a child under it; one of them is refused."""
    first, second = await asyncpg.connect(database.owner_dsn), await asyncpg.connect(database.owner_dsn)
    try:
        parent = await Rows(first).add("2026-01-01", name=f"Sở {uuid4().hex}")
        top, child = (await Rows(first).top())["id"], uuid4()
        ending, adding = first.transaction(), second.transaction()
        await ending.start()
        await adding.start()
        await first.execute(f"UPDATE organisation SET valid_to = '{BEFORE}' WHERE id = $1", parent)
        await first.execute("SET CONSTRAINTS ALL IMMEDIATE")
        await Rows(second).add("2026-02-01", id=child, parent_id=parent, path=[top, parent, child])
        waiting = asyncio.create_task(second.execute("SET CONSTRAINTS ALL IMMEDIATE"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await ending.commit()
        with pytest.raises(asyncpg.CheckViolationError):
            await waiting
        await adding.rollback()
    finally:
        await first.close()
        await second.close()


async def test_a_house_in_use_is_told_what_the_migration_changes(engines: Engines, template: Database) -> None:
    """A running house has copies in its other services: every changed or added body gets a new version and an event."""
    used = await engines.create_database(f"registry_{uuid4().hex[:8]}", service="registry")
    try:
        await asyncio.to_thread(_upgrade_to, used.owner_url, "0006")
        connection = await asyncpg.connect(used.owner_dsn)
        union = await connection.fetchval(
            "SELECT id FROM organisation WHERE kind = 'trade_union' AND level = 'city' AND valid_to IS NULL"
        )
        department = await Rows(connection).add("2025-08-01", parent_id=union, path=[union, own := uuid4()], id=own)
        await connection.execute(
            "INSERT INTO account (id, username, name_sealed, password_hash, status, organisation_id, created_at,"
            " password_set_at) VALUES ($1, 'x', '', '', 'active', $2, now(), now())",
            uuid4(),
            union,
        )
        await asyncio.to_thread(_upgrade_to, used.owner_url, "0015")
        told = await connection.fetch("SELECT subject, sequence, data FROM outbox")
        changed = await connection.fetch("SELECT id, version, path FROM organisation WHERE version > 1")
        assert len(changed) == 104 * 5 + 3 + 1
        assert len(told) == len(changed) + 20
        assert {(row["subject"], row["sequence"]) for row in told} >= {(row["id"], 2) for row in changed}
        [path] = [row["path"] for row in changed if row["id"] == department]
        front = (await Rows(connection).top())["id"]
        assert path == [front, union, department]
        await connection.close()
    finally:
        await engines.drop_database(used.name)


def _upgrade_to(url: str, revision: str) -> None:
    from alembic import command

    command.upgrade(migrations.config("registry", url), revision)
