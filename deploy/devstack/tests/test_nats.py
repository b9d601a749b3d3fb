"""NATS with production's configuration: who may do what, what survives, and the streams as data."""

import asyncio
import dataclasses
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, StorageType, StreamConfig

from devstack import paths
from devstack.engines import Engines
from devstack.probes import wait_until
from servicekit import streams
from servicekit.streams import StreamRefused


async def connect(engines: Engines, user: str, errors: list[str]) -> Client:
    async def keep(error: Exception) -> None:
        errors.append(str(error))

    return await nats.connect(engines.nats_url(user), error_cb=keep, max_reconnect_attempts=1)


@pytest.mark.parametrize("service", paths.SERVICES)
async def test_a_service_publishes_only_in_its_own_subjects(engines: Engines, ops: Client, service: str) -> None:
    errors: list[str] = []
    client = await connect(engines, service, errors)
    js = client.jetstream(timeout=2)
    assert (await js.publish(f"{service}.thing.happened.v1.x", b"{}")).stream == service.upper()
    for other in {*paths.SERVICES, "ops", "$JS.EVENT.ADVISORY.x", "_INBOX.somebody"} - {service}:
        await client.publish(f"{other}.thing.happened.v1.x", b"{}")
    await client.flush()

    async def all_told() -> bool:
        return len(errors) >= 7

    await wait_until(all_told, what="seven refusals", patience=2)
    assert all("permissions violation for publish" in error.lower() for error in errors)
    for info in await ops.jetstream().streams_info():
        assert info.state.messages == (1 if info.config.name == service.upper() else 0)
    await client.close()


async def test_a_service_cannot_change_streams_or_listen_past_jetstream(engines: Engines, ops: Client) -> None:
    errors: list[str] = []
    client = await connect(engines, "webhooks", errors)
    js = client.jetstream(timeout=0.3)
    forbidden = [
        lambda: js.add_stream(StreamConfig(name="MINE", subjects=["mine"])),
        lambda: js.delete_stream("FEEDBACK"),
        lambda: js.purge_stream("FEEDBACK"),
        lambda: js.update_stream(StreamConfig(name="FEEDBACK", subjects=["webhooks.>"])),
    ]
    for attempt in forbidden:
        with pytest.raises((NatsError, asyncio.TimeoutError)):
            await attempt()
    await client.subscribe("feedback.>")
    await client.flush()
    await asyncio.sleep(0.1)
    assert sum("permissions violation for publish" in error.lower() for error in errors) == len(forbidden)
    assert any("permissions violation for subscription" in error.lower() for error in errors)
    assert len(await ops.jetstream().streams_info()) == len(paths.SERVICES)
    await client.close()


async def test_a_service_reads_anothers_stream_with_a_durable_consumer(engines: Engines, ops: Client) -> None:
    await ops.jetstream().publish("feedback.submission.accepted.v1.a", b"1")
    client = await connect(engines, "oversight", [])
    js = client.jetstream()
    settings = ConsumerConfig(max_deliver=-1, ack_wait=30, max_ack_pending=256)
    subscription = await js.pull_subscribe("feedback.>", durable="oversight-feedback", config=settings)
    (message,) = await subscription.fetch(1, timeout=2)
    await message.ack_sync(timeout=2)
    assert (await subscription.consumer_info()).num_ack_pending == 0
    await client.close()


async def test_a_wrong_or_missing_password_is_refused(engines: Engines) -> None:
    server = f"127.0.0.1:{engines.nats.port}"
    for who in ("feedback:wrong@", "nobody:x@", ""):
        with pytest.raises(NatsError):
            await nats.connect(f"nats://{who}{server}", max_reconnect_attempts=0, allow_reconnect=False)


async def test_acknowledged_messages_survive_kill_9(engines: Engines, ops: Client) -> None:
    js = ops.jetstream()
    for number in range(200):
        await js.publish("feedback.submission.accepted.v1.a", str(number).encode())
    await engines.kill_nats()
    await engines.start_nats()
    client = await nats.connect(engines.nats_url("ops"))
    assert (await client.jetstream().stream_info("FEEDBACK")).state.messages == 200
    assert (await client.jetstream().get_msg("FEEDBACK", 200)).data == b"199"
    await client.close()


async def test_applying_the_streams_again_changes_nothing(ops: Client) -> None:
    js = ops.jetstream()
    await js.publish("registry.unit.changed.v1.x", b"{}")
    assert set((await streams.apply(js, streams.read(paths.STREAMS))).values()) == {"unchanged"}
    info = await js.stream_info("REGISTRY")
    assert info.state.messages == 1
    config = info.config
    assert (config.storage, config.max_age, config.duplicate_window) == (StorageType.FILE, 1_209_600, 600)
    assert config.discard == "new"


@pytest.mark.parametrize(
    "change",
    [{"storage": StorageType.MEMORY}, {"subjects": ["feedback.>", "else.>"]}, {"max_age": 60.0}, {"max_bytes": 1024}],
)
async def test_a_change_that_loses_or_reroutes_events_is_refused(ops: Client, change: dict[str, object]) -> None:
    js = ops.jetstream()
    wanted = [dataclasses.replace(s, **change) if s.name == "FEEDBACK" else s for s in streams.read(paths.STREAMS)]  # type: ignore[arg-type]
    with pytest.raises(StreamRefused, match=f"FEEDBACK: {next(iter(change))} "):
        await streams.apply(js, wanted)
    assert set((await streams.apply(js, streams.read(paths.STREAMS))).values()) == {"unchanged"}


async def test_limits_grow_and_shrink_only_on_demand(ops: Client) -> None:
    js = ops.jetstream()
    larger = [dataclasses.replace(stream, max_bytes=1_200_000_000) for stream in streams.read(paths.STREAMS)]
    assert set((await streams.apply(js, larger)).values()) == {"changed: max_bytes"}
    with pytest.raises(StreamRefused, match="--allow-shrink"):
        await streams.apply(js, streams.read(paths.STREAMS))
    assert set((await streams.apply(js, streams.read(paths.STREAMS), allow_shrink=True)).values()) == {
        "changed: max_bytes"
    }


def test_an_unknown_setting_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "streams.toml"
    file.write_text(paths.STREAMS.read_text() + "\nmax_byte = 1\n")
    with pytest.raises(ValueError, match=r"WEBHOOKS.*max_byte"):
        streams.read(file)


async def test_the_command_applies_the_file(engines: Engines, ops: Client) -> None:
    import sys

    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "servicekit.streams",
        str(paths.STREAMS),
        env={"NATS_URL": engines.nats_url()},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate()
    assert child.returncode == 0
    assert output.decode().splitlines() == [f"{service.upper()}: unchanged" for service in paths.SERVICES]
