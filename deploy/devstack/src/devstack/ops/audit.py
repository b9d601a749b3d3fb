"""`ops audit`: recompute the chain over every service's audit; keep signed checkpoints of it outside the database."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devstack.credentials import Credentials, new_signing_key
from devstack.ops.options import Data, PortBase, default_data, running_engine
from devstack.ops.progress import shown
from devstack.ops.service_databases import Services, opened
from devstack.ports import Ports
from devstack.processes import StackError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from servicekit.audit_chain import Checkpoint
    from servicekit.db import Database

KEY = "audit_checkpoint_key"
"""Secret that signs checkpoints; made at the first checkpoint."""


def register(app: typer.Typer) -> None:
    """Add `audit verify` and `audit checkpoint`."""
    group = typer.Typer(no_args_is_help=True, help="The record of who did what.")
    group.command("verify")(verify_audit)
    group.command("checkpoint")(checkpoint_audit)
    app.add_typer(group, name="audit")


def verify_audit(
    checkpoints: Annotated[
        Path | None,
        typer.Option("--checkpoints", help="File that `ops audit checkpoint` wrote; every one is compared."),
    ] = None,
    public_key: Annotated[
        str | None,
        typer.Option("--public-key", help="whpk_… as printed at the checkpoint; else the key among the secrets."),
    ] = None,
    service: Services = None,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Recompute every link; exit 1 and say where when an entry was changed, removed or slipped in.

    A chain rewritten as a whole, or a database put back to yesterday, is found only with --checkpoints.
    """
    good = asyncio.run(verify(data.absolute(), Ports.chosen(port_base), service, checkpoints, public_key))
    raise typer.Exit(0 if good else 1)


async def verify(
    data: Path, ports: Ports, services: Sequence[str] | None, file: Path | None, public_key: str | None = None
) -> bool:
    """Print one line for each service and return whether all chains hold."""
    # Imported here: `up` should not wait for what only this command needs.
    from servicekit import audit_chain

    kept = _read(file, data, ports, public_key) if file is not None else {}
    good = True
    async for name, database in opened(data, ports, services):
        mine = sorted(kept.get(name, []), key=lambda one: (one.position, one.at))
        async with shown(f"{name}: recomputing the chain"):
            result = await audit_chain.verify(database, mine[-1] if mine else None)
            differs = result.ok or result.problem == audit_chain.DIFFERS
            against = await _first_broken(database, mine) if differs else None
        if not differs:
            print(f"{name}: position {result.bad_position}: {result.problem}")
        elif against is not None:
            print(f"{name}: position {against.position}: differs from the checkpoint of {_minute(against.at)}")
        else:
            compared = f", as at {len(mine)} checkpoints" if mine else ""
            print(f"{name}: {result.count} entries, the chain holds{compared}; head {result.head.hex()}")
        good &= result.ok and against is None
        if file is not None and not mine:
            print(f"{name}: {file} holds no checkpoint of this service")
            good = False
    return good


def checkpoint_audit(
    to: Annotated[Path, typer.Option("--to", help="File to add to; best on another machine, or printed afterwards.")],
    service: Services = None,
    data: Data = default_data(),
    port_base: PortBase = None,
) -> None:
    """Add each chain's present head, signed, to a file outside the database; once an hour, by cron.

    Exit 1, and nothing is added for that service, when the database no longer agrees with the file.
    """
    good = asyncio.run(checkpoint(data.absolute(), Ports.chosen(port_base), service, to.absolute()))
    raise typer.Exit(0 if good else 1)


async def checkpoint(data: Path, ports: Ports, services: Sequence[str] | None, file: Path) -> bool:
    """Write the checkpoints; False when a chain disagrees with an earlier one."""
    from servicekit import audit_chain
    from servicekit.signatures import public_text

    key = _signing_key(running_engine(data, ports)[1])
    kept = _earlier(file, data, ports)
    good = True
    async for name, database in opened(data, ports, services):
        broken = await _first_broken(database, kept.get(name, []))
        if broken is not None:
            print(f"{name}: position {broken.position} is not what it was at {_minute(broken.at)}: no checkpoint")
            good = False
            continue
        made = await audit_chain.checkpoint(database, name, datetime.now(UTC))
        audit_chain.append_checkpoint(file, made.signed(key.sign))
        print(f"{name}: checkpoint at position {made.position} added")
    print(f"public key (note it elsewhere): {public_text(key.public_key())}")
    return good


async def _first_broken(database: "Database", checkpoints: "Sequence[Checkpoint]") -> "Checkpoint | None":
    """The checkpoint of the smallest position that the seals no longer bear out, without recomputing the chain."""
    from sqlalchemy import text

    statement = text("SELECT position, hash FROM audit_seal WHERE position = ANY(CAST(:positions AS bigint[]))")
    async with database.read() as session:
        rows = await session.execute(statement, {"positions": [one.position for one in checkpoints]})
        found = {row.position: row.hash for row in rows}
    wrong = [one for one in checkpoints if one.position > 0 and found.get(one.position) != one.hash]
    return min(wrong, key=lambda one: one.position, default=None)


def _read(file: Path, data: Path, ports: Ports, public_key: str | None) -> "Mapping[str, list[Checkpoint]]":
    """Service → its checkpoints; StackError when the file is missing or one is not signed by us."""
    from servicekit.audit_chain import CheckpointInvalid, read_checkpoints
    from servicekit.signatures import KeyInvalid, read_public_key, verify_bytes

    try:
        public = (
            read_public_key(public_key)
            if public_key is not None
            else _signing_key(running_engine(data, ports)[1]).public_key()
        )
        kept = read_checkpoints(file, lambda message, signature: verify_bytes(public, message, signature))
    except KeyInvalid as invalid:
        raise StackError(f"--public-key: {invalid}") from None
    except FileNotFoundError:
        raise StackError(f"there is no file {file}") from None
    except CheckpointInvalid as invalid:
        raise StackError(f"{file} holds a checkpoint that is not ours ({invalid})") from None
    by_service: dict[str, list[Checkpoint]] = {}
    for one in kept:
        by_service.setdefault(one.service, []).append(one)
    return by_service


def _earlier(file: Path, data: Path, ports: Ports) -> "Mapping[str, list[Checkpoint]]":
    if not file.parent.is_dir():
        raise StackError(f"there is no folder {file.parent} to write the checkpoints to")
    return _read(file, data, ports, None) if file.exists() else {}


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _signing_key(credentials: Credentials) -> "Ed25519PrivateKey":
    from servicekit.signatures import read_private_key

    with contextlib.suppress(FileNotFoundError):
        return read_private_key(credentials.read(KEY))
    credentials.write(KEY, new_signing_key())
    return read_private_key(credentials.read(KEY))
