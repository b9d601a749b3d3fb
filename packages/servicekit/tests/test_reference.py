"""Read copies: filled by events, rebuilt from their owner, never older than what they had."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from servicekit import reference, tables
from servicekit.events import Event
from servicekit.inbox import Consumer, Outcome, drain, handle_once
from servicekit.reference import ReferenceBook, ensure, handlers, rebuild, reference_consumer, within

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KINDS = ("organisation", "calendar_day")
NAME = reference_consumer("oversight")
CITY, WARD = uuid.UUID(int=1), uuid.UUID(int=2)


def told(kind, fact, version, data):
    return Event(
        id=uuid.uuid4(),
        type=f"registry.{kind}.changed.v1",
        source="nhipcau/registry",
        subject=fact,
        sequence=version,
        time=NOW,
        data=data,
    )


class Owner:
    """What the owner's API would answer, two facts a page."""

    def __init__(self, facts):
        self.facts = facts
        self.fail = 0

    async def page(self, kind, cursor):
        if self.fail:
            self.fail -= 1
            raise ConnectionError
        rows = [
            {"kind": k, "id": str(fact), "version": version, "data": data}
            for (k, fact), (version, data) in sorted(self.facts.items())
            if k == kind
        ]
        start = int(cursor or 0)
        return rows[start : start + 2], str(start + 2) if start + 2 < len(rows) else None


@pytest.fixture
def copies(consumer_database):
    return consumer_database


@pytest.fixture
def consumer():
    return Consumer(NAME, "REGISTRY", handlers(KINDS))


async def stored(database):
    async with database.read() as session:
        rows = await session.execute(text("SELECT kind, id, version, data FROM reference"))
        return {(row.kind, row.id): (row.version, row.data) for row in rows}


async def test_event_fills_the_copy_and_its_path(copies, consumer):
    data = {"name": "Phường Tân An", "path": [str(CITY), str(WARD)]}
    await handle_once(copies, consumer, told("organisation", WARD, 1, data), NOW)
    assert await stored(copies) == {("organisation", WARD): (1, data)}
    async with copies.read() as session:
        query = text("SELECT count(*) FROM reference WHERE path && CAST(:some AS uuid[])")
        assert await session.scalar(query, {"some": [CITY]}) == 1
        assert await session.scalar(query, {"some": [uuid.uuid4()]}) == 0


async def test_within_reaches_an_organisation_and_those_below_it(copies, consumer):
    told_of = (
        ("organisation", WARD, [CITY, WARD]),
        ("organisation", CITY, [CITY]),
        ("calendar_day", uuid.UUID(int=3), [CITY, uuid.UUID(int=3)]),
    )
    for kind, fact, path in told_of:
        data = {"path": [str(step) for step in path]}
        await handle_once(copies, consumer, told(kind, fact, 1, data), NOW)
    column = tables.reference.c.id  # the table asked is the table of the copies itself: the two must not be mixed up
    with_parameter = select(column).where(within(column, bindparam("mine", type_=ARRAY(Uuid()))))
    async with copies.read() as session:
        for mine, reached in (([CITY], {CITY, WARD}), ([WARD], {WARD}), ([WARD, CITY], {CITY, WARD}), ([], set())):
            assert set(await session.scalars(select(column).where(within(column, frozenset(mine))))) == reached
            assert set(await session.scalars(with_parameter, {"mine": mine})) == reached
        assert not set(await session.scalars(with_parameter, {"mine": [uuid.uuid4()]}))


async def test_rebuild_copies_all_pages_and_deletes_what_is_gone(copies, consumer):
    gone = uuid.uuid4()
    await handle_once(copies, consumer, told("organisation", gone, 1, {"name": "gone"}), NOW - timedelta(days=1))
    facts = {("organisation", uuid.UUID(int=n)): (n % 4 + 1, {"name": str(n)}) for n in range(1, 8)}
    facts[("calendar_day", uuid.uuid4())] = (1, {"date": "2026-01-01"})
    assert await rebuild(copies, Owner(facts).page, KINDS, NOW, consumer=NAME) == 8
    assert await stored(copies) == facts
    assert await reference.missing(copies, KINDS) == []


async def test_events_go_on_after_the_copied_version(copies, consumer):
    """The events before the copy are gone from the stream; the next one must not wait for them."""
    key = ("organisation", WARD)
    assert await handle_once(copies, consumer, told(*key, 6, {"name": "6"}), NOW) is Outcome.PARKED
    await rebuild(copies, Owner({key: (5, {"name": "5"})}).page, KINDS, NOW, consumer=NAME)
    await drain(copies, consumer, NOW)
    assert await stored(copies) == {key: (6, {"name": "6"})}
    assert await handle_once(copies, consumer, told(*key, 7, {"name": "7"}), NOW) is Outcome.APPLIED
    assert await handle_once(copies, consumer, told(*key, 5, {"name": "old"}), NOW) is Outcome.STALE


async def test_rebuild_from_an_older_page_takes_nothing_back(copies, consumer):
    key = ("organisation", WARD)
    for version in (1, 2, 3):
        await handle_once(copies, consumer, told(*key, version, {"name": str(version)}), NOW)
    await rebuild(copies, Owner({key: (2, {"name": "2"})}).page, KINDS, NOW, consumer=NAME)
    assert await stored(copies) == {key: (3, {"name": "3"})}
    assert await handle_once(copies, consumer, told(*key, 4, {"name": "4"}), NOW) is Outcome.APPLIED


async def test_rebuild_keeps_a_fact_that_came_while_it_was_reading(copies, consumer):
    late = uuid.uuid4()
    await handle_once(copies, consumer, told("organisation", late, 1, {"name": "late"}), NOW + timedelta(seconds=1))
    await rebuild(copies, Owner({("organisation", WARD): (1, {})}).page, KINDS, NOW, consumer=NAME)
    assert {key[1] for key in await stored(copies)} == {late, WARD}


async def test_ensure_asks_until_the_owner_answers_and_then_never_again(copies):
    owner = Owner({("organisation", WARD): (1, {"name": "x"})})
    owner.fail = 2
    arguments = (owner.page, KINDS, lambda: NOW, asyncio.Event())
    await asyncio.wait_for(ensure(copies, *arguments, consumer=NAME), 30)
    assert len(await stored(copies)) == 1
    owner.fail = 10
    await ensure(copies, *arguments, consumer=NAME)
    assert owner.fail == 10


async def test_book_is_ready_after_the_first_copy_and_follows_changes(copies, consumer, world):
    book = ReferenceBook(copies, KINDS)
    assert not book.ready
    async with world.background(book.run):
        await rebuild(copies, Owner({("organisation", WARD): (1, {"name": "1"})}).page, KINDS, NOW, consumer=NAME)
        await world.until(lambda: book.ready)
        assert book.get("organisation", WARD) == {"name": "1"}
        assert book.get("organisation", CITY) is None
        await handle_once(copies, consumer, told("organisation", WARD, 2, {"name": "2"}), NOW)
        await world.until(lambda: book.get("organisation", WARD) == {"name": "2"})
        before = book.revision
        await rebuild(copies, Owner({}).page, KINDS, NOW + timedelta(days=1), consumer=NAME)
        await world.until(lambda: not book.all("organisation"))
        assert book.revision > before
    with pytest.raises(TypeError):
        book.all("organisation")[CITY] = {}


async def test_book_without_kinds_is_ready(copies):
    assert ReferenceBook(copies, ()).ready


async def test_book_survives_the_loss_of_the_database(copies, consumer, engines, world):
    book = ReferenceBook(copies, KINDS)
    await rebuild(copies, Owner({("organisation", WARD): (1, {"name": "1"})}).page, KINDS, NOW, consumer=NAME)
    async with world.background(book.run):
        await world.until(lambda: book.ready)
        await engines.kill_postgres()
        await asyncio.sleep(0.2)
        assert book.get("organisation", WARD) == {"name": "1"}
        await engines.start_postgres()

        async def told_again():
            try:
                await handle_once(copies, consumer, told("organisation", WARD, 2, {"name": "2"}), NOW)
            except Exception:
                return False
            return True

        await world.until(told_again)
        await world.until(lambda: book.get("organisation", WARD) == {"name": "2"})
