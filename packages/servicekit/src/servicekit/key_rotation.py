"""Re-encrypts sealed columns under the current key, batch by batch, while the service runs.

After `rotate_table` of every table has returned 0 and the old key's backups have expired, the old key can leave
KEYRING. Rows are found by the header of the sealed value, so a second run costs one scan and changes nothing.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sqlalchemy import Column, LargeBinary, Table, and_, bindparam, func, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.encryption import Keyring, context, open_, seal

Place = Callable[[str, Any], str]
"""(column name, row id) → the context the value was sealed with."""


class Writer(Protocol):
    """What gives a transaction that commits at its end: `servicekit.db.Database`."""

    def write(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a transaction."""
        ...


def place_of_row(table: str) -> Place:
    """Return the contexts of values bound to their row."""
    return lambda column, row_id: context(table, column, row_id)


def place_of_column(table: str) -> Place:
    """Return the contexts of EncryptedText columns, which are bound to their column only."""
    return lambda column, _row_id: context(table, column)


async def rotate(
    session: AsyncSession,
    table: Table,
    columns: Sequence[str],
    *,
    keyring: Keyring,
    place: Place,
    after: Any = None,
    batch: int = 500,
) -> tuple[int, Any]:
    """Re-encrypt one batch in the caller's transaction; return how many rows, and the last id for the next call.

    The rows are locked while they are re-encrypted, so a change at the same time is neither lost nor undone.
    Raises CannotOpen when a value does not open; nothing of the batch is then stored.
    """
    (identity,) = table.primary_key.columns
    raw = {name: type_coerce(table.c[name], LargeBinary) for name in columns}
    stale = or_(*(_is_stale(column, keyring) for column in raw.values()))
    statement = (
        select(identity.label("row_id"), *(column.label(name) for name, column in raw.items()))
        .where(stale if after is None else and_(stale, identity > after))
        .order_by(identity)
        .limit(batch)
        .with_for_update()
    )
    rows = (await session.execute(statement)).mappings().all()
    if not rows:
        return 0, after
    changes = [
        {"row_id_": row["row_id"]}
        | {f"{name}_": _again(keyring, row[name], place(name, row["row_id"])) for name in columns}
        for row in rows
    ]
    change = (
        update(table)
        .where(identity == bindparam("row_id_"))
        .values({name: bindparam(f"{name}_", type_=LargeBinary) for name in columns})
    )
    connection = await session.connection()
    await connection.execute(change, changes)
    return len(rows), rows[-1]["row_id"]


async def rotate_table(
    database: Writer, table: Table, columns: Sequence[str], *, keyring: Keyring, place: Place, batch: int = 500
) -> int:
    """Re-encrypt a whole table, one transaction per batch; return how many rows changed."""
    done, after = 0, None
    while True:
        async with database.write() as session:
            count, after = await rotate(session, table, columns, keyring=keyring, place=place, after=after, batch=batch)
        if count == 0:
            return done
        done += count


def _is_stale(column: Any, keyring: Keyring) -> Any:
    prefix = keyring.current_prefix
    return and_(column.is_not(None), func.substring(column, 1, len(prefix)) != prefix)


def _again(keyring: Keyring, sealed: bytes | None, place: str) -> bytes | None:
    if sealed is None or sealed.startswith(keyring.current_prefix):
        return sealed
    return seal(keyring, open_(keyring, sealed, place), place)


def column_names(table: Table, kind: type[Any]) -> list[str]:
    """Return the columns of a table whose type is `kind`, for example every EncryptedText."""
    return [column.name for column in table.columns if _has_kind(column, kind)]


def _has_kind(column: Column[Any], kind: type[Any]) -> bool:
    return isinstance(column.type, kind)
