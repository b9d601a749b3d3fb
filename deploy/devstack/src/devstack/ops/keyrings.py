"""A service's ring of keys as a file, and how far changing its key has come.

<data>/secrets/<service>_keyring               the ring: the current key seals, every key opens
<data>/secrets/<service>_keyring.until-<key>   the ring as it was before <key>, for backups from that time
<data>/key-rotation.json                       per service: the new key, when it was made, when all was re-sealed
"""

import base64
import json
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from devstack.credentials import Credentials, new_key
from devstack.folder import FolderLock
from devstack.processes import StackError


@dataclass(frozen=True)
class Ring:
    """Key ids with their keys in base64; `current` seals."""

    current: str
    keys: Mapping[str, str]

    @classmethod
    def read(cls, credentials: Credentials, service: str) -> Self:
        """The ring of a service; StackError when the file is not one."""
        try:
            data = json.loads(credentials.read(f"{service}_keyring"))
            ring = cls(data["current"], dict(data["keys"]))
            ring.keys[ring.current]
        except (ValueError, KeyError, TypeError):
            raise StackError(f"{credentials.folder / f'{service}_keyring'} is not a keyring") from None
        return ring

    @property
    def text(self) -> str:
        """As the service reads it."""
        return json.dumps({"current": self.current, "keys": dict(self.keys)})

    @property
    def old(self) -> list[str]:
        """Keys that only open."""
        return [key for key in self.keys if key != self.current]


@dataclass
class Rotation:
    """One change of one service's key; `finished` is set when nothing is sealed with an older key any more."""

    key: str
    began: datetime
    finished: datetime | None = None


class Rotations:
    """The file that remembers them, so that a command that was interrupted goes on where it was."""

    def __init__(self, data: Path) -> None:
        self.file = data / "key-rotation.json"
        known: dict[str, dict[str, Any]] = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.of = {
            service: Rotation(
                one["key"],
                datetime.fromisoformat(one["began"]),
                datetime.fromisoformat(one["finished"]) if one["finished"] else None,
            )
            for service, one in known.items()
        }

    def save(self) -> None:
        """Write the file, whole or not at all."""
        known = {
            service: {
                "key": one.key,
                "began": one.began.isoformat(timespec="seconds"),
                "finished": one.finished.isoformat(timespec="seconds") if one.finished else None,
            }
            for service, one in self.of.items()
        }
        with tempfile.NamedTemporaryFile("w", dir=self.file.parent, prefix=".rotation-", delete=False) as file:
            json.dump(known, file, indent=1)
        Path(file.name).rename(self.file)


def new_key_id(now: datetime) -> str:
    """A name that tells the age of the key and is never given twice."""
    return f"k{now:%Y%m%d}-{secrets.token_hex(3)}"


def add_key(credentials: Credentials, service: str, key_id: str) -> Ring:
    """Make `key_id` the current key of the service's ring; does nothing when it already is in the ring."""
    ring = Ring.read(credentials, service)
    if key_id in ring.keys:
        return ring
    credentials.write(f"{service}_keyring.until-{key_id}", credentials.read(f"{service}_keyring"))
    made = Ring(key_id, {**ring.keys, key_id: new_key()})
    credentials.write(f"{service}_keyring", made.text)
    return made


def remove_key(credentials: Credentials, service: str, key_id: str) -> Ring:
    """Take an old key out of the ring and delete every kept ring that holds it."""
    ring = Ring.read(credentials, service)
    left = Ring(ring.current, {name: key for name, key in ring.keys.items() if name != key_id})
    credentials.write(f"{service}_keyring", left.text)
    for kept in credentials.folder.glob(f"{service}_keyring.until-*"):
        if key_id in json.loads(kept.read_text())["keys"]:
            kept.unlink()
    return left


def is_loaded(data: Path, credentials: Credentials, service: str) -> bool:
    """Whether no process of the stack on `data` works with an older ring.

    A stack reads its secrets when it starts, which is when it writes its process id into the lock; the services it
    starts again later get what it read then. Without a running stack there is nobody with an older ring.
    """
    lock = data / "lock"
    if not lock.exists():
        return True
    if lock.stat().st_mtime_ns > (credentials.folder / f"{service}_keyring").stat().st_mtime_ns:
        return True
    try:
        with FolderLock(data):
            return True
    except StackError:
        return False


def key_bytes(ring: Ring) -> dict[str, bytes]:
    """The keys as servicekit wants them."""
    return {name: base64.b64decode(key) for name, key in ring.keys.items()}
