"""Real engines, a migrated template, and the application with a key of its own and a clock that can be set."""

import io
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import event as sqlalchemy_event

from devstack.credentials import new_signing_key
from devstack.engines import Engines
from devstack.testing import Issuer, fresh_database, migrated_engines, new_secrets
from feedback.app import create_app, prepare
from feedback.settings import FeedbackSettings

sys.path.insert(0, str(Path(__file__).parent))
from feedback_house import TODAY, Clock, World, at

SECRETS = new_secrets() | {"signing_key": new_signing_key()}


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with migrated_engines("feedback") as running:
        yield running


def new_settings(database_url: str, nats_url: str, files: Path, **more: Any) -> FeedbackSettings:
    values: dict[str, Any] = {
        **SECRETS,
        "files_url": f"file://{files}",
        "service_port": 8003,
        "database_url": database_url,
        "nats_url": nats_url,
        **more,
    }
    return FeedbackSettings(**values)


@pytest.fixture
async def world(engines: Engines, tmp_path: Path) -> AsyncIterator[World]:
    async with fresh_database(engines, "feedback") as made:
        files = tmp_path / "files"
        app = create_app(new_settings(made.app_url, engines.nats_url("feedback"), files))
        issuer, clock = Issuer(), Clock(at(TODAY))
        runtime = app.state.runtime
        runtime.verifier = issuer.verifier()
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


class Statements:
    """Every statement the application sent to PostgreSQL, its transactions' own among them."""

    def __init__(self, database: Any) -> None:
        self.seen: list[str] = []
        for engine in (database.write_engine.sync_engine, database.read_engine.sync_engine):
            sqlalchemy_event.listen(engine, "before_cursor_execute", self._executed)
            # BEGIN carries the scope, and reads have one too: their transaction's own are counted like everybody's.
            sqlalchemy_event.listen(engine, "begin", lambda _: self.seen.append("BEGIN"))
            sqlalchemy_event.listen(engine, "commit", lambda _: self.seen.append("COMMIT"))
            sqlalchemy_event.listen(engine, "rollback", lambda _: self.seen.append("ROLLBACK"))

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
