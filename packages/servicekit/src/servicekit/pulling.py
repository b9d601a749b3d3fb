"""One pull subscription of a durable JetStream consumer.

Why not `fetch()` of nats-py: a batch fetch that finds the first message while waiting keeps waiting for the rest of
the batch until its time is over, and a fetch in flight when the server restarts never resumes. Here messages are
handled as they arrive, the server's heartbeats are the watchdog, and a reconnect asks again at once.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from servicekit.waiting import pause

ACK_WAIT_SECONDS = 30.0
MAX_ACK_PENDING = 256
BATCH = 100
EXPIRES_SECONDS = 5.0
HEARTBEAT_SECONDS = 2.0
NEXT_PREFIX = "$JS.API.CONSUMER.MSG.NEXT"
_TOUCH_SECONDS = 10.0
_NANO = 1_000_000_000

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Message:
    """A delivered message; `deliveries` counts from 1, `position` is the place in the stream."""

    subject: str
    data: bytes
    deliveries: int
    position: int
    raw: Msg = field(repr=False)


Handler = Callable[[Message], Awaitable[None]]


class Retry(Exception):
    """Raised by a handler: deliver again later, something around us is not available."""


class Reject(Exception):
    """Raised by a handler: never deliver this again, it has been put aside."""


class PullLost(Exception):
    """The subscription no longer gets answers and must be built anew."""


class Pull:
    """Asks for messages, spreads them over lanes by subject, and answers for each."""

    def __init__(
        self,
        client: Client,
        stream: str,
        durable: str,
        handler: Handler,
        lanes: int,
        filter_subjects: Sequence[str] | None,
    ) -> None:
        self._client = client
        self._stream = stream
        self._durable = durable
        self._handler = handler
        self._filters = list(filter_subjects) if filter_subjects else None
        self._arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._lanes: list[asyncio.Queue[Message]] = [asyncio.Queue() for _ in range(lanes)]
        self._held: dict[Message, float] = {}
        self._freed = asyncio.Event()

    def renew(self) -> None:
        """Tell the loop that the connection is a new one and its request is lost."""
        self._arrived.put_nowait(None)

    async def run(self, stop: asyncio.Event, alive: Callable[[], None], patience: float) -> None:
        """Pull until `stop`; call `alive` at every sign of life; raise PullLost after `patience` seconds without."""
        await self._create_consumer()
        inbox = self._client.new_inbox()
        subscription = await self._client.subscribe(inbox, cb=self._arrived.put)
        workers: list[asyncio.Task[None]] = [
            asyncio.create_task(self._work(lane), name=f"lane-{self._durable}") for lane in self._lanes
        ]
        workers.append(asyncio.create_task(self._touch(), name=f"touch-{self._durable}"))
        stopped = asyncio.create_task(pause(stop, None))
        pulling = asyncio.create_task(self._pull(inbox, alive, patience))
        try:
            await asyncio.wait({stopped, pulling, *workers}, return_when=asyncio.FIRST_COMPLETED)
            for task in (pulling, *workers):
                if task.done():
                    task.result()
            await self._drain()
        finally:
            for task in (stopped, pulling, *workers):
                task.cancel()
            await asyncio.gather(stopped, pulling, *workers, return_exceptions=True)
            with suppress(Exception):
                await subscription.unsubscribe()

    async def _create_consumer(self) -> None:
        await self._client.jetstream().add_consumer(
            self._stream,
            ConsumerConfig(
                durable_name=self._durable,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                max_deliver=-1,
                max_ack_pending=MAX_ACK_PENDING,
                filter_subjects=self._filters,
            ),
        )

    async def _pull(self, inbox: str, alive: Callable[[], None], patience: float) -> None:
        subject = f"{NEXT_PREFIX}.{self._stream}.{self._durable}"
        request = json.dumps(
            {
                "batch": BATCH,
                "expires": int(EXPIRES_SECONDS * _NANO),
                "idle_heartbeat": int(HEARTBEAT_SECONDS * _NANO),
            }
        ).encode()
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while True:
            while len(self._held) >= MAX_ACK_PENDING - BATCH:
                self._freed.clear()
                await self._freed.wait()
            await self._client.publish(subject, request, reply=inbox)
            left = BATCH
            while left > 0:
                try:
                    message = await asyncio.wait_for(self._arrived.get(), 2 * HEARTBEAT_SECONDS + 1)
                except TimeoutError as error:
                    if loop.time() - heard > patience:
                        raise PullLost(self._durable) from error
                    break
                if message is None:
                    break
                heard = loop.time()
                alive()
                status = message.headers.get("Status") if message.headers else None
                if status is None:
                    self._accept(message, heard)
                    left -= 1
                elif status == "100":
                    continue
                elif status in ("404", "408"):
                    break
                else:
                    if status != "409" or "deleted" in (message.headers or {}).get("Description", "").lower():
                        raise PullLost(f"{self._durable} {status}")
                    await asyncio.sleep(0.2)
                    break

    def _accept(self, raw: Msg, now: float) -> None:
        meta = raw.metadata
        message = Message(
            subject=raw.subject,
            data=raw.data,
            deliveries=meta.num_delivered or 1,
            position=meta.sequence.stream,
            raw=raw,
        )
        self._held[message] = now
        self._lanes[hash(raw.subject.rpartition(".")[2]) % len(self._lanes)].put_nowait(message)

    async def _work(self, lane: asyncio.Queue[Message]) -> None:
        while True:
            message = await lane.get()
            try:
                await self._answer(message)
            finally:
                self._held.pop(message, None)
                self._freed.set()

    async def _answer(self, message: Message) -> None:
        try:
            await self._handler(message)
        except Reject:
            await message.raw.term()
        except Exception as error:
            if not isinstance(error, Retry):
                _log.exception("handler_failed", durable=self._durable, position=message.position)
            await message.raw.nak(delay=min(30.0, 0.25 * 2 ** min(message.deliveries, 7)))
        else:
            await message.raw.ack()

    async def _touch(self) -> None:
        """Keep what we hold from being delivered a second time while it waits or a handler is slow."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            for message, since in list(self._held.items()):
                if loop.time() - since > _TOUCH_SECONDS and message in self._held:
                    self._held[message] = loop.time()
                    await message.raw.in_progress()

    async def _drain(self) -> None:
        """Finish the messages being handled, let go of those still waiting in a lane; at most 10 s."""
        for lane in self._lanes:
            while not lane.empty():
                self._held.pop(lane.get_nowait(), None)
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                while self._held:
                    self._freed.clear()
                    await self._freed.wait()
