"""The second wall of targets: a plain SELECT finds exactly the reports that the API lists, and nobody finds none."""

import uuid
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import BOARD, CITY, COMMUNES, NOW, House, Person, organisation_id, report_body

from devstack.databases import Database as MadeDatabase
from devstack.testing import tell_facts
from servicekit.db import Database
from servicekit.identity import Actor, Grant
from servicekit.row_scope import PUBLIC, Scope, scope_of_actor
from targets.app import SERVICE
from targets.domain.roles import READERS

HERE, THERE, DISTRICT_BOARD = COMMUNES[0], COMMUNES[1], organisation_id("district board")
PLACES = (CITY, BOARD, HERE, THERE, COMMUNES[2], DISTRICT_BOARD, uuid.uuid4())
NOTHING = {"report": set(), "report_change": set()}


def scope(*grants: tuple[str, UUID]) -> Scope:
    actor = Actor("person", uuid.uuid4(), uuid.uuid4(), tuple(Grant(role, where) for role, where in grants))
    return scope_of_actor(actor, SERVICE.groups)


async def found(database: Database, whose: Scope | None) -> dict[str, set[str]]:
    """The reports whose rows a plain SELECT finds, by table."""
    async with database.read(whose) as session:
        return {
            table: {str(one) for one in await session.scalars(text(f"SELECT {column} FROM {table}"))}
            for table, column in (("report", "id"), ("report_change", "report_id"))
        }


@pytest.fixture
async def filled(period: Callable[..., Any], operator: Person, database: Database) -> set[str]:
    """A report of two communes, and a monitoring board of a former district."""
    await period()
    data = {"kind": "mass_mobilisation_board", "level": "district", "path": [str(DISTRICT_BOARD)]}
    async with database.write() as session:
        await tell_facts(session, [{"kind": "organisation", "id": DISTRICT_BOARD, "data": data}], NOW)
    made = [await operator.post("/reports", report_body(where)) for where in (HERE, THERE)]
    return {answer.json()["id"] for answer in made}


@pytest.mark.parametrize("role", [*sorted(READERS), "handler", "administrator"])
async def test_without_its_filter_a_read_finds_exactly_what_the_list_shows(
    house: House, filled: set[str], database: Database, role: str
) -> None:
    numbers = {}
    for place in PLACES:
        shown = await house.person((role, place)).get("/reports")
        assert shown.status_code == (200 if role in READERS else 403)
        listed = {item["id"] for item in shown.json()["items"]} if shown.status_code == 200 else set()
        assert await found(database, scope((role, place))) == {"report": listed, "report_change": listed}
        numbers[place] = len(listed)
    if role in READERS:
        on_board = 2 if role in {"monitoring_officer", "approver", "auditor"} else 0
        assert [numbers[place] for place in PLACES] == [2, on_board, 1, 1, 0, 0, 0]


async def test_a_role_that_reads_nothing_opens_nothing_beside_one_that_reads(
    house: House, filled: set[str], database: Database
) -> None:
    both = (("reporter", HERE), ("handler", CITY))
    listed = {item["id"] for item in (await house.person(*both).get("/reports")).json()["items"]}
    assert len(listed) == 1
    assert (await found(database, scope(*both)))["report"] == listed


async def test_nobody_sees_nothing_and_the_house_everything(
    filled: set[str], database: Database, made: MadeDatabase
) -> None:
    assert await found(database, PUBLIC) == await found(database, scope_of_actor(None, SERVICE.groups)) == NOTHING
    assert await database.fetch("SELECT id FROM report") == []
    async with database.read_facts() as session:
        assert (await session.scalars(text("SELECT id FROM report"))).all() == []
    assert await found(database, None) == {"report": filled, "report_change": filled}
    owner = await asyncpg.connect(made.owner_dsn)
    try:
        assert await owner.fetchval("SELECT count(*) FROM report") == 0
        await owner.execute("ALTER TABLE report DISABLE ROW LEVEL SECURITY")
        assert len(await database.fetch("SELECT id FROM report")) == 2  # so the policies, and nothing else, hid them
    finally:
        await owner.close()


async def test_no_report_of_others_can_be_changed(filled: set[str], database: Database) -> None:
    neighbour = scope(("reporter", THERE), ("verifier", THERE), ("approver", DISTRICT_BOARD))
    async with database.write(neighbour) as session:
        assert (await session.execute(text("UPDATE report SET note = 'x'"))).rowcount == 1
    async with database.read() as session:
        changed = "SELECT organisation_id FROM report WHERE note = 'x'"
        assert (await session.scalars(text(changed))).all() == [THERE]
    for statement in (
        "UPDATE report_change SET reason = 'x'",
        "SELECT id FROM outbox",
        "SELECT id FROM audit_entry",
        "UPDATE deadline_change SET new_on = old_on",
        f'INSERT INTO report SELECT (jsonb_populate_record(r, \'{{"organisation_id": "{HERE}"}}\')).* FROM report r',
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
            async with database.write(neighbour) as session:
                await session.execute(text(statement))
    # A draft nobody was told of may be taken back by an import; of the two reports that is the neighbour's own.
    async with database.write(neighbour) as session:
        assert (await session.execute(text("DELETE FROM report"))).rowcount == 1
    async with database.read() as session:
        assert (await session.scalars(text("SELECT organisation_id FROM report"))).all() == [HERE]
