"""The whole house, started once for the tests that go through the gateway."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from devstack.access.calls import Operation, operations
from devstack.access.making import set_scene
from devstack.access.scene import NOBODY_LISTENS, Scene
from devstack.access.tokens import Minter
from devstack.demo.client import Client
from devstack.stack import Stack

from .documents import joined_document

_LAYERS = (
    "address", "signed_in", "client", "public", "tokens", "intake", "tracking", "searches", "imports", "exports",
    "refused",
)  # fmt: skip
GENEROUS = json.dumps(dict.fromkeys(_LAYERS, "100000/60"))


@pytest.fixture(scope="session")
async def house() -> AsyncIterator[Stack]:
    """A running stack on a throwaway folder; the limits of the front door are out of the way."""
    settings = {
        "RATE_LIMITS": GENEROUS,
        "ANONYMOUS_EVENT_DELAY_SECONDS": "0",
        "ALLOWED_TARGETS": NOBODY_LISTENS,
        "LOOPBACK_ISSUERS": "true",  # the provider of a test answers on this machine
    }
    async with Stack(extra_env=settings) as stack:
        yield stack


@pytest.fixture(scope="session")
async def nobody(house: Stack) -> AsyncIterator[Client]:
    """Somebody without an account."""
    client = Client(house.base_url)
    yield client
    await client.close()


@pytest.fixture(scope="session")
async def raw(house: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends what it is told, byte by byte."""
    # The front door ends what was idle for 5 s; a busy machine must not find out by a request that meets the end.
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=1)
    async with httpx.AsyncClient(base_url=house.base_url, timeout=60, limits=limits) as client:
        yield client


@pytest.fixture(scope="session")
async def known(raw: httpx.AsyncClient) -> dict[str, Operation]:
    """The operations of the joined document."""
    return operations(await joined_document(raw))


@pytest.fixture(scope="session")
async def minter(house: Stack, known: dict[str, Operation]) -> Minter:
    """Makes tokens of anybody."""
    return Minter(house, known)


@pytest.fixture(scope="session")
async def scene(nobody: Client, minter: Minter) -> Scene:
    """Organisations, people and objects."""
    return await set_scene(nobody, minter)
