"""The reference of `submission` and `tracking`: FastAPI and asyncpg with nothing around them.

    POST /things   one transaction of two rows      POST /things/look   one row by its unique code

It takes the same bodies over the same kind of connection to the same PostgreSQL, and does none of what a service must:
no encryption, audit, event, receipt, idempotency, strict text, problem document, log line or measurement.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

SCHEMA = """
CREATE TABLE thing (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, body text NOT NULL,
                    received_at timestamptz NOT NULL);
CREATE TABLE thing_line (id uuid PRIMARY KEY, thing_id uuid NOT NULL REFERENCES thing, at timestamptz NOT NULL,
                         action text NOT NULL);
CREATE INDEX ON thing_line (thing_id);
"""


class NewThing(BaseModel):
    """The fields of a submission, as FastAPI reads them when nobody asks for more."""

    identity_mode: str
    unit_code: str
    title: str
    text: str
    place: str
    consent: dict[str, Any]


class Look(BaseModel):
    """What a tracking look-up sends."""

    code: str
    secret: str


class Thing(BaseModel):
    """What is answered."""

    id: UUID
    code: str
    body: str
    received_at: datetime


async def add(body: NewThing, request: Request) -> Thing:
    """Store two rows in one transaction."""
    thing = Thing(id=uuid4(), code=uuid4().hex, body=body.text, received_at=datetime.now(UTC))
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO thing (id, code, body, received_at) VALUES ($1, $2, $3, $4)",
            thing.id,
            thing.code,
            thing.body,
            thing.received_at,
        )
        await connection.execute(
            "INSERT INTO thing_line (id, thing_id, at, action) VALUES ($1, $2, $3, 'submit')",
            uuid4(),
            thing.id,
            thing.received_at,
        )
    return thing


async def look(body: Look, request: Request) -> Thing:
    """Read one row."""
    statement = "SELECT id, code, body, received_at FROM thing WHERE code = $1"
    row = await request.app.state.pool.fetchrow(statement, body.code)
    if row is None:
        raise HTTPException(404)
    return Thing(**row)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    size = int(os.environ["BARE_POOL"])
    async with asyncpg.create_pool(os.environ["BARE_DSN"], min_size=size, max_size=size) as pool:
        app.state.pool = pool
        yield


def create_app() -> FastAPI:
    """Return the application; BARE_DSN and BARE_POOL say where and with how many connections."""
    app = FastAPI(lifespan=_lifespan)
    app.add_api_route("/things", add, methods=["POST"], status_code=201)
    app.add_api_route("/things/look", look, methods=["POST"])
    return app
