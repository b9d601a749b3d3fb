"""Pages by keyset: "after this row" instead of "skip n rows", so page 1,000 costs what page 1 costs.

    @router.get("/cases")
    async def list_cases(pages: PageQuery, session: ReadSession) -> Page[CaseAnswer]:
        window = pages.window("oversight.cases", {"status": status})
        rows = await queries.cases(session, window, status)      # window.select(select(...), [t.c.opened, t.c.id])
        return window.page(rows, position=lambda row: (row.opened, row.id), item=CaseAnswer.model_validate)

A cursor names the last row's sort values and is signed together with the list and its filters: a forged one, or one
of another list, is refused with 400. Sort columns are never nullable and end with a unique one.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request
from sqlalchemy import ColumnElement, Select, literal, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from servicekit.encryption import read_key
from servicekit.errors import DomainError, Kind
from servicekit.scalars import WholeNumber
from servicekit.text import Answer

T = TypeVar("T")
S = TypeVar("S", bound=Select[*tuple[Any, ...]])
SortColumn = ColumnElement[Any] | InstrumentedAttribute[Any]
LARGEST: Final = 100
USUAL: Final = 50
_MAC: Final = 16


class InvalidCursor(DomainError):
    """The cursor was not given out by this list."""

    kind = Kind.MALFORMED
    code = "invalid_cursor"
    vi = "Con trỏ trang không hợp lệ cho danh sách này. Hãy tải lại từ trang đầu."
    en = "The page cursor does not belong to this list. Start again from the first page."


class Page(Answer, Generic[T]):
    """One page of a list; `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None = None


def cursor_key(index_key: bytes) -> bytes:
    """Derive the key that signs cursors from INDEX_KEY, so one secret serves two uses safely."""
    return hmac.digest(index_key, b"servicekit.pages", "sha256")


def encode_cursor(key: bytes, scope: str, values: Sequence[Any]) -> str:
    """Return a signed cursor for these sort values."""
    payload = json.dumps([_pack(value) for value in values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(key, scope, payload) + payload).rstrip(b"=").decode()


def decode_cursor(key: bytes, scope: str, cursor: str) -> tuple[Any, ...]:
    """Return the sort values. Raises InvalidCursor for anything this list did not give out."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCursor from None
    mac, payload = raw[:_MAC], raw[_MAC:]
    if not hmac.compare_digest(mac, _mac(key, scope, payload)):
        raise InvalidCursor
    return tuple(_unpack(item) for item in json.loads(payload))


def _mac(key: bytes, scope: str, payload: bytes) -> bytes:
    return hmac.digest(key, scope.encode() + b"\0" + payload, "sha256")[:_MAC]


def _pack(value: Any) -> list[Any]:
    match value:
        case None | bool() | int() | str():
            return ["", value]
        case UUID():
            return ["u", str(value)]
        case datetime():
            return ["t", value.isoformat()]
        case date():
            return ["d", value.isoformat()]
        case Decimal():
            return ["n", str(value)]
        case bytes():
            return ["b", value.hex()]
    raise TypeError(f"a cursor cannot hold a {type(value).__name__}")


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "": lambda value: value,
    "u": UUID,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "n": Decimal,
    "b": bytes.fromhex,
}


def _unpack(item: list[Any]) -> Any:
    return _READERS[item[0]](item[1])


def after(
    columns: Sequence[SortColumn], values: Sequence[Any] | None, *, descending: bool = False
) -> ColumnElement[bool]:
    """Return the condition for rows after these sort values; always true when there are none."""
    if values is None:
        return true()
    if len(values) != len(columns):
        raise InvalidCursor
    here = tuple_(*columns)
    there = tuple_(*(literal(value, column.type) for column, value in zip(columns, values, strict=True)))
    return here < there if descending else here > there


@dataclass(frozen=True, slots=True)
class Window:
    """One list's page: how many rows, after which sort values, and how the next cursor is signed."""

    limit: int
    position: tuple[Any, ...] | None
    scope: str
    key: bytes

    def select(self, statement: S, columns: Sequence[SortColumn], *, descending: bool = False) -> S:
        """Add the condition, the order and the limit; one row more tells whether there is a next page."""
        order = [column.desc() if descending else column.asc() for column in columns]
        condition = after(columns, self.position, descending=descending)
        return statement.where(condition).order_by(*order).limit(self.limit + 1)

    def page(
        self, rows: Sequence[Any], *, position: Callable[[Any], Sequence[Any]], item: Callable[[Any], T]
    ) -> Page[T]:
        """Build the answer from the rows of `select`; `position` gives a row's sort values."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        cursor = encode_cursor(self.key, self.scope, position(shown[-1])) if more else None
        return Page(items=[item(row) for row in shown], next_cursor=cursor)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the caller asked for; `window` ties it to one list."""

    limit: int
    cursor: str | None
    key: bytes

    def window(self, scope: str, filters: Mapping[str, object] | None = None) -> Window:
        """Return the window of the list `scope` under these filters. Raises InvalidCursor."""
        given = {name: str(value) for name, value in (filters or {}).items() if value is not None}
        full = f"{scope}?{json.dumps(given, sort_keys=True)}"
        position = decode_cursor(self.key, full, self.cursor) if self.cursor else None
        return Window(self.limit, position, full, self.key)


async def _page_request(
    request: Request,
    limit: Annotated[
        int, WholeNumber(ge=1, le=LARGEST, text=True), Query(description="Rows on a page, 1 to 100.")
    ] = USUAL,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before.")] = None,
) -> PageRequest:
    state = request.app.state
    if not hasattr(state, "cursor_key"):
        state.cursor_key = cursor_key(read_key(state.runtime.settings.index_key.get_secret_value()))
    return PageRequest(limit, cursor, state.cursor_key)


PageQuery = Annotated[PageRequest, Depends(_page_request)]
"""Dependency: `limit` and `cursor` of the query string."""
