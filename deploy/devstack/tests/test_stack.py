"""The stack as a whole, with the real engines and stand-ins for the services."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import nats
import pytest

from devstack import folder, paths
from devstack.credentials import Credentials, wanted
from devstack.ports import Ports
from devstack.probes import http_ready, http_status, wait_until
from devstack.processes import Command, StackError, process_is_alive
from devstack.stack import Stack, engine_parts, web_process
from devstack.supervisor import Part, Process

STAND_IN = Path(__file__).with_name("stand_in.py")


def with_stand_in(stack: Stack) -> Sequence[Part]:
    port = stack.ports.gateway
    command = Command([sys.executable, str(STAND_IN), str(port)], env=stack.environment("gateway"))
    return [*engine_parts(stack), Process("gateway", command, http_ready(port, "/"), needs=("roles", "streams"))]


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    async with Stack(parts=with_stand_in) as started:
        yield started


async def test_the_stack_is_up_with_its_own_secrets(stack: Stack) -> None:
    assert await http_status(stack.ports.gateway, "/") == 200
    assert set(stack.pids) == {"postgres", "nats", "gateway"}
    files = {file.name: file for file in stack.credentials.folder.iterdir()}
    assert files.keys() == wanted().keys()
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}
    assert stack.credentials.folder.stat().st_mode & 0o777 == 0o700
    assert len({file.read_text() for file in files.values()}) == len(files)
    assert Credentials(stack.credentials.folder).read("admin_password") == stack.admin_password


async def test_both_engines_come_back_after_kill_9_with_their_data(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.dsn("registry", "owner"))
    await connection.execute("CREATE TABLE kept AS SELECT 5 AS n")
    client = await nats.connect(stack.nats_url("registry"))
    await client.jetstream().publish("registry.unit.changed.v1.x", b"{}")
    await client.close()
    for name in ("postgres", "nats"):
        before = stack.pids[name]
        await stack.kill(name)
        await stack.wait_ready(name)
        assert stack.pids[name] != before
    connection = await asyncpg.connect(stack.dsn("registry"))
    assert await connection.fetchval("SELECT n FROM kept") == 5
    await connection.close()
    client = await nats.connect(stack.nats_url())
    assert (await client.jetstream().stream_info("REGISTRY")).state.messages == 1
    await client.close()


async def test_a_second_stack_on_the_same_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(StackError, match=rf"in use by another devstack \(process id {os.getpid()}\).*--data"):
        async with Stack(stack.data, Ports.free(), parts=with_stand_in):
            pass
    assert await http_status(stack.ports.gateway, "/") == 200


async def test_a_taken_service_port_is_named(stack: Stack) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        stack_on_taken = Stack(ports=Ports(registry=port))
        process = web_process(stack, "gateway", needs=())
        assert process.prepare is not None
        with pytest.raises(StackError, match="wanted for gateway, is taken"):
            await process.prepare()
        stack_on_taken.credentials, stack_on_taken.engine = stack.credentials, stack.engine
        registry = web_process(stack_on_taken, "registry", needs=())
        assert registry.prepare is not None
        with pytest.raises(StackError, match=f"port {port}.*REGISTRY_PORT"):
            await registry.prepare()
        shutil.rmtree(stack_on_taken.data)


async def test_each_process_gets_its_own_secrets_and_no_others(stack: Stack) -> None:
    environments = {name: stack.environment(name) for name in (*paths.SERVICES, "gateway")}
    for name, environment in environments.items():
        text = json.dumps(environment)
        for other in paths.SERVICES:
            if other != name:
                assert stack.credentials.read(f"{other}_password") not in text
                assert stack.credentials.read(f"{other}_index_key") not in text
                assert stack.credentials.nats()[other] not in text
        assert stack.credentials.read("postgres_password") not in text
        assert (stack.admin_password in text) == (name == "registry")
        assert ("SIGNING_KEY" in environment) == (name in {"feedback", "webhooks"})
        assert ("SIGNING_KEY_FILE" in environment) == (name == "registry")
    assert "DATABASE_URL" not in environments["gateway"]
    assert environments["feedback"]["DATABASE_URL"].startswith("postgresql+asyncpg://feedback:")
    assert "://feedback_owner:" in environments["feedback"]["MIGRATION_DATABASE_URL"]
    assert environments["feedback"]["EMBED_WORKER"] == "true"
    assert (
        json.loads(environments["registry"]["CLIENT_SECRETS"])["webhooks"] == environments["webhooks"]["CLIENT_SECRET"]
    )


async def test_engines_given_from_outside_replace_ours(stack: Stack) -> None:
    async with Stack(parts=engine_parts, database_url=stack.admin_dsn, nats_url=stack.nats_url("ops")) as second:
        assert second.pids == {}
        connection = await asyncpg.connect(second.dsn("registry"))
        await connection.close()
        assert second.environment("registry")["NATS_URL"] == stack.nats_url("ops")
        passwords = {service: stack.credentials.database(service) for service in paths.SERVICES}
    from devstack.databases import ensure_databases

    await ensure_databases(stack.admin_dsn, paths.SERVICES, passwords)


SUPERVISOR = """
import asyncio, signal, sys
# A shell starts what runs in the background with SIGINT ignored, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
from devstack.stack import Stack, engine_parts
async def main():
    async with Stack(parts=engine_parts) as stack:
        print(stack.data, *stack.pids.values(), flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_no_child_outlives_the_supervisor(how: signal.Signals) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISOR, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert child.stdout is not None
    place, *pids = (await child.stdout.readline()).decode().split()
    assert len(pids) == 2
    child.send_signal(how)
    await child.wait()

    async def no_child() -> bool:
        return not any(process_is_alive(int(pid)) for pid in pids)

    await wait_until(no_child, what="the end of the children", patience=10)
    name = os.path.basename(place)
    assert (name in os.listdir(os.path.dirname(place))) == (how is signal.SIGKILL)
    shutil.rmtree(folder.temporary_folder())  # sweeps what killed processes left behind
    assert name not in os.listdir(os.path.dirname(place))


def test_ports_from_base_and_environment() -> None:
    assert Ports.chosen(9000, {}).postgres == 9006
    assert Ports.chosen(None, {"NATS_PORT": "4300"}) == Ports(nats=4300)
    with pytest.raises(StackError, match="not a port number"):
        Ports.chosen(None, {"NATS_PORT": "x"})
    with pytest.raises(StackError, match="same port"):
        Ports.chosen(None, {"NATS_PORT": "8000"})
    with pytest.raises(StackError, match="outside"):
        Ports.chosen(65_535, {})
    assert len(set(vars(Ports.free()).values())) == 9
