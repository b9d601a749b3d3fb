"""Which failures are about the moment and not about the content: trying the same again later may succeed."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES = ("08", "40", "53", "57P", "58")
"""SQLSTATE prefixes: connection, rollback (serialisation, deadlock), resources, shutdown, system."""
_LOCK_NOT_AVAILABLE = "55P03"


def is_transient(error: BaseException) -> bool:
    """Say whether the database was away, busy or restarting.

    A statement cancelled by its timeout (57014) is not: one that always takes too long would be retried for ever.
    """
    if isinstance(error, PoolTimeout | OSError | TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
        if isinstance(state, str):
            return state == _LOCK_NOT_AVAILABLE or state.startswith(_CLASSES)
        return isinstance(error.orig.__cause__, OSError | asyncpg.InterfaceError) if error.orig else False
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state == _LOCK_NOT_AVAILABLE or state.startswith(_CLASSES)
    return isinstance(error, asyncpg.InterfaceError)
