"""What PostgreSQL refuses, told as domain errors; its own text never leaves."""

import asyncio

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from servicekit.errors import AlreadyExists, Conflict, DomainError, Invalid, Unavailable
from servicekit.problems import answer

_BY_STATE: dict[str, type[DomainError]] = {
    "23505": AlreadyExists,  # unique_violation
    "23P01": Conflict,  # exclusion_violation
    "23503": Conflict,  # foreign_key_violation
    "23514": Invalid,  # check_violation
    "23502": Invalid,  # not_null_violation
    "22021": Invalid,  # character_not_in_repertoire
    "22P05": Invalid,  # untranslatable_character
    "22003": Invalid,  # numeric_value_out_of_range
    "22008": Invalid,  # datetime_field_overflow
    "40001": Conflict,  # serialization_failure
    "40P01": Conflict,  # deadlock_detected
}


def install(app: FastAPI) -> None:
    """Register the handlers on an application."""
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(PoolTimeout, _unreachable)
    for error in (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        app.add_exception_handler(error, _unreachable)


def translate(error: DBAPIError) -> DomainError:
    """Return the domain error for a database error; what is not the caller's doing is Unavailable."""
    state = str(getattr(error.orig, "sqlstate", "") or "")
    return _BY_STATE.get(state, Unavailable)()


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    state = str(getattr(error.orig, "sqlstate", "") or "")
    if state[:2] in ("25", "42", "XX") or (isinstance(error.orig, TypeError | ValueError)):
        raise error  # our own mistake: let it be a 500 with its trace in the log
    return answer(request, translate(error))


async def _unreachable(request: Request, error: Exception) -> JSONResponse:
    return answer(request, Unavailable())
