"""`ops dlq`: events that could not be applied and wait for a person."""

import asyncio
from pathlib import Path

import typer

from devstack.ops.options import Data, PortBase, default_data
from devstack.ops.service_databases import Services, opened
from devstack.ports import Ports


def register(app: typer.Typer) -> None:
    """Add `dlq`."""
    app.command()(dlq)


def dlq(service: Services = None, data: Data = default_data(), port_base: PortBase = None) -> None:
    """List what is put aside: consumer, event, why and how often it was tried; exit 1 when there is anything."""
    count = asyncio.run(_list(data.absolute(), Ports.chosen(port_base), service))
    print(f"{count} events are put aside" if count else "no event is put aside")
    raise typer.Exit(1 if count else 0)


async def _list(data: Path, ports: Ports, services: list[str] | None) -> int:
    # Imported here: `up` should not wait for what only this command needs.
    from servicekit.dead_letters import list_dead_letters

    count = 0
    async for _, database in opened(data, ports, services):
        for letter in await list_dead_letters(database):
            count += 1
            print(
                f"{letter.consumer}  {letter.event_id}  {letter.type} {letter.subject} #{letter.sequence}"
                f"  {letter.reason}{f' ({letter.error})' if letter.error else ''}, tried {letter.attempts} times,"
                f" since {letter.first_seen_at:%Y-%m-%d %H:%M} UTC"
            )
    return count
