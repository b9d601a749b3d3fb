"""Idempotency-Key: the same request sent twice creates one thing and gets the same answer.

The key's row is written in the request's own transaction, so the answer is remembered exactly when the work is.
A second request with the key waits on the unique index and then replays. Stored answers are sealed with a key that
is derived from the Idempotency-Key itself: who reads the database without it learns nothing (receipts hold secrets).
"""

import hashlib
import hmac
import json
import os
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

_KEY_HEADER = Header(alias="Idempotency-Key", description="16 to 64 characters, new for each thing created")
_KEPT_HEADERS = ("content-type", "etag", "location")
_CLAIM = """
INSERT INTO idempotency_key (key_hash, request_hash, created_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING key_hash"""
_REMEMBER = "UPDATE idempotency_key SET status = $2, answer = $3 WHERE key_hash = $1"


class Replay(Exception):
    """Carries the stored answer out of the dependency to the route class."""

    def __init__(self, response: Response) -> None:
        super().__init__("replay")
        self.response = response


async def claim_key(
    request: Request,
    session: WriteSession,
    now: Now,
    key: Annotated[str | None, _KEY_HEADER] = None,
) -> None:
    """Claim the key for this request, or replay.

    Raises IdempotencyKeyRequired, IdempotencyKeyReused or RequestInProgress.
    """
    actor = await authenticate(request)  # who has no valid token learns nothing else
    if key is None or not 16 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyRequired
    owner = str(actor.id) if actor else ""
    key_hash = hashlib.sha256(f"{key}|{owner}|{request.method}|{request.url.path}".encode()).digest()
    request_hash = hmac.digest(key.encode(), await request.body(), "sha256")
    try:
        claimed = await fetch(session, _CLAIM, key_hash, request_hash, now)
    except asyncpg.LockNotAvailableError as error:  # the first one is still at work
        raise RequestInProgress from error
    if not claimed:
        raise Replay(await _stored_answer(session, key, key_hash, request_hash))
    request.state.idempotency = (key, key_hash)


async def _stored_answer(session: AsyncSession, key: str, key_hash: bytes, request_hash: bytes) -> Response:
    found = select(idempotency_key).where(idempotency_key.c.key_hash == key_hash)
    row = (await session.execute(found)).one_or_none()
    if row is None or row.status is None:
        raise RequestInProgress
    if not hmac.compare_digest(row.request_hash, request_hash):
        raise IdempotencyKeyReused
    stored = json.loads(_cipher(key).decrypt(row.answer[:12], row.answer[12:], key_hash))
    headers = {**stored["headers"], "Idempotent-Replayed": "true"}
    return Response(stored["body"].encode(), status_code=row.status, headers=headers)


async def remember_answer(request: Request, response: Response) -> None:
    """Store the answer beside the work, still in the request's transaction."""
    claimed = getattr(request.state, "idempotency", None)
    if claimed is None:
        return
    key, key_hash = claimed
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    plain = json.dumps({"headers": headers, "body": bytes(response.body).decode()}).encode()
    nonce = os.urandom(12)
    sealed = nonce + _cipher(key).encrypt(nonce, plain, key_hash)
    await fetch(request.state.write_session, _REMEMBER, key_hash, response.status_code, sealed)


def _cipher(key: str) -> AESGCM:
    return AESGCM(hashlib.sha256(b"idempotency-answer" + key.encode()).digest())


Idempotent = Depends(claim_key)
