"""The chain over the audit: how a link is computed, how the whole is verified, and checkpoints kept outside.

hash(n) = SHA-256(hash(n-1) · n · every column of the entry, each with its length). A checkpoint is a signed text
(service, position, hash, time) for another machine, a partner or paper: it finds a rewritten or rolled back database,
which the chain alone cannot.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text

from servicekit.db import Database

GENESIS = bytes(32)
PAGE = 2000
ENTRY_COLUMNS = (
    "e.id, e.at, e.action, e.subject_type, e.subject_id, e.actor_kind, e.actor_id, e.reason, e.details::text AS details"
)
DIFFERS = "differs from the checkpoint"
Sign = Callable[[bytes], bytes]
Check = Callable[[bytes, bytes], bool]


def link(previous: bytes, position: int, entry: Row[Any]) -> bytes:
    """Return the hash that binds an entry to its place and to everything before it."""
    digest = hashlib.sha256(previous + position.to_bytes(8, "big"))
    for value in (
        entry.id,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.action,
        entry.subject_type,
        entry.subject_id,
        entry.actor_kind,
        entry.actor_id,
        entry.reason,
        entry.details,
    ):
        part = b"" if value is None else str(value).encode()
        digest.update((b"-" if value is None else b"+") + len(part).to_bytes(8, "big") + part)
    return digest.digest()


class CheckpointInvalid(Exception):
    """The checkpoint text is malformed or its signature is not ours."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a chain at a moment, as a signed text of five lines."""

    service: str
    position: int
    hash: bytes
    at: datetime

    def body(self) -> str:
        """Return the lines that are signed."""
        return (
            f"nhipcau audit checkpoint {self.service}\n{self.position}\n"
            f"{base64.b64encode(self.hash).decode()}\n{self.at.astimezone(UTC).isoformat()}\n"
        )

    def signed(self, sign: Sign) -> str:
        """Return the text to keep outside the database."""
        return f"{self.body()}{base64.b64encode(sign(self.body().encode())).decode()}\n"

    @classmethod
    def read(cls, signed: str, check: Check) -> "Checkpoint":
        """Read a signed text; `check(message, signature)` says whether the signature is ours."""
        lines = signed.strip().split("\n")
        try:
            title, position, digest, moment, signature = lines
            found = cls(
                service=title.removeprefix("nhipcau audit checkpoint "),
                position=int(position),
                hash=base64.b64decode(digest, validate=True),
                at=datetime.fromisoformat(moment),
            )
            genuine = check(found.body().encode(), base64.b64decode(signature, validate=True))
        except ValueError as error:
            raise CheckpointInvalid("malformed") from error
        if not genuine:
            raise CheckpointInvalid("signature")
        return found


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a verification found; `bad_position` is the first place where chain and entries disagree."""

    count: int
    head: bytes
    bad_position: int | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Say whether nothing was found."""
        return self.problem is None


async def checkpoint(database: Database, service: str, now: datetime) -> Checkpoint:
    """Return the present head of the chain; `signed()` makes the text to keep."""
    async with database.read() as session:
        head = (
            await session.execute(text("SELECT position, hash FROM audit_seal ORDER BY position DESC LIMIT 1"))
        ).one_or_none()
    return Checkpoint(service, head.position if head else 0, head.hash if head else GENESIS, now)


def append_checkpoint(path: Path, signed: str) -> None:
    """Add a signed checkpoint to a file outside the database, checkpoints apart by an empty line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(signed + "\n")


def read_checkpoints(path: Path, check: Check) -> list[Checkpoint]:
    """Read every checkpoint of a file, oldest first; raise CheckpointInvalid for one that is not ours."""
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    return [Checkpoint.read(block, check) for block in blocks if block.strip()]


_CHAIN = text(
    f"SELECT s.position, s.entry_id, s.previous_hash, s.hash, {ENTRY_COLUMNS} FROM audit_seal s"  # noqa: S608
    " LEFT JOIN audit_entry e ON e.id = s.entry_id WHERE s.position > :after ORDER BY s.position LIMIT :page"
)
_OUTSIDE = text(
    "SELECT e.id FROM audit_entry e WHERE NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id)"
    " AND NOT EXISTS (SELECT 1 FROM audit_unsealed u WHERE u.entry_id = e.id) ORDER BY e.id LIMIT 1"
)


async def verify(database: Database, checkpoint: Checkpoint | None = None) -> VerifyResult:
    """Recompute the whole chain and compare it with `checkpoint` (its signature already checked) when given.

    One snapshot would hold back VACUUM for the length of the run, so pages are read one by one: seals only grow.
    """
    position, previous = 0, GENESIS
    while True:
        async with database.read() as session:
            rows = (await session.execute(_CHAIN, {"after": position, "page": PAGE})).all()
        for row in rows:
            position += 1
            problem = _fault(row, position, previous)
            if problem is None and checkpoint is not None and checkpoint.position == position:
                problem = None if row.hash == checkpoint.hash else DIFFERS
            if problem is not None:
                return VerifyResult(position, previous, position, problem)
            previous = row.hash
        if len(rows) < PAGE:
            break
    if checkpoint is not None and checkpoint.position > position:
        return VerifyResult(position, previous, position + 1, "shorter than the checkpoint")
    async with database.read() as session:
        stray = (await session.execute(_OUTSIDE)).first()
    if stray is not None:
        return VerifyResult(position, previous, position + 1, "an entry stands outside the chain")
    return VerifyResult(position, previous)


def _fault(row: Row[Any], position: int, previous: bytes) -> str | None:
    if row.position != position:
        return "a seal is missing"
    if row.id is None:
        return "the entry is missing"
    if row.previous_hash != previous:
        return "not linked to its predecessor"
    if row.hash != link(previous, position, row):
        return "the entry was changed"
    return None
