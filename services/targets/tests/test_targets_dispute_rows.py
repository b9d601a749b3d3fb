"""The second wall of disputes: a plain SELECT finds exactly those that the API lists, and nobody finds none."""

import uuid
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import BOARD, CITY, COMMUNES, House, Person, report_body
from test_targets_dashboard import approve
from test_targets_disputes import HERE, THERE, body, submissions
from test_targets_row_security import scope

from servicekit.db import Database
from servicekit.row_scope import PUBLIC
from targets.domain.roles import READERS

PLACES = (CITY, BOARD, HERE, THERE, COMMUNES[2], uuid.uuid4())
TABLES = {"dispute": "id", "dispute_subject": "dispute_id", "dispute_change": "dispute_id"}


async def found(database: Database, whose: Any) -> dict[str, set[str]]:
    async with database.read(whose) as session:
        return {
            table: {str(one) for one in await session.scalars(text(f"SELECT {column} FROM {table}"))}
            for table, column in TABLES.items()
        }


@pytest.fixture
async def raised(
    period: Any, operator: Person, verifier: Person, approver: Person, house: House, database: Database
) -> str:
    """The neighbour disputes the first commune's figure by feedback it received; its id."""
    await period()
    await approve(operator, verifier, approver, report_body(HERE))
    ids = await submissions(database, 3, THERE)
    made = await house.person(("front_officer", THERE)).post("/disputes", body(*ids, kind="feedback_cluster"))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@pytest.mark.parametrize("role", sorted(READERS))
async def test_without_its_filter_a_read_finds_exactly_what_the_list_shows(
    raised: str, house: House, database: Database, role: str
) -> None:
    numbers = []
    for place in PLACES:
        shown = await house.person((role, place)).get("/disputes")
        listed = {item["id"] for item in shown.json()["items"]}
        assert await found(database, scope((role, place))) == dict.fromkeys(TABLES, listed), place
        numbers.append(len(listed))
    on_board = int(role in {"monitoring_officer", "approver", "auditor"})
    assert numbers == [1, on_board, 1, 1, 0, 0]


async def test_nobody_sees_why_and_everybody_sees_that(raised: str, database: Database) -> None:
    assert await found(database, PUBLIC) == {table: set() for table in TABLES}
    async with database.read_facts() as session:
        marked = (
            await session.execute(text("SELECT organisation_id FROM open_disputes(NULL, NULL, NULL, NULL)"))
        ).all()
    assert [row.organisation_id for row in marked] == [HERE]


async def test_what_a_request_may_not_do(raised: str, database: Database) -> None:
    neighbour = scope(("front_officer", COMMUNES[2]))
    async with database.write(neighbour) as session:
        assert (await session.execute(text("UPDATE dispute SET text = 'x'"))).rowcount == 0
    owner = scope(("front_officer", HERE))
    for statement in (
        "DELETE FROM dispute",
        "UPDATE dispute_subject SET subject_kind = 'x'",
        "UPDATE dispute_change SET text = 'x'",
        "UPDATE dispute_kind SET minimum_subjects = 1",
        f"UPDATE dispute SET organisation_id = '{UUID(int=1)}', source_organisation_id = '{UUID(int=1)}'",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
            async with database.write(owner) as session:
                await session.execute(text(statement))
