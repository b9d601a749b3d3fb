"""`ops replay-outbox`: tell events again after the courier lost them."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from devstack import paths
from devstack.ops.options import Data, PortBase, default_data, running_engine
from devstack.ops.service_databases import Services, opened
from devstack.ports import Ports
from devstack.processes import StackError
from servicekit.streams import apply_url


def register(app: typer.Typer) -> None:
    """Add `replay-outbox`."""
    app.command("replay-outbox")(replay_outbox)


def replay_outbox(
    days: Annotated[float, typer.Option("--days", min=0, help="How far back; rows are kept 14 days.")] = 14,
    service: Services = None,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Publish again what the outboxes hold; consumers drop what they already had. Makes lost streams first."""
    asyncio.run(_replay(data.absolute(), Ports.chosen(port_base), service, datetime.now(UTC) - timedelta(days=days)))


async def _replay(data: Path, ports: Ports, services: list[str] | None, since: datetime) -> None:
    # Imported here: `up` should not wait for what only this command needs.
    from servicekit.nats_bus import Bus
    from servicekit.outbox import replay

    engine, credentials = running_engine(data, ports)
    if engine.nats_is_ours or services is None:
        await apply_url(engine.nats_url, paths.STREAMS)
    async for name, database in opened(data, ports, services):
        bus = Bus(engine.nats_for(name, password=credentials.nats()[name]), "ops")
        await bus.connect()
        try:
            if not await bus.wait_up(10):
                raise StackError("NATS does not answer; start the stack first (./nhipcau up)")
            count = await replay(database, bus, since, service=name)
        finally:
            await bus.close()
        print(f"{name}: {count} events told again", flush=True)
