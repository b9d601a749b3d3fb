"""The courier: one connection to NATS that never blocks a start and reconnects for ever.

JetStream may lose everything (see docs/decisions); whoever publishes keeps the truth in PostgreSQL. A publish that
failed may still arrive later, so every message carries `Nats-Msg-Id`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Literal

import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

from servicekit.pulling import Handler, Message, Pull, PullLost, Reject, Retry
from servicekit.waiting import pause

__all__ = ["Bus", "BusUnavailable", "ConsumerStalled", "Message", "Reject", "Retry", "State"]

State = Literal["connecting", "up", "down"]
_log = structlog.get_logger(__name__)


class BusUnavailable(Exception):
    """The courier did not confirm; the message may or may not have been stored. Try again later."""


class ConsumerStalled(Exception):
    """Connected, yet no sign of life from a subscription for too long; the process should be replaced."""


class Bus:
    """One process's connection to NATS; `url` carries user and password, `name` is shown in its monitoring."""

    PUBLISH_TIMEOUT = 5.0
    REBUILD_AFTER = 30.0
    GIVE_UP_AFTER = 60.0

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._client: Client | None = None
        self._publisher: JetStreamContext | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closing = False
        self._up = asyncio.Event()
        self._pulls: set[Pull] = set()
        self.signs: dict[str, float] = {}
        """Durable name → event-loop time of the last sign of life from the server."""

    @property
    def state(self) -> State:
        """Say whether messages can be sent now."""
        if self._client is None:
            return "connecting"
        return "up" if self._client.is_connected else "down"

    async def connect(self) -> None:
        """Begin to connect in the background and return at once, whether or not a server is there."""
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep(), name=f"bus-{self._name}")

    async def close(self) -> None:
        """Drop the connection; unacknowledged messages are delivered to somebody else."""
        self._closing = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        if self._client is not None:
            with suppress(Exception):
                await asyncio.wait_for(self._client.close(), 3)

    async def reset(self) -> None:
        """Throw the connection away and make another; for a subscription that stays silent."""
        if self._client is not None:
            with suppress(Exception):
                await asyncio.wait_for(self._client.close(), 3)

    async def wait_up(self, seconds: float) -> bool:
        """Wait until connected, at most `seconds`; return whether it is."""
        if self.state != "up":
            with suppress(TimeoutError):
                await asyncio.wait_for(self._up.wait(), seconds)
        return self.state == "up"

    async def publish(self, subject: str, payload: bytes, msg_id: str) -> None:
        """Store one message; return after JetStream's acknowledgement or raise BusUnavailable.

        While disconnected it fails at once: the client's own buffer would send "failed" messages much later.
        """
        if self._publisher is None or self.state != "up":
            raise BusUnavailable(self.state)
        try:
            await self._publisher.publish(subject, payload, headers={"Nats-Msg-Id": msg_id})
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise BusUnavailable(type(error).__name__) from error

    async def consume(
        self,
        stream: str,
        durable: str,
        handler: Handler,
        stop: asyncio.Event,
        filter_subjects: Sequence[str] | None = None,
        *,
        lanes: int = 4,
    ) -> None:
        """Hand every message of `stream` to `handler` until `stop`; creates or updates the durable consumer.

        Messages of one subject come one after the other, `lanes` subjects at a time. Handler returns: acknowledged;
        raises Reject: never delivered again; Retry or anything else: delivered again after a growing delay.
        """
        loop = asyncio.get_running_loop()
        self.signs[durable] = loop.time()
        try:
            while not stop.is_set():
                if not await self.wait_up(1.0):
                    self.signs[durable] = loop.time()
                    continue
                assert self._client is not None
                pull = Pull(self._client, stream, durable, handler, lanes, filter_subjects)
                self._pulls.add(pull)
                try:
                    await pull.run(stop, lambda: self.signs.__setitem__(durable, loop.time()), self.REBUILD_AFTER)
                except (PullLost, nats.errors.Error, TimeoutError, OSError) as error:
                    _log.warning("subscription_rebuilt", durable=durable, error=type(error).__name__)
                    if self.state == "up" and loop.time() - self.signs[durable] > self.GIVE_UP_AFTER:
                        raise ConsumerStalled(durable) from error
                    await pause(stop, 0.5)
                finally:
                    self._pulls.discard(pull)
        finally:
            self.signs.pop(durable, None)

    async def _keep(self) -> None:
        """Hold one living client; nats-py gives a client up for good after refused credentials, so start another."""
        while True:
            closed = asyncio.Event()
            client = Client()
            try:
                await client.connect(
                    self._url,
                    name=self._name,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.5,  # type: ignore[arg-type]
                    connect_timeout=2,
                    ping_interval=10,
                    max_outstanding_pings=2,
                    pending_size=256 * 1024,
                    error_cb=self._note_error,
                    disconnected_cb=self._note_down,
                    reconnected_cb=self._note_up,
                    closed_cb=_setter(closed),
                )
                self._client = client
                self._publisher = client.jetstream(timeout=self.PUBLISH_TIMEOUT)
                await self._note_up()
                await closed.wait()
                self._up.clear()
            except asyncio.CancelledError:
                with suppress(Exception):
                    await client.close()
                raise
            except Exception as error:
                _log.warning("bus_connect_failed", error=type(error).__name__)
            await asyncio.sleep(1)

    async def _note_up(self) -> None:
        self._up.set()
        _log.info("bus_up", name=self._name)
        for pull in self._pulls:
            pull.renew()

    async def _note_down(self) -> None:
        self._up.clear()
        if not self._closing:
            _log.warning("bus_down", name=self._name)

    async def _note_error(self, error: Exception) -> None:
        _log.debug("bus_error", error=type(error).__name__)


def _setter(event: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def set_it() -> None:
        event.set()

    return set_it
