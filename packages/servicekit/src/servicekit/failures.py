"""Which failures are about the moment and not about the content: trying the same again later may succeed."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What a raw asyncpg connection may raise when its server goes; the connection is of no use afterwards."""
_CLASSES = ("08", "40", "53", "57P", "58")
"""SQLSTATE prefixes: connection, rollback (serialisation, deadlock), resources, shutdown, system."""
_CLIENT_SIDE = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)
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
        return error.orig is not None and isinstance(error.orig.__cause__, _CLIENT_SIDE)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state == _LOCK_NOT_AVAILABLE or state.startswith(_CLASSES)
    return isinstance(error, _CLIENT_SIDE)
