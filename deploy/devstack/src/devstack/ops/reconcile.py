"""`ops reconcile`: after one service was restored to an earlier moment than the others, bring its readers and it level.

every service's outbox ── compared with ──► every reader's inbox
  told, not taken in ──► applied now by the reader's own handlers (once: its inbox is asked as always)
  taken in, not told ──► listed: the source was restored to before it, and no replay brings that back
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from devstack.ops.options import Data, PortBase, default_data
from devstack.ops.progress import Progress, shown
from devstack.ops.service_databases import Readers, chosen, opened_one, readers_of
from devstack.ports import Ports
from devstack.processes import StackError

if TYPE_CHECKING:
    from devstack.ops.comparison import Connection, Difference
    from servicekit.db import Database
    from servicekit.events import Event
    from servicekit.inbox import Consumer

PAGE = 500
LANES = 4
WAITS = (0.2, 0.5, 1.0, None)
"""Seconds before another try when a database is busy."""
SHOWN = 10
_ROW = "{:<10} {:<10} {:>10} {:>8} {:>9} {:>8}"


@dataclass
class Pair:
    """One reader of one source, with what was found before and after."""

    source: str
    reader: str
    consumer: "Consumer"
    copied: Sequence[str] = ()
    before: "Difference | None" = None
    after: "Difference | None" = None
    applied: int = 0
    left: list[UUID] = field(default_factory=list)

    @property
    def cannot(self) -> int:
        """How many things are not level and will not become so by themselves."""
        assert self.after is not None
        return len(self.left) + self.after.beyond_repair


def register(app: typer.Typer) -> None:
    """Add `reconcile`."""
    app.command()(reconcile)


def reconcile(
    check: Annotated[bool, typer.Option("--check", help="Only compare; change nothing.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="You compared the events that differ: do not list them again.")
    ] = False,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="Only between these services; give at least two.")
    ] = None,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Compare what each service told with what its readers took in; apply what they miss. After every restore.

    Exit 0: all are level. Exit 1: something is not and cannot be brought level, or (with --check) has to be.
    """
    pairs = asyncio.run(level(data.absolute(), Ports.chosen(port_base), service, check=check, accept=accept))
    for line in report(pairs, check=check):
        print(line)
    raise typer.Exit(1 if any(pair.cannot for pair in pairs) else 0)


async def level(
    data: Path,
    ports: Ports,
    services: Sequence[str] | None,
    *,
    check: bool = False,
    accept: bool = False,
    settle: timedelta | None = None,
) -> list[Pair]:
    """Compare, apply unless `check`, and compare again; every pair of a service and a reader of it.

    `accept` notes events of which the reader applied others as taken in; `settle` is how young an event may be that
    is still on its way.
    """
    names = chosen(services)
    async with AsyncExitStack() as opened:
        databases = {
            name: await opened.enter_async_context(opened_one(data, ports, name, pool=LANES + 1)) for name in names
        }
        pairs = pairs_of([readers_of(name) for name in names], names)
        async with shown("comparing outboxes with inboxes", total=len(pairs)) as progress:
            for pair in pairs:
                pair.before = pair.after = await _compare(pair, databases, settle)
                progress.done += 1
        behind = [pair for pair in pairs if pair.before is not None and pair.before.missed]
        for pair in behind:
            assert pair.before is not None
            pair.left = pair.before.missed
            if not check:
                what = f"{pair.reader}: applying what {pair.source} told"
                async with shown(what, total=len(pair.before.missed)) as progress:
                    await _apply(pair, databases, progress)
        if not check:
            for pair in pairs if behind else []:
                assert pair.before is not None
                pair.after = await _compare(pair, databases, settle)
                still = set(pair.after.missed)
                pair.left = [event for event in pair.before.missed if event in still]
                pair.applied = len(pair.before.missed) - len(pair.left)
        if accept and not check:
            for pair in pairs:
                await _accept(pair, databases[pair.reader])
    return pairs


def pairs_of(readers: Iterable[Readers], sources: Sequence[str]) -> list[Pair]:
    """Who reads whom, by source; only among `sources`."""
    found = [
        Pair(
            source=consumer.stream.lower(),
            reader=one.service,
            consumer=consumer,
            copied=[f"{consumer.stream.lower()}.{kind}.changed.v1" for kind in one.references],
        )
        for one in readers
        for consumer in one.consumers
        if consumer.stream.lower() in sources
    ]
    return sorted(found, key=lambda pair: (sources.index(pair.source), sources.index(pair.reader)))


async def _compare(pair: Pair, databases: "dict[str, Database]", settle: timedelta | None) -> "Difference":
    from devstack.ops.comparison import SETTLE, compare

    async with _connected(databases[pair.source]) as source, _connected(databases[pair.reader]) as reader:
        return await compare(
            source,
            reader,
            name=pair.source,
            consumer=pair.consumer,
            copied=pair.copied,
            settle=SETTLE if settle is None else settle,
        )


@asynccontextmanager
async def _connected(database: "Database") -> "AsyncIterator[Connection]":
    """A connection without a time limit; StackError when a busy server does not give one in several tries."""
    from servicekit.failures import CONNECTION_LOST

    for wait in WAITS:
        try:
            connection = await database.connect_raw()
            break
        except CONNECTION_LOST as busy:
            if wait is None:
                raise StackError(f"PostgreSQL gives no connection ({type(busy).__name__}); run it again") from None
            await asyncio.sleep(wait)
    try:
        yield connection
    finally:
        await connection.close()


async def _apply(pair: Pair, databases: "dict[str, Database]", progress: Progress) -> None:
    """Give the reader the events it missed: each aggregate in its order, a few aggregates at a time."""
    assert pair.before is not None
    lanes = asyncio.Semaphore(LANES)
    missed = pair.before.missed
    for page in (missed[start : start + PAGE] for start in range(0, len(missed), PAGE)):
        lines: dict[UUID, list[Event]] = {}
        for event in await _events(databases[pair.source], pair.source, page):
            lines.setdefault(event.subject, []).append(event)
        await asyncio.gather(
            *(_take_in(databases[pair.reader], pair, line, lanes, progress) for line in lines.values())
        )


async def _take_in(
    database: "Database", pair: Pair, line: "list[Event]", lanes: asyncio.Semaphore, progress: Progress
) -> None:
    from servicekit.events import encode
    from servicekit.inbox import receive
    from servicekit.pulling import Reject, Retry

    async with lanes:
        for event in line:
            for wait in WAITS:
                try:
                    await receive(database, pair.consumer, encode(event), datetime.now(UTC))
                except Reject:
                    return  # put aside as invalid; the second comparison names it
                except Retry as busy:
                    if wait is None:
                        raise StackError(
                            f"{pair.reader}: its database is not available ({busy}); run it again"
                        ) from None
                    await asyncio.sleep(wait)
                else:
                    break
            progress.done += 1


async def _accept(pair: Pair, database: "Database") -> None:
    from sqlalchemy import text

    assert pair.after is not None
    statement = text("INSERT INTO inbox (consumer, event_id, applied_at) VALUES (:consumer, :event, now())")
    if pair.after.other:
        async with database.write() as session:
            values = [{"consumer": pair.consumer.name, "event": one.event} for one in pair.after.other]
            await session.execute(statement, values)
    pair.after.other = []


async def _events(database: "Database", source: str, ids: Sequence[UUID]) -> "list[Event]":
    from sqlalchemy import text

    from servicekit.events import Event, source_of

    statement = text(
        "SELECT id, type, subject, sequence, time, data, traceparent FROM outbox"
        " WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY position"
    )
    async with database.read() as session:
        rows: Sequence[Any] = (await session.execute(statement, {"ids": list(ids)})).mappings().all()
    return [Event(source=source_of(source), **row) for row in rows]


def report(pairs: Sequence[Pair], *, check: bool) -> list[str]:
    """The table, and below it what is not level, ten lines of each kind."""
    lines = [_ROW.format("source", "reader", "in outbox", "missed", "applied", "cannot")]
    for pair in pairs:
        assert pair.before is not None
        cannot = pair.cannot - (len(pair.left) if check else 0)
        numbers = (pair.before.told, len(pair.before.missed), pair.applied, cannot)
        lines.append(_ROW.format(pair.source, pair.reader, *(f"{number:,}" for number in numbers)))
    for pair in pairs:
        lines += _details(pair, check=check)
    if not any(pair.cannot for pair in pairs):
        lines.append("all services are level")
    return lines


def _details(pair: Pair, *, check: bool) -> list[str]:
    found = pair.after
    assert found is not None
    source, reader = pair.source, pair.reader
    again = {"registry": "rebuild"} | ({"feedback": "refetch", "oversight": "refetch"} if reader == "targets" else {})
    outside = f"python -m {reader} {again[source]}" if source in again else f"restore {reader} from a younger backup"
    moment = f"{source} was restored to before that; restore both to one moment, or repeat it in {source} by hand"
    missed = "run it without --check to apply them" if check else "see: ./nhipcau ops dlq list"
    return [
        *_some(f"{reader} misses events of {source}: {missed}", [f"event {one}" for one in pair.left]),
        *_some(
            f"{reader} cannot get events of {source}, which keeps them 14 days: {outside}",
            [f"{gap.subject}: has version {gap.has}, the outbox goes on with {gap.next}" for gap in found.gaps],
        ),
        *_some(
            f"{reader} put events of {source} aside: mend the cause, then ./nhipcau ops dlq retry",
            [str(subject) for subject in found.aside],
        ),
        *_some(
            f"{reader} knows later versions than {source}: {moment}",
            [f"{subject}: {reader} has version {has}, {source} {told}" for subject, has, told in found.ahead],
        ),
        *_some(f"{reader} knows what {source} has no trace of: {moment}", [str(subject) for subject in found.unknown]),
        *_some(
            f"{reader} applied another event than {source} tells now; compare both, then run it once with --accept",
            [f"{one.subject}: version {one.sequence}, event {one.event}" for one in found.other],
        ),
    ]


def _some(title: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    more = [f"    … and {len(items) - SHOWN:,} more"] if len(items) > SHOWN else []
    return [f"{title} ({len(items):,})", *(f"    {item}" for item in items[:SHOWN]), *more]
