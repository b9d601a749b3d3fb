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
    for refused in (DBAPIError, asyncpg.PostgresError):
        app.add_exception_handler(refused, _database_error)
    driver = (asyncpg.InterfaceError, asyncpg.InternalClientError)
    for unreachable in (PoolTimeout, OSError, asyncio.TimeoutError, *driver):
        app.add_exception_handler(unreachable, _unreachable)


def translate(error: Exception) -> DomainError:
    """Return the domain error for a database error; what is not the caller's doing is Unavailable."""
    return _BY_STATE.get(_state(error), Unavailable)()


def _state(error: Exception) -> str:
    """Return the SQLSTATE of an error of SQLAlchemy or of the driver itself; "" when the server gave none."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", "") or "")


async def _database_error(request: Request, error: Exception) -> JSONResponse:
    of_parameters = isinstance(error, DBAPIError) and isinstance(error.orig, TypeError | ValueError)
    if _state(error)[:2] in ("25", "42", "XX") or of_parameters:
        raise error  # our own mistake: let it be a 500 with its trace in the log
    return answer(request, translate(error))


async def _unreachable(request: Request, error: Exception) -> JSONResponse:
    return answer(request, Unavailable())
