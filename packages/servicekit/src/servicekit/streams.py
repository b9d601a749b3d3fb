"""Applies a file of streams to a NATS server: `python -m servicekit.streams FILE`.

Makes what is missing and changes limits; refuses what would lose or reroute events without anybody saying so.
The server and who we are there (nats://ops:…@host:port) come from NATS_URL or the secret file nats_url.
"""

import argparse
import asyncio
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any

import nats
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError
from pydantic import SecretStr

from servicekit.settings import SecretSettings

FIXED = ("subjects", "storage", "retention", "discard")
"""What an existing stream never changes by itself."""

SHRINKING = ("max_age", "max_bytes", "duplicate_window", "num_replicas", "max_msg_size")
"""What may grow, and shrinks only with --allow-shrink: a shorter age deletes events at once."""


class StreamRefused(Exception):
    """A change to an existing stream that is not made; the text says which and why."""


class StreamSettings(SecretSettings):
    """What the command needs: the server, as a user who may change streams."""

    nats_url: SecretStr


def read(file: Path) -> list[StreamConfig]:
    """The wanted streams; KeyError or ValueError when the file says something unknown."""
    document = tomllib.loads(file.read_text())
    return [_config(name, document["defaults"] | own) for name, own in document["streams"].items()]


def _config(name: str, wanted: Mapping[str, Any]) -> StreamConfig:
    values = dict(wanted)
    values["max_age"] = float(values.pop("max_age_seconds"))
    values["duplicate_window"] = float(values.pop("duplicate_window_seconds"))
    values["storage"] = StorageType(values["storage"])
    values["retention"] = RetentionPolicy(values["retention"])
    values["discard"] = DiscardPolicy(values["discard"])
    unknown = values.keys() - {field.name for field in fields(StreamConfig)}
    if unknown:
        raise ValueError(f"stream {name}: unknown settings {sorted(unknown)}")
    return StreamConfig(name=name, **values)


async def apply(js: JetStreamContext, wanted: list[StreamConfig], *, allow_shrink: bool = False) -> dict[str, str]:
    """Bring the server to `wanted`; name → "made", "changed: …" or "unchanged". StreamRefused changes nothing."""
    plan: list[tuple[StreamConfig, str]] = []
    for stream in wanted:
        assert stream.name is not None
        try:
            found = (await js.stream_info(stream.name)).config
        except NotFoundError:
            plan.append((stream, "made"))
            continue
        changes = _changes(found, stream)
        _refuse(stream.name, found, stream, changes, allow_shrink=allow_shrink)
        plan.append((stream, "changed: " + ", ".join(changes) if changes else "unchanged"))
    for stream, what in plan:
        if what == "made":
            await js.add_stream(stream)
        elif what != "unchanged":
            await js.update_stream(stream)
    return {str(stream.name): what for stream, what in plan}


def _changes(found: StreamConfig, wanted: StreamConfig) -> list[str]:
    compared = ("description", *FIXED, *SHRINKING)
    return [key for key in compared if _normal(getattr(found, key)) != _normal(getattr(wanted, key))]


def _normal(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return sorted(value) if isinstance(value, list) else value


def _refuse(name: str, found: StreamConfig, wanted: StreamConfig, changes: list[str], *, allow_shrink: bool) -> None:
    for key in changes:
        old, new = _normal(getattr(found, key)), _normal(getattr(wanted, key))
        if key in FIXED:
            raise StreamRefused(
                f"stream {name}: {key} is {old!r} on the server and {new!r} in the file. This is never changed in "
                "place: make a new stream, move its consumers, then delete the old one."
            )
        if key in SHRINKING and _smaller(old, new) and not allow_shrink:
            raise StreamRefused(
                f"stream {name}: {key} would shrink from {old} to {new}, which can delete events. "
                "Run again with --allow-shrink when that is meant."
            )


def _smaller(old: object, new: object) -> bool:
    # None, 0 and -1 mean "no limit".
    def limit(value: object) -> float:
        return value if isinstance(value, int | float) and value > 0 else float("inf")

    return limit(new) < limit(old)


async def apply_url(url: str, file: Path, *, allow_shrink: bool = False) -> dict[str, str]:
    """Connect as `ops`, apply the file, disconnect; see `apply`."""
    client = await nats.connect(url, connect_timeout=5, max_reconnect_attempts=1, name="streams")
    try:
        return await apply(client.jetstream(timeout=10), read(file), allow_shrink=allow_shrink)
    finally:
        await client.close()


def main(arguments: list[str] | None = None) -> int:
    """Command line; the exit status is 1 when a change was refused."""
    parser = argparse.ArgumentParser(prog="python -m servicekit.streams", description=__doc__)
    parser.add_argument("file", type=Path, help="streams.toml")
    parser.add_argument("--allow-shrink", action="store_true")
    chosen = parser.parse_args(arguments)
    url = StreamSettings().nats_url.get_secret_value()
    try:
        done = asyncio.run(apply_url(url, chosen.file, allow_shrink=chosen.allow_shrink))
    except StreamRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    for name, what in done.items():
        sys.stdout.write(f"{name}: {what}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
