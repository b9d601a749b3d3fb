"""Every operation, called through the gateway by every role from every relation, answers as docs/access.csv says."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from devstack.access.calls import Operation, operations
from devstack.access.comparing import compare, shown
from devstack.access.scene import Scene, set_scene
from devstack.access.table import read_table
from devstack.access.tokens import Minter
from devstack.demo.client import Client
from devstack.stack import Stack

pytestmark = pytest.mark.timeout(500)


@pytest.fixture(scope="module")
async def known(raw: httpx.AsyncClient) -> dict[str, Operation]:
    """The operations of the joined document."""
    return operations((await raw.get("/openapi.json")).json())


@pytest.fixture(scope="module")
async def scene(house: Stack, nobody: Client, known: dict[str, Operation]) -> Scene:
    """Organisations, people and objects."""
    return await set_scene(nobody, Minter(house, known))


@pytest.fixture(scope="module")
async def door(house: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway, with as many connections as the comparison has calls under way."""
    async with httpx.AsyncClient(base_url=house.base_url, timeout=60) as client:
        yield client


async def test_every_cell_answers_as_the_reviewed_table_says(
    scene: Scene, known: dict[str, Operation], door: httpx.AsyncClient
) -> None:
    cells = list(read_table().cells())
    began = time.monotonic()
    differences = await compare(cells, known, scene, door)
    print(f"{len(cells)} cells in {time.monotonic() - began:.0f} s")
    assert len(cells) > 5_000
    assert not differences, f"{len(differences)} of {len(cells)} cells differ:\n{shown(differences[:200])}"
