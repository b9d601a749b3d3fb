"""Options that every command shares: where the data lies, which ports, and which engines."""

import os
from pathlib import Path
from typing import Annotated

import typer

from devstack import paths
from devstack.credentials import Credentials
from devstack.environment import Engine
from devstack.nats import Nats
from devstack.ports import Ports
from devstack.postgres import Postgres
from devstack.processes import StackError

Data = Annotated[
    Path, typer.Option("--data", envvar="NHIPCAU_DATA", help="Folder of databases, streams, files, secrets and logs.")
]
PortBase = Annotated[
    int | None,
    typer.Option(
        "--port-base", envvar="NHIPCAU_PORT_BASE", help="First of nine ports in a row, instead of the defaults."
    ),
]


def default_data() -> Path:
    """`.data` beside the code."""
    return paths.DEFAULT_DATA


def running_engine(data: Path, ports: Ports) -> tuple[Engine, Credentials]:
    """Engines of the stack on `data`, for an administrator; StackError when none was ever started there."""
    if not (data / "secrets").is_dir():
        raise StackError(
            f"there is no stack in {data}: start it once with ./nhipcau up, or name its folder with --data"
        )
    credentials = Credentials(data / "secrets")
    postgres = Postgres(data / "postgres", ports.postgres, credentials.read("postgres_password"))
    nats = Nats(data / "nats", ports.nats, ports.nats_monitor, credentials.nats())
    given = os.environ.get("NATS_URL")
    engine = Engine(
        admin_dsn=os.environ.get("DATABASE_URL") or postgres.dsn(),
        nats_url=given or nats.url(),
        nats_is_ours=given is None,
    )
    return engine, credentials
