"""`ops audit verify`: recompute the chain over every service's audit."""

import asyncio
from pathlib import Path

import typer

from devstack.ops.options import Data, PortBase, default_data
from devstack.ops.service_databases import Services, opened
from devstack.ports import Ports


def register(app: typer.Typer) -> None:
    """Add `audit verify`."""
    group = typer.Typer(no_args_is_help=True, help="The record of who did what.")
    group.command("verify")(verify_audit)
    group.callback()(lambda: None)  # keeps `verify` a word of its own while it is the only command
    app.add_typer(group, name="audit")


def verify_audit(service: Services = None, data: Data = default_data(), port_base: PortBase = None) -> None:
    """Recompute every link; exit 1 and say where when an entry was changed, removed or slipped in."""
    good = asyncio.run(_verify(data.absolute(), Ports.chosen(port_base), service))
    raise typer.Exit(0 if good else 1)


async def _verify(data: Path, ports: Ports, services: list[str] | None) -> bool:
    # Imported here: `up` should not wait for what only this command needs.
    from servicekit.audit_chain import verify

    good = True
    async for name, database in opened(data, ports, services):
        result = await verify(database)
        good &= result.ok
        if result.ok:
            print(f"{name}: {result.count} entries, the chain holds; head {result.head.hex()}")
        else:
            print(f"{name}: position {result.bad_position}: {result.problem}")
    return good
