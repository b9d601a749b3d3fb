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

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.errors import IdempotencyKeyRequired, IdempotencyKeyReused, RequestInProgress
from servicekit.identity import authenticate
from servicekit.tables import idempotency_key

_KEY_HEADER = Header(alias="Idempotency-Key", description="16 to 64 characters, new for each thing created")
_KEPT_HEADERS = ("content-type", "etag", "location")


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
    """Claim the key for this request, or replay. Raises IdempotencyKeyRequired, IdempotencyKeyReused, RequestInProgress."""
    if key is None or not 16 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyRequired
    actor = await authenticate(request)
    owner = str(actor.id) if actor else ""
    key_hash = hashlib.sha256(f"{key}|{owner}|{request.method}|{request.url.path}".encode()).digest()
    request_hash = hmac.digest(key.encode(), await request.body(), "sha256")
    claim = (
        insert(idempotency_key)
        .values(key_hash=key_hash, request_hash=request_hash, created_at=now)
        .on_conflict_do_nothing()
        .returning(idempotency_key.c.key_hash)
    )
    try:
        claimed = (await session.execute(claim)).scalar_one_or_none()
    except DBAPIError as error:
        if (
            getattr(error.orig, "sqlstate", None) == "55P03"
        ):  # lock_not_available: the first one is still at work
            raise RequestInProgress from error
        raise
    if claimed is None:
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
    await request.state.write_session.execute(
        update(idempotency_key)
        .where(idempotency_key.c.key_hash == key_hash)
        .values(status=response.status_code, answer=nonce + _cipher(key).encrypt(nonce, plain, key_hash))
    )


def _cipher(key: str) -> AESGCM:
    return AESGCM(hashlib.sha256(b"idempotency-answer" + key.encode()).digest())


Idempotent = Depends(claim_key)
