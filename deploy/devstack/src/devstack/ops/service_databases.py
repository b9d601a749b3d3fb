"""The services' databases, opened for a command as the services open them: app role, servicekit's pools."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devstack import paths
from devstack.databases import describe, sqlalchemy_url
from devstack.ops.options import running_engine
from devstack.ports import Ports
from devstack.processes import StackError

if TYPE_CHECKING:
    from servicekit.db import Database

Services = Annotated[list[str] | None, typer.Option("--service", help="Only this service; may be given again.")]


def chosen(services: Sequence[str] | None) -> tuple[str, ...]:
    """The services a person named, or all; StackError for a name that is none."""
    unknown = set(services or ()) - set(paths.SERVICES)
    if unknown:
        raise StackError(f"there is no service {', '.join(sorted(unknown))}; there are {', '.join(paths.SERVICES)}")
    return tuple(services or paths.SERVICES)


async def opened(data: Path, ports: Ports, services: Sequence[str] | None) -> AsyncIterator["tuple[str, Database]"]:
    """Each service's name and database, closed before the next is opened."""
    from servicekit.db import Database  # here, because `up` should not wait for SQLAlchemy

    engine, credentials = running_engine(data, ports)
    for service in chosen(services):
        rows = describe(engine.admin_dsn, service, service=service, passwords=credentials.database(service))
        database = Database(sqlalchemy_url(rows.app_dsn), pool=2, application="ops")
        try:
            yield service, database
        finally:
            await database.close()
