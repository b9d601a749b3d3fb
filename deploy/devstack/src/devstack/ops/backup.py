"""`ops backup` and `ops restore`."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from devstack import backups
from devstack.credentials import Credentials
from devstack.ops.options import Data, PortBase, default_data, running_engine
from devstack.ports import Ports
from devstack.postgres import Postgres
from devstack.processes import StackError


def register(app: typer.Typer) -> None:
    """Add `backup` and `restore`."""
    app.command()(backup)
    app.command()(restore)


def backup(
    target: Annotated[Path, typer.Argument(help="Folder in which a new folder with the backup is made.")],
    data: Data = default_data(),
    port_base: PortBase = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Put keys and passwords beside the data they protect.")
    ] = False,
) -> None:
    """Copy all databases (at one instant) and uploaded files of a running stack, and verify the copy."""
    engine, _ = running_engine(data.absolute(), Ports.chosen(port_base))
    if "FILES_URL" in os.environ:
        print("» files are in FILES_URL, outside the data folder: they are NOT in this backup")
    made = asyncio.run(
        backups.take(target, data=data.absolute(), admin_dsn=engine.admin_dsn, with_secrets=with_secrets, report=_say)
    )
    _say(f"the backup is {made}")
    if not with_secrets:
        _say(f"it holds no secrets: keep a copy of {data.absolute() / 'secrets'} at another place, or it is unreadable")


def restore(
    source: Annotated[Path, typer.Argument(help="Folder that `ops backup` made.")],
    data: Data = default_data(),
    replace: Annotated[bool, typer.Option("--replace", help="Move what is there aside; nothing is deleted.")] = False,
) -> None:
    """Make a stopped stack what it was when the backup was taken."""
    if "DATABASE_URL" in os.environ:
        raise StackError("restore works on the embedded PostgreSQL; unset DATABASE_URL, or see docs/operating")
    postgres = Postgres(data.absolute() / "postgres", 0, "")
    asyncio.run(
        backups.restore(source.absolute(), data=data.absolute(), postgres=postgres, replace=replace, report=_say)
    )
    Credentials(data.absolute() / "secrets")


def _say(text: str) -> None:
    print(f"» {text}", flush=True)
