"""`ops replay-outbox`: tell events again after the courier lost them."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from devstack import paths
from devstack.ops.options import Data, PortBase, default_data, running_engine
from devstack.ops.progress import shown
from devstack.ops.service_databases import Services, opened, quiet_logs
from devstack.ports import Ports
from devstack.processes import StackError
from servicekit.streams import apply_url

_AGO = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def register(app: typer.Typer) -> None:
    """Add `replay-outbox`."""
    app.command("replay-outbox")(replay_outbox)


def replay_outbox(
    since: Annotated[
        str, typer.Option("--since", help="How far back: 14d, 36h, 90m, or a time like 2026-11-23T08:00+07:00.")
    ] = "14d",
    service: Services = None,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Publish again what the outboxes hold (14 days); readers drop what they already had. Makes lost streams first."""
    start = moment(since, datetime.now(UTC))
    asyncio.run(_replay(data.absolute(), Ports.chosen(port_base), service, start))


def moment(text: str, now: datetime) -> datetime:
    """What a person means by "14d" or by an ISO time with a zone; typer.BadParameter when it is neither."""
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither like 14d, 36h, 90m nor a time") from None
    if named.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no zone; write for instance {text}+07:00")
    return named


async def _replay(data: Path, ports: Ports, services: list[str] | None, since: datetime) -> None:
    # Imported here: `up` should not wait for what only this command needs.
    from servicekit.nats_bus import Bus
    from servicekit.outbox import replay

    quiet_logs()
    engine, credentials = running_engine(data, ports)
    if engine.nats_is_ours or services is None:
        await apply_url(engine.nats_url, paths.STREAMS)
    async for name, database in opened(data, ports, services):
        bus = Bus(engine.nats_for(name, password=credentials.nats()[name]), "ops")
        await bus.connect()
        try:
            if not await bus.wait_up(10):
                raise StackError("NATS does not answer; start the stack first (./nhipcau up)")
            async with shown(f"{name}: telling events again"):
                count = await replay(database, bus, since, service=name)
        finally:
            await bus.close()
        print(f"{name}: {count} events told again", flush=True)
