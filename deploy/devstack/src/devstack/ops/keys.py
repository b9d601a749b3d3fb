"""`ops keys`: another key for the encrypted columns of each service, while everything stays readable.

    rotate (1st run)  the new key becomes the current one in the ring's file; the old ones stay in the ring
    restart           every process reads the new ring: seals with the new key, opens with any
    rotate (2nd run)  what is sealed with older keys is sealed anew, in small transactions
    remove            takes an old key out of the ring, when no backup needs it any more

Never is anything sealed with a key that a running process does not have, so no request meets a value it cannot open.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devstack.ops.keyrings import Ring, Rotation, Rotations, add_key, is_loaded, key_bytes, new_key_id, remove_key
from devstack.ops.options import Data, PortBase, default_data, running_engine
from devstack.ops.progress import shown
from devstack.ops.service_databases import Services, chosen, opened_one, place_of
from devstack.ops.signing_keys import rotate_signing
from devstack.ports import Ports
from devstack.processes import StackError

if TYPE_CHECKING:
    from devstack.ops.resealing import Columns

RESTART = 3
"""Exit status of a rotation that waits for a restart."""

REST = timedelta(hours=1)
ROUNDS = 3


def register(app: typer.Typer) -> None:
    """Add `keys list`, `keys rotate`, `keys remove` and `keys rotate-signing`."""
    group = typer.Typer(no_args_is_help=True, help="The keys that encrypt personal data, and those that sign tokens.")
    group.command("list")(list_keys)
    group.command("rotate")(rotate_keys)
    group.command("remove")(remove_old_key)
    group.command("rotate-signing")(rotate_signing)
    app.add_typer(group, name="keys")


def list_keys(service: Services = None, data: Data = default_data(), port_base: PortBase = None) -> None:
    """List each service's keys, how many values each of them seals, and how far a rotation has come."""
    asyncio.run(_list(data.absolute(), Ports.chosen(port_base), service))


def rotate_keys(
    service: Services = None,
    again: Annotated[bool, typer.Option("--again", help="Also when the key was changed within the last hour.")] = False,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Give each service a new key and seal everything with it; run it, restart the stack, run it again.

    Exit 3: the new keys are in place and the stack must be restarted. Exit 0: everything is sealed with the new keys.
    Interrupted at any point, run it again: it goes on where it was. The old keys stay until `keys remove`.
    """
    raise typer.Exit(asyncio.run(rotate(data.absolute(), Ports.chosen(port_base), service, again=again)))


def remove_old_key(
    service: Annotated[str, typer.Option("--service", help="Whose key.")],
    key: Annotated[str, typer.Option("--key", help="The key as `keys list` names it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Forget an old key for ever; refused while any value is sealed with it. Backups that need it become unreadable."""
    chosen([service])
    if not yes:
        typer.confirm(f"Backups of {service} from the time of {key} can never be read again. Remove it?", abort=True)
    asyncio.run(remove(data.absolute(), Ports.chosen(port_base), service, key))


async def _list(data: Path, ports: Ports, services: Sequence[str] | None) -> None:
    _, credentials = running_engine(data, ports)
    rotations = Rotations(data)
    for service in chosen(services):
        ring = Ring.read(credentials, service)
        async with _columns(data, ports, service) as columns:
            used = await _used(columns, ring, service)
        for key in ring.keys:
            print(f"{service}: {key}  {used.get(key, 0):,} values{'  current' if key == ring.current else ''}")
        one = rotations.of.get(service)
        if one is not None and one.finished is None:
            ready = is_loaded(data, credentials, service)
            print(f"{service}: rotation under way; {'run keys rotate again' if ready else 'restart the stack'}")


async def rotate(data: Path, ports: Ports, services: Sequence[str] | None, *, again: bool = False) -> int:
    """Do what can be done of a rotation now; the exit status."""
    _, credentials = running_engine(data, ports)
    if not (data / "lock").exists():
        raise StackError(
            f"no stack of ./nhipcau up ever ran on {data}: which keys containers have read cannot be seen from here, "
            "and nothing may be sealed with one that they do not have. See docs/operating/compose.md"
        )
    rotations = Rotations(data)
    now = datetime.now(UTC)
    todo: list[str] = []
    for service in chosen(services):
        last = rotations.of.get(service)
        if last is not None and last.finished is not None and now - last.finished < REST and not again:
            print(f"{service}: its key was changed at {last.finished:%H:%M} UTC; --again makes yet another")
            continue
        async with _columns(data, ports, service) as columns:
            await columns.refuse_unknown()
            await _used(columns, Ring.read(credentials, service), service)
        todo.append(service)
    for service in todo:
        last = rotations.of.get(service)
        if last is None or last.finished is not None or last.key not in Ring.read(credentials, service).keys:
            last = rotations.of[service] = Rotation(new_key_id(now), now)
            rotations.save()
        add_key(credentials, service, last.key)
    waiting = [service for service in todo if not is_loaded(data, credentials, service)]
    if waiting:
        print(f"new keys are in place for {', '.join(waiting)}; the running processes do not have them yet.")
        print("Restart the stack (Ctrl-C where it runs, then ./nhipcau up), then run this command again.")
        print(f"Save {credentials.folder} elsewhere now: what is sealed from the restart on needs the new keys.")
        return RESTART
    for service in todo:
        await _finish(data, ports, service)
        rotations.of[service].finished = datetime.now(UTC)
        rotations.save()
    for service in todo:
        _tell_old(Ring.read(credentials, service), service, rotations.of[service])
    return 0


async def _finish(data: Path, ports: Ports, service: str) -> None:
    """Seal everything of one service with its current key and see that it is so."""
    from servicekit.encryption import Keyring

    _, credentials = running_engine(data, ports)
    ring = Ring.read(credentials, service)
    keyring = Keyring(ring.current, key_bytes(ring))
    async with _columns(data, ports, service) as columns:
        used: dict[str, int] = {}
        for _ in range(ROUNDS):
            for table in columns.tables:
                async with shown(f"{service}: sealing {table.name} anew") as progress:
                    await columns.reseal(table, keyring, progress)
            used = await _used(columns, ring, service)
            if not used.keys() - {ring.current}:
                break
        else:
            still = ", ".join(sorted(used.keys() - {ring.current}))
            raise StackError(f"{service}: a running process still seals with {still}; restart the stack")
    print(f"{service}: all {sum(used.values()):,} values are sealed with {ring.current}", flush=True)


def _tell_old(ring: Ring, service: str, rotation: Rotation) -> None:
    for key in ring.old:
        before = f"{rotation.finished:%Y-%m-%d %H:%M} UTC"
        print(f"{service}: nothing in the database needs {key}; backups taken before {before} do.")
        print(f"    When the last of them is deleted: ./nhipcau ops keys remove --service {service} --key {key}")


async def remove(data: Path, ports: Ports, service: str, key: str) -> None:
    """Take an old key out of the ring; StackError while it is needed."""
    _, credentials = running_engine(data, ports)
    ring = Ring.read(credentials, service)
    if key not in ring.keys:
        raise StackError(f"{service} has no key {key}; it has {', '.join(ring.keys)}")
    if key == ring.current:
        raise StackError(f"{key} is the current key of {service}; `keys rotate` makes another first")
    rotation = Rotations(data).of.get(service)
    if rotation is not None and rotation.finished is None:
        raise StackError(f"{service}: finish the rotation first (./nhipcau ops keys rotate --service {service})")
    async with _columns(data, ports, service) as columns:
        used = (await _used(columns, ring, service)).get(key, 0)
    if used:
        raise StackError(f"{used:,} values of {service} are sealed with {key}: run ./nhipcau ops keys rotate first")
    remove_key(credentials, service, key)
    print(f"{service}: {key} is gone from the ring and from the rings kept for older backups")


async def _used(columns: "Columns", ring: Ring, service: str) -> dict[str, int]:
    """How many values each key seals; StackError when one of these keys is not in the ring."""
    async with shown(f"{service}: counting sealed values"):
        used = await columns.used_keys()
    if missing := sorted(used.keys() - ring.keys.keys()):
        raise StackError(
            f"{service}: {sum(used[key] for key in missing):,} values are sealed with {', '.join(missing)}, which "
            f"{service}_keyring does not hold: put the secrets that belong to these databases in place first"
        )
    return used


@asynccontextmanager
async def _columns(data: Path, ports: Ports, service: str) -> "AsyncIterator[Columns]":
    from devstack.ops.resealing import Columns  # here, because `up` should not wait for SQLAlchemy

    async with opened_one(data, ports, service), Columns(service, place_of(data, ports, service)) as columns:
        yield columns
