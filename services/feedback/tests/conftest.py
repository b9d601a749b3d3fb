"""Real engines, a migrated template, and the application with a key of its own and a clock that can be set."""

import asyncio
import base64
import io
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from sqlalchemy import event as sqlalchemy_event

from devstack.engines import Engines
from feedback.app import create_app, prepare
from feedback.settings import FeedbackSettings
from servicekit import migrations
from servicekit.identity import TokenVerifier

sys.path.insert(0, str(Path(__file__).parent))
from feedback_house import TODAY, Clock, Issuer, World, at

TEMPLATE = "feedback_migrated"
KEY = base64.b64encode(bytes(range(32))).decode()
SIGNING_KEY = (
    Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    running = Engines().start_now()
    try:
        made = asyncio.run(running.create_database(TEMPLATE, service="feedback"))
        migrations.upgrade("feedback", made.owner_url)
        yield running
    finally:
        running.stop_now()


def new_settings(database_url: str, nats_url: str, files: Path, **more: Any) -> FeedbackSettings:
    values: dict[str, Any] = {
        "deployment": "test",
        "client_secret": "not-used-here",
        "keyring": f'{{"current":"k1","keys":{{"k1":"{KEY}"}}}}',
        "index_key": KEY,
        "signing_key": SIGNING_KEY,
        "files_url": f"file://{files}",
        "service_port": 8003,
        "registry_url": "http://127.0.0.1:9",
        "database_url": database_url,
        "nats_url": nats_url,
        **more,
    }
    return FeedbackSettings(**values)


@pytest.fixture
async def world(engines: Engines, tmp_path: Path) -> AsyncIterator[World]:
    name = f"feedback_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service="feedback", template=TEMPLATE)
    files = tmp_path / "files"
    app = create_app(new_settings(made.app_url, engines.nats_url("feedback"), files))
    issuer, clock = Issuer(), Clock(at(TODAY))
    runtime = app.state.runtime
    runtime.verifier = TokenVerifier(issuer.keys, issuer="nhipcau/test")
    runtime.clock = clock
    runtime.waker = SimpleNamespace(wake=lambda: None)
    await prepare(runtime)
    world = World(app, made, issuer, clock, files)
    await world.fill()
    try:
        yield world
    finally:
        await world.http.aclose()
        await world.database.close()
        await engines.drop_database(name)


class Statements:
    """Every statement the application sent to PostgreSQL, its transactions' own among them."""

    def __init__(self, database: Any) -> None:
        self.seen: list[str] = []
        for engine in (database.write_engine.sync_engine, database.read_engine.sync_engine):
            sqlalchemy_event.listen(engine, "before_cursor_execute", self._executed)
        # In autocommit SQLAlchemy sends neither; in a transaction asyncpg sends both.
        sqlalchemy_event.listen(database.write_engine.sync_engine, "begin", lambda _: self.seen.append("BEGIN"))
        sqlalchemy_event.listen(database.write_engine.sync_engine, "commit", lambda _: self.seen.append("COMMIT"))
        sqlalchemy_event.listen(database.write_engine.sync_engine, "rollback", lambda _: self.seen.append("ROLLBACK"))

    def _executed(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.seen.append(statement)


@pytest.fixture
def statements(world: World) -> Statements:
    return Statements(world.database)


@pytest.fixture
def photo() -> bytes:
    """A JPEG as a phone takes it: position, camera, comment and a turn in its EXIF."""
    image = Image.new("RGB", (64, 32), (10, 120, 200))
    exif = Image.Exif()
    exif[0x010F] = "CANARY-MAKER"
    exif[0x0112] = 6
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (10.0, 2.0, 1.5), "E", (105.0, 47.0, 2.5)
    output = io.BytesIO()
    image.save(output, "JPEG", exif=exif, comment=b"CANARY-COMMENT")
    return output.getvalue()
