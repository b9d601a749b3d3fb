"""One PostgreSQL and one NATS for these tests."""

from collections.abc import AsyncIterator, Iterator

import nats
import pytest
from nats.aio.client import Client

from devstack.engines import Engines


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    started = Engines().start_now()
    yield started
    started.stop_now()


@pytest.fixture
async def ops(engines: Engines) -> AsyncIterator[Client]:
    """A NATS connection that may do everything, and empty streams."""
    await engines.purge_streams()
    client = await nats.connect(engines.nats_url("ops"))
    yield client
    await client.close()
