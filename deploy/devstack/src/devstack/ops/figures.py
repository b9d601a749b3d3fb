"""`ops recompute`: make the figures of the indicators counted from events anew."""

import subprocess
import sys
from typing import Annotated

import typer

from devstack.environment import of_service
from devstack.ops.options import Data, PortBase, default_data, running_engine
from devstack.ports import Ports


def register(app: typer.Typer) -> None:
    """Add `recompute`."""
    app.command("recompute")(recompute)


def recompute(
    from_owners: Annotated[
        bool,
        typer.Option("--from-owners", help="Ask feedback and oversight, which must be running, first."),
    ] = False,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Count every item of targets anew and put wrong figures right: GEN-04, OVS-01 to 06, TASK-5.2. Bears repeating."""
    ports = Ports.chosen(port_base)
    engine, credentials = running_engine(data.absolute(), ports)
    environment = of_service(
        "targets", ports=ports, credentials=credentials, engine=engine, data=data.absolute(), extra={}
    )
    command = [sys.executable, "-P", "-m", "targets", "refetch" if from_owners else "recompute"]
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)
