"""`ops` on a running stack: events told again after the courier lost its store, dead letters, the audit's chain."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Sequence

import asyncpg
import nats
import pytest
from sqlalchemy import create_mock_engine

from devstack.stack import Stack, engine_parts
from devstack.supervisor import Part
from servicekit.tables import metadata


def ops(stack: Stack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {f"{name.upper()}_PORT": str(port) for name, port in vars(stack.ports).items()}
    command = [sys.executable, "-m", "devstack", "ops", *arguments, "--data", str(stack.data)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def parts(stack: Stack) -> Sequence[Part]:
    return engine_parts(stack)


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    async with Stack(parts=parts) as started:
        connection = await asyncpg.connect(started.dsn("registry", "owner"))
        statements: list[str] = []
        engine = create_mock_engine(
            "postgresql+asyncpg://", lambda sql, *_, **__: statements.append(str(sql.compile(dialect=engine.dialect)))
        )
        metadata.create_all(engine, checkfirst=False)
        await connection.execute(";".join(statements))
        await connection.close()
        yield started


async def test_a_lost_store_is_filled_from_the_outbox(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.dsn("registry"))
    await connection.executemany(
        "INSERT INTO outbox (id, type, subject, sequence, time, visible_at, data, published_at)"
        " VALUES ($1, 'registry.unit.changed.v1', $2, 1, now(), now(), '{}', now())",
        [(uuid.uuid4(), uuid.uuid4()) for _ in range(250)],
    )
    await connection.close()
    await stack.pause("nats")
    shutil.rmtree(stack.data / "nats")
    await stack.resume("nats")
    done = ops(stack, "replay-outbox", "--since", "1h", "--service", "registry")
    assert done.stdout.splitlines()[-1:] == ["registry: 250 events told again"], done.stderr
    again = ops(stack, "replay-outbox", "--service", "registry")
    assert again.returncode == 0
    client = await nats.connect(stack.nats_url())
    assert (await client.jetstream().stream_info("REGISTRY")).state.messages == 250  # repeats are dropped
    await client.close()


async def test_dead_letters_are_listed(stack: Stack) -> None:
    nothing = ops(stack, "dlq", "list", "--service", "registry")
    assert (nothing.returncode, nothing.stdout) == (0, "no event is put aside\n")
    connection = await asyncpg.connect(stack.dsn("registry"))
    await connection.execute(
        "INSERT INTO dead_letter (consumer, event_id, source, type, subject, sequence, reason, error, payload,"
        " first_seen_at) VALUES ('registry-feedback', gen_random_uuid(), 'nhipcau/feedback', 'feedback.x.y.v1',"
        " gen_random_uuid(), 3, 'poison', 'KeyError', '', now())"
    )
    await connection.close()
    one = ops(stack, "dlq", "list", "--service", "registry")
    assert one.returncode == 1
    assert "registry-feedback" in one.stdout
    assert "#3  poison (KeyError), tried 0 times" in one.stdout


def test_an_empty_audit_holds_and_an_unknown_service_is_named(stack: Stack) -> None:
    done = ops(stack, "audit", "verify", "--service", "registry")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("registry: 0 entries, the chain holds")
    wrong = ops(stack, "audit", "verify", "--service", "regsitry")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("nhipcau: there is no service regsitry; there are registry, targets")


def test_up_on_a_folder_in_use_is_refused(stack: Stack) -> None:
    """`up` on a folder in use says so in one sentence and leaves the running stack alone."""
    command = [sys.executable, "-m", "devstack", "up", "--data", str(stack.data), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith(f"nhipcau: the data folder {stack.data} is in use by another devstack")
    assert stack.pids.keys() == {"postgres", "nats"}
