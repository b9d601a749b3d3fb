"""Who may call what, and what a route takes from the process it runs in."""

import re
from collections.abc import Collection
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.issue import SessionLimits
from registry.actions.signing import TokenSigner
from registry.domain.errors import HouseMatter
from registry.passwords import PasswordHasher, SecretHasher
from registry.queries.administering import any_topmost
from servicekit.clock import Now
from servicekit.encryption import Keyring
from servicekit.identity import Actor, allow, allow_anyone
from servicekit.service import Runtime
from servicekit.working_days import local_date


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _signer(request: Request) -> TokenSigner:
    signer: TokenSigner = _runtime(request).part("signer")
    return signer


async def _passwords(request: Request) -> PasswordHasher:
    passwords: PasswordHasher = _runtime(request).part("passwords")
    return passwords


async def _secrets(request: Request) -> SecretHasher:
    secrets: SecretHasher = _runtime(request).part("secrets")
    return secrets


async def _limits(request: Request) -> SessionLimits:
    limits: SessionLimits = _runtime(request).part("limits")
    return limits


async def _keyring(request: Request) -> Keyring:
    return _runtime(request).keyring


async def _process(request: Request) -> Runtime:
    return _runtime(request)


_BUCKET: Final = re.compile("[0-9a-f]{32}")


async def _client_bucket(request: Request) -> str:
    sent = request.headers.getlist("x-client-bucket")
    return sent[0] if len(sent) == 1 and _BUCKET.fullmatch(sent[0]) else "unknown"


Anyone = Annotated[Actor | None, allow_anyone()]
SignedIn = Annotated[Actor, allow()]
Administrator = Annotated[Actor, allow("administrator")]


async def _house_administrator(request: Request, actor: Administrator, now: Now) -> Actor:
    # Not in the request's own transaction: that one begins with the Idempotency-Key, which is read after this.
    async with _runtime(request).database.read_facts() as session:
        if not await any_topmost(session, actor.organisations("administrator"), local_date(now)):
            raise HouseMatter
    return actor


HouseAdministrator = Annotated[Actor, Depends(_house_administrator)]
"""An administrator of a topmost organisation: decides what holds for everybody (calendar, law, identity providers)."""
HouseService = Annotated[Actor, allow("service")]

Signer = Annotated[TokenSigner, Depends(_signer)]
Passwords = Annotated[PasswordHasher, Depends(_passwords)]
Secrets = Annotated[SecretHasher, Depends(_secrets)]
Limits = Annotated[SessionLimits, Depends(_limits)]
Keys = Annotated[Keyring, Depends(_keyring)]
Process = Annotated[Runtime, Depends(_process)]
ClientBucket = Annotated[str, Depends(_client_bucket)]
"""Whose network a request comes from: a hash that the gateway makes anew each day, or "unknown", one for all others."""


async def topmost(request: Request, session: AsyncSession, organisations: Collection[UUID]) -> bool:
    """Say whether one of these organisations stands at the top; for whoever reads the audit."""
    return await any_topmost(session, organisations, local_date(_runtime(request).clock.now()))
