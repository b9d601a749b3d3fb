"""Keyset pages against real PostgreSQL: every row once, forged cursors refused, the order that was asked for."""

import base64
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import Column, Date, DateTime, LargeBinary, MetaData, Numeric, Table, Text, Uuid, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from servicekit import problems
from servicekit.encryption import read_key
from servicekit.pages import (
    InvalidCursor,
    Page,
    PageQuery,
    PageRequest,
    Window,
    after,
    cursor_key,
    decode_cursor,
    encode_cursor,
)
from servicekit.text import Answer
from servicekit.vietnamese import sort_key

KEY = cursor_key(os.urandom(32))
CASE = Table(
    "paged_case",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("opened", DateTime(timezone=True), nullable=False),
    Column("due", Date, nullable=False),
    Column("value", Numeric(28, 10), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", LargeBinary, nullable=False),
)
BY_OPENED = (CASE.c.opened, CASE.c.id)


class CaseAnswer(Answer):
    id: UUID
    name: str


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    names = ["Đông", "An", "Ân", "Thới Lai", "Ô Môn"]
    return [
        {
            "id": uuid4(),
            "opened": start + timedelta(hours=n // 4),  # four share each moment: the id decides
            "due": date(2026, 1, 1) + timedelta(n % 7),
            "value": Decimal(n) / 7,
            "name": names[n % 5],
            "name_key": sort_key(names[n % 5]),
        }
        for n in range(60)
    ]


@pytest.fixture
async def engine(made: SimpleNamespace, rows: list[dict[str, Any]]) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(made.urls.owner_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(CASE.metadata.create_all)
        await connection.execute(CASE.insert(), rows)
    yield engine
    await engine.dispose()


async def read_all(engine: AsyncEngine, columns: tuple[Any, ...], *, limit: int, descending: bool) -> list[Any]:
    seen: list[Any] = []
    cursor = None
    async with engine.connect() as connection:
        for _ in range(100):
            window = PageRequest(limit, cursor, KEY).window("cases", {"status": "open"})
            found = (await connection.execute(window.select(select(CASE), columns, descending=descending))).all()
            page: Page[Any] = window.page(
                found, position=lambda row: [getattr(row, column.name) for column in columns], item=lambda row: row
            )
            assert len(page.items) <= limit
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                return seen
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("limit", [1, 7, 30, 59, 60, 61])
@pytest.mark.parametrize("descending", [False, True])
async def test_every_row_once_in_order(
    engine: AsyncEngine, rows: list[dict[str, Any]], limit: int, descending: bool
) -> None:
    seen = [row.id for row in await read_all(engine, BY_OPENED, limit=limit, descending=descending)]
    expected = sorted(rows, key=lambda row: (row["opened"], row["id"]), reverse=descending)
    assert seen == [row["id"] for row in expected]


@pytest.mark.parametrize("column", ["due", "value", "name_key"])
async def test_other_sort_columns(engine: AsyncEngine, rows: list[dict[str, Any]], column: str) -> None:
    seen = await read_all(engine, (CASE.c[column], CASE.c.id), limit=9, descending=False)
    expected = sorted(rows, key=lambda row: (row[column], row["id"]))
    assert [row.id for row in seen] == [row["id"] for row in expected]


async def test_rows_added_behind_the_reader_do_not_shift_pages(engine: AsyncEngine, rows: list[dict[str, Any]]) -> None:
    async with engine.begin() as connection:
        first = Window(10, None, "cases", KEY)
        shown = (await connection.execute(first.select(select(CASE), BY_OPENED))).all()[:10]
        earlier = rows[0] | {"id": uuid4(), "opened": datetime(2025, 1, 1, tzinfo=UTC)}
        await connection.execute(CASE.insert(), [earlier])
        second = Window(10, (shown[-1].opened, shown[-1].id), "cases", KEY)
        more = (await connection.execute(second.select(select(CASE), BY_OPENED))).all()[:10]
    assert not {row.id for row in shown} & {row.id for row in more}


VALUES: list[Any] = [
    None,
    True,
    -5,
    "Ô Môn",
    uuid4(),
    datetime(2026, 1, 1, 1, 2, 3, 456789, tzinfo=UTC),
    date(2026, 1, 1),
    Decimal("12.50"),
    b"\x00\xff",
]


def test_cursor_keeps_the_types() -> None:
    back = decode_cursor(KEY, "cases", encode_cursor(KEY, "cases", VALUES))
    assert list(back) == VALUES
    assert [type(value) for value in back] == [type(value) for value in VALUES]
    with pytest.raises(TypeError):
        encode_cursor(KEY, "cases", [1.5])


def test_forged_and_foreign_cursors() -> None:
    cursor = encode_cursor(KEY, "cases?{}", [1, uuid4()])
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    forged = [raw[:16] + json.dumps([["", 2]]).encode(), raw[:-1], raw[16:], b""]
    forged += [raw[:n] + bytes([raw[n] ^ 1]) + raw[n + 1 :] for n in range(len(raw))]
    for bad in forged:
        with pytest.raises(InvalidCursor):
            decode_cursor(KEY, "cases?{}", base64.urlsafe_b64encode(bad).decode().rstrip("="))
    for key, scope in ((KEY, "reports?{}"), (KEY, 'cases?{"a":1}'), (cursor_key(b"other"), "cases?{}")):
        with pytest.raises(InvalidCursor):
            decode_cursor(key, scope, cursor)


@given(st.text(max_size=200))
def test_no_cursor_fails_in_another_way(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(KEY, "cases", cursor)


def test_a_cursor_of_other_columns_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        after(BY_OPENED, [datetime.now(UTC)])


def test_filters_belong_to_the_cursor() -> None:
    first = PageRequest(1, None, KEY).window("cases", {"status": "open", "unit": None})
    page: Page[Any] = first.page([1, 2], position=lambda row: [row], item=lambda row: row)
    again = PageRequest(1, page.next_cursor, KEY).window("cases", {"status": "open"})
    assert again.position == (1,)
    for filters in ({"status": "closed"}, {}, {"status": "open", "unit": "31147"}):
        with pytest.raises(InvalidCursor):
            PageRequest(1, page.next_cursor, KEY).window("cases", filters)


@pytest.fixture
def app() -> FastAPI:
    made = FastAPI()
    index_key = base64.b64encode(os.urandom(32)).decode()
    made.state.runtime = SimpleNamespace(settings=SimpleNamespace(index_key=SecretStr(index_key)))
    problems.install(made)

    @made.get("/cases")
    async def list_cases(pages: PageQuery, status: Annotated[str | None, Query()] = None) -> Page[CaseAnswer]:
        window = pages.window("cases", {"status": status})
        start = window.position[0] + 1 if window.position else 0
        rows = list(range(start, min(start + window.limit + 1, 5)))
        return window.page(rows, position=lambda n: (n,), item=lambda n: CaseAnswer(id=UUID(int=n), name=str(n)))

    return made


async def test_the_dependency(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        first = (await client.get("/cases", params={"limit": 2})).json()
        assert [item["name"] for item in first["items"]] == ["0", "1"]
        second = (await client.get("/cases", params={"limit": 3, "cursor": first["next_cursor"]})).json()
        assert [item["name"] for item in second["items"]] == ["2", "3", "4"]
        assert second["next_cursor"] is None
        bad_cursor = {"cursor": first["next_cursor"], "status": "open"}
        refused = await client.get("/cases", params=bad_cursor)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")
        for limit in ("-1", "0", "101", "1000000000", "9" * 30, "1_0", "abc", "", "%00", "5 "):
            assert (await client.get("/cases", params={"limit": limit})).status_code == 422, limit
        for cursor in ("x", "%00", "\x00", "é", "a" * 2001):
            assert (await client.get("/cases", params={"cursor": cursor})).status_code in (400, 422), cursor
    expected = cursor_key(read_key(app.state.runtime.settings.index_key.get_secret_value()))
    assert app.state.cursor_key == expected


def test_the_openapi_document(app: FastAPI) -> None:
    document = app.openapi()
    parameters = {item["name"]: item["schema"] for item in document["paths"]["/cases"]["get"]["parameters"]}
    assert (parameters["limit"]["minimum"], parameters["limit"]["maximum"]) == (1, 100)
    assert parameters["limit"]["default"] == 50
    page = document["components"]["schemas"]["Page_CaseAnswer_"]
    assert page["required"] == ["items", "next_cursor"]
