"""`ops dlq`: events that could not be applied and wait for a person."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from devstack.ops.options import Data, PortBase, default_data
from devstack.ops.progress import shown
from devstack.ops.service_databases import Services, opened, readers_of
from devstack.ports import Ports
from devstack.processes import StackError

if TYPE_CHECKING:
    from servicekit.db import Database
    from servicekit.dead_letters import DeadLetter

Consumers = Annotated[
    list[str] | None, typer.Option("--consumer", help="Only this reader, e.g. oversight-feedback; may be given again.")
]
Events = Annotated[list[UUID] | None, typer.Option("--event", help="Only the event of this id; may be given again.")]
EVERYTHING = 1_000_000


@dataclass(frozen=True)
class Wanted:
    """Which of the events put aside a command is about; None means all."""

    services: Sequence[str] | None = None
    consumers: Sequence[str] | None = None
    events: Sequence[UUID] | None = None


@dataclass
class Retried:
    """What a retry did: how many events it tried and applied, and what is still put aside."""

    tried: int = 0
    applied: int = 0
    left: "list[DeadLetter]" = field(default_factory=list)


def register(app: typer.Typer) -> None:
    """Add `dlq list` and `dlq retry`."""
    group = typer.Typer(no_args_is_help=True, help="Events that could not be applied and wait for a person.")
    group.command("list")(list_)
    group.command("retry")(retry)
    app.add_typer(group, name="dlq")


def list_(
    service: Services = None, consumer: Consumers = None, data: Data = default_data(), port_base: PortBase = None
) -> None:
    """List what is put aside: reader, event, why and how often it was tried; exit 1 when there is anything."""
    wanted = Wanted(service, consumer)
    count = asyncio.run(_list(data.absolute(), Ports.chosen(port_base), wanted))
    print(f"{count} events are put aside" if count else "no event is put aside")
    raise typer.Exit(1 if count else 0)


async def _list(data: Path, ports: Ports, wanted: Wanted) -> int:
    count = 0
    async for _, database in opened(data, ports, wanted.services):
        for letter in await _letters(database, wanted):
            count += 1
            print(_line(letter))
    return count


def retry(
    event: Events = None,
    consumer: Consumers = None,
    everything: Annotated[bool, typer.Option("--all", help="Every event that is put aside.")] = False,
    service: Services = None,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Apply events put aside, then what waited behind them; after their cause was mended. Nothing is applied twice.

    Exit 0: all were applied. Exit 1: some are still put aside (they are listed).
    """
    if not (event or consumer or everything):
        raise typer.BadParameter("say which: --event ID, --consumer NAME or --all")
    wanted = Wanted(service, consumer, event)
    done = asyncio.run(retry_wanted(data.absolute(), Ports.chosen(port_base), wanted))
    for letter in done.left:
        print(_line(letter))
    print(f"{done.tried} events tried: {done.applied} applied, {len(done.left)} still put aside")
    raise typer.Exit(1 if done.left else 0)


async def retry_wanted(data: Path, ports: Ports, wanted: Wanted) -> Retried:
    """Redrive with the services' own handlers; StackError when an event was named that is not put aside."""
    done = Retried()
    async for service, database in opened(data, ports, wanted.services):
        before = await _letters(database, wanted)
        if not before:
            continue
        async with shown(f"{service}: applying {len(before)} events"):
            left = await _redrive(service, database, before, wanted)
        done.tried += len(before)
        done.applied += len(before) - len(left)
        done.left += left
    if done.tried == 0 and wanted.events:
        raise StackError("no event of that id is put aside; see: ./nhipcau ops dlq list")
    return done


async def _redrive(
    service: str, database: "Database", before: "Sequence[DeadLetter]", wanted: Wanted
) -> "list[DeadLetter]":
    """Redrive what is listed; return what of it is still put aside."""
    from servicekit.inbox import redrive

    present = {letter.consumer for letter in before}
    consumers = [one for one in readers_of(service).consumers if one.name in present]
    for name in sorted(present - {one.name for one in consumers}):
        print(f"{name}: this version of {service} has no such reader; its events stay where they are")
    await redrive(database, consumers, wanted.events, datetime.now(UTC))
    tried = {(letter.consumer, letter.event_id) for letter in before}
    return [letter for letter in await _letters(database, wanted) if (letter.consumer, letter.event_id) in tried]


async def _letters(database: "Database", wanted: Wanted) -> "Sequence[DeadLetter]":
    # Imported here: `up` should not wait for what only this command needs.
    from servicekit.dead_letters import list_dead_letters

    return await list_dead_letters(database, wanted.consumers, event_ids=wanted.events, limit=EVERYTHING)


def _line(letter: "DeadLetter") -> str:
    return (
        f"{letter.consumer}  {letter.event_id}  {letter.type} {letter.subject} #{letter.sequence}"
        f"  {letter.reason}{f' ({letter.error})' if letter.error else ''}, tried {letter.attempts} times,"
        f" since {letter.first_seen_at:%Y-%m-%d %H:%M} UTC"
    )
