"""The services' databases and readers, opened for a command as the services open them: app role, servicekit's pools."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devstack import paths
from devstack.databases import Database as Place
from devstack.databases import describe, sqlalchemy_url
from devstack.ops.options import running_engine
from devstack.ports import Ports
from devstack.processes import StackError

if TYPE_CHECKING:
    from servicekit.db import Database
    from servicekit.inbox import Consumer

Services = Annotated[list[str] | None, typer.Option("--service", help="Only this service; may be given again.")]


def chosen(services: Sequence[str] | None) -> tuple[str, ...]:
    """The services a person named, or all; StackError for a name that is none."""
    unknown = set(services or ()) - set(paths.SERVICES)
    if unknown:
        raise StackError(f"there is no service {', '.join(sorted(unknown))}; there are {', '.join(paths.SERVICES)}")
    return tuple(services or paths.SERVICES)


def place_of(data: Path, ports: Ports, service: str) -> Place:
    """Connection strings of one service's database."""
    engine, credentials = running_engine(data, ports)
    return describe(engine.admin_dsn, service, service=service, passwords=credentials.database(service))


@asynccontextmanager
async def opened_one(data: Path, ports: Ports, service: str, *, pool: int = 2) -> "AsyncIterator[Database]":
    """One service's database; StackError when it does not answer or was never migrated."""
    from sqlalchemy import text  # here, because `up` should not wait for SQLAlchemy
    from sqlalchemy.exc import DBAPIError

    from servicekit.db import Database

    database = Database(sqlalchemy_url(place_of(data, ports, service).app_dsn), pool=pool, application="ops")
    try:
        try:
            async with database.read() as session:
                migrated = await session.scalar(text("SELECT to_regclass('public.outbox') IS NOT NULL"))
        except (OSError, DBAPIError) as away:
            raise StackError(
                f"the database {service} does not answer ({type(away).__name__}); start the stack first: ./nhipcau up"
            ) from None
        if not migrated:
            raise StackError(f"the database {service} has no tables yet: run ./nhipcau up once")
        yield database
    finally:
        await database.close()


async def opened(data: Path, ports: Ports, services: Sequence[str] | None) -> "AsyncIterator[tuple[str, Database]]":
    """Each service's name and database, closed before the next is opened."""
    for service in chosen(services):
        async with opened_one(data, ports, service) as database:
            yield service, database


@dataclass(frozen=True)
class Readers:
    """How one service reads the others: its consumers, and the kinds of facts it copies from the registry."""

    service: str
    consumers: "tuple[Consumer, ...]"
    references: tuple[str, ...]


def quiet_logs() -> None:
    """Keep the log lines of the services' mechanisms out of a command's output."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def readers_of(service: str) -> Readers:
    """The service's own handlers, imported from its code."""
    quiet_logs()
    parts = import_module(f"{service}.app").SERVICE
    return Readers(service, tuple(parts.consumers), tuple(parts.references))
