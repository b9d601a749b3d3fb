"""Idempotency-Key: the same request sent twice creates one thing and gets the same answer.

The key's row is written in the request's own transaction, so the answer is remembered exactly when the work is.
A second request with the key waits on the unique index and then replays. Stored answers are sealed with a key that
is derived from the Idempotency-Key itself: who reads the database without it learns nothing (receipts hold secrets).

Two ways: `Idempotent` claims the key before the work and the route class remembers the answer after it; a route whose
whole work is one statement takes `TheKey` and adds `TheKey.answer_write(…)` to it.
"""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.clock import Now
from servicekit.db import WriteSession, fetch
from servicekit.errors import IdempotencyKeyRequired, IdempotencyKeyReused, RequestInProgress
from servicekit.identity import authenticate
from servicekit.tables import idempotency_key
from servicekit.writes import Write

_KEY_HEADER = Header(alias="Idempotency-Key", description="16 to 64 characters, new for each thing created")
_KEPT_HEADERS = ("content-type", "etag", "location")
_CLAIM = """
INSERT INTO idempotency_key (key_hash, request_hash, created_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING key_hash"""
_REMEMBER = "UPDATE idempotency_key SET status = $2, answer = $3 WHERE key_hash = $1"
_ANSWERED = (
    (
        "answered",
        "INSERT INTO idempotency_key (key_hash, request_hash, created_at, status, answer) VALUES ($1, $2, $3, $4, $5)",
    ),
)


class Replay(Exception):
    """Carries the stored answer out of the dependency to the route class."""

    def __init__(self, response: Response) -> None:
        super().__init__("replay")
        self.response = response


@dataclass(frozen=True, slots=True)
class KeyOfRequest:
    """The Idempotency-Key of a request, and the hashes of who sent it where and of what was sent."""

    key: str
    key_hash: bytes
    request_hash: bytes

    def answer_write(self, response: Response, now: datetime) -> Write:
        """Return the write that claims the key and remembers its answer at once.

        If the key is taken the statement fails and nothing of it is done; the route class then replays.
        """
        sealed = _seal(self, response)
        return Write(_ANSWERED, (self.key_hash, self.request_hash, now, response.status_code, sealed))


async def read_key(request: Request, key: Annotated[str | None, _KEY_HEADER] = None) -> KeyOfRequest:
    """Return the key of this request. Raises IdempotencyKeyRequired."""
    actor = await authenticate(request)  # who has no valid token learns nothing else
    if key is None or not 16 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyRequired
    owner = str(actor.id) if actor else ""
    key_hash = hashlib.sha256(f"{key}|{owner}|{request.method}|{request.scope['path']}".encode()).digest()
    request_hash = hmac.digest(key.encode(), await request.body(), "sha256")
    request.state.key = found = KeyOfRequest(key, key_hash, request_hash)
    return found


TheKey = Annotated[KeyOfRequest, Depends(read_key)]


async def claim_key(request: Request, session: WriteSession, now: Now, key: TheKey) -> None:
    """Claim the key for this request, or replay.

    Raises IdempotencyKeyRequired, IdempotencyKeyReused or RequestInProgress.
    """
    try:
        claimed = await fetch(session, _CLAIM, key.key_hash, key.request_hash, now)
    except asyncpg.LockNotAvailableError as error:  # the first one is still at work
        raise RequestInProgress from error
    if not claimed:
        raise Replay(await _stored_answer(session, key))
    request.state.claimed = True


Idempotent = Depends(claim_key)


async def replay_if_taken(request: Request, error: asyncpg.PostgresError) -> Response:
    """Return the stored answer when a statement with an `answer_write` failed because of it; else raise the error."""
    key: KeyOfRequest | None = getattr(request.state, "key", None)
    if key is None or hasattr(request.state, "claimed"):
        raise error
    if isinstance(error, asyncpg.LockNotAvailableError):
        raise RequestInProgress from error
    if error.constraint_name != idempotency_key.primary_key.name:
        raise error
    async with request.app.state.runtime.database.read() as session:
        return await _stored_answer(session, key)


async def _stored_answer(session: AsyncSession, key: KeyOfRequest) -> Response:
    found = select(idempotency_key).where(idempotency_key.c.key_hash == key.key_hash)
    row = (await session.execute(found)).one_or_none()
    if row is None or row.status is None:
        raise RequestInProgress
    if not hmac.compare_digest(row.request_hash, key.request_hash):
        raise IdempotencyKeyReused
    stored = json.loads(_cipher(key.key).decrypt(row.answer[:12], row.answer[12:], key.key_hash))
    headers = {**stored["headers"], "Idempotent-Replayed": "true"}
    return Response(stored["body"].encode(), status_code=row.status, headers=headers)


async def remember_answer(request: Request, response: Response) -> None:
    """Store the answer beside the work, still in the request's transaction."""
    if hasattr(request.state, "claimed"):
        key: KeyOfRequest = request.state.key
        sealed = _seal(key, response)
        await fetch(request.state.write_session, _REMEMBER, key.key_hash, response.status_code, sealed)


def _seal(key: KeyOfRequest, response: Response) -> bytes:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    plain = json.dumps({"headers": headers, "body": bytes(response.body).decode()}).encode()
    nonce = os.urandom(12)
    return nonce + _cipher(key.key).encrypt(nonce, plain, key.key_hash)


def _cipher(key: str) -> AESGCM:
    return AESGCM(hashlib.sha256(b"idempotency-answer" + key.encode()).digest())
