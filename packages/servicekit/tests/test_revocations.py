"""What one process knows of revoked access: remembered tokens, cursors, and what it does when it cannot ask."""

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from servicekit import revocations as module
from servicekit.errors import Unauthenticated, Unavailable
from servicekit.identity import TokenVerifier
from servicekit.revocations import Batch, Revocation, Revocations
from servicekit.token_times import TOKENS_LIVE_SECONDS

from .test_identity import ISSUER, KEY, SESSION, SUBJECT, Keys, signed

NOW = datetime.now(UTC)
SHORT = timedelta(minutes=12)


def revoked(*, session: uuid.UUID | None = None, at: datetime = NOW, until: timedelta = timedelta(hours=2)):
    return Revocation(SUBJECT, session, at, at + until)


class Registry:
    """Answers with what was put in, and remembers the cursors it was asked with."""

    def __init__(self) -> None:
        self.items: list[Revocation] = []
        self.cursors: list[str | None] = []
        self.down = False
        self.asked = asyncio.Event()

    async def __call__(self, cursor: str | None) -> Batch:
        self.cursors.append(cursor)
        self.asked.set()
        if self.down:
            raise OSError
        items, self.items = self.items, []
        return Batch(items, str(len(self.cursors)))


class Minutes:
    """The monotonic clock of the module, moved by a test."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    time = staticmethod(time.time)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def clock(monkeypatch) -> Minutes:
    made = Minutes()
    monkeypatch.setattr(module, "time", made)
    return made


@pytest.fixture
def known(registry, clock) -> Revocations:
    return Revocations(registry)


@pytest.fixture
def verifier(known) -> TokenVerifier:
    return TokenVerifier(Keys(KEY), issuer=ISSUER, revocations=known)


async def look(known: Revocations) -> None:
    known.want()
    await known.catch_up()


async def test_a_remembered_token_is_refused_once_its_session_ended(verifier, known, registry):
    token = signed()
    await verifier.verify(token)
    registry.items = [revoked(session=SESSION)]
    await look(known)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)
    assert (await verifier.verify(signed(sid=str(uuid.uuid4())))).id == SUBJECT, "another session goes on"


async def test_a_subjects_older_tokens_end_and_newer_ones_are_good(verifier, known, registry):
    moment = int(NOW.timestamp() * 1000)
    before, after = signed(iat_ms=moment - 1), signed(iat_ms=moment + 1)
    for token in (before, after):
        await verifier.verify(token)
    registry.items = [revoked()]
    await look(known)
    with pytest.raises(Unauthenticated):
        await verifier.verify(before)
    await verifier.verify(after)
    registry.items = [revoked(at=NOW - timedelta(seconds=5))]
    await look(known)
    with pytest.raises(Unauthenticated):  # an older row that is told again takes nothing back
        await verifier.verify(before)


async def test_a_token_without_the_finer_claim_counts_as_older(verifier, known, registry):
    moment = datetime.now(UTC).replace(microsecond=500_000)
    registry.items = [revoked(at=moment)]
    with pytest.raises(Unauthenticated):
        await verifier.verify(signed(iat=int(moment.timestamp())))


async def test_nobody_is_let_in_before_the_first_answer_and_the_registry_is_asked_once_a_second(
    verifier, registry, clock
):
    registry.down = True
    token = signed()
    for _ in range(20):
        with pytest.raises(Unavailable):
            await verifier.verify(token)
    assert len(registry.cursors) == 1
    with pytest.raises(Unauthenticated):
        await verifier.verify(token[:-6] + "AAAAAA")  # a bad token is bad whatever is known
    registry.down, clock.ahead = False, 1.5
    await verifier.verify(token)


async def test_good_tokens_go_on_while_the_registry_is_away_but_not_longer_than_a_token_lives(
    verifier, known, registry, clock
):
    token = signed()
    await verifier.verify(token)
    assert known.state == "up"
    registry.down, clock.ahead = True, module.STALE_SECONDS + 1
    await verifier.verify(token)
    assert known.state == "stale"
    clock.ahead = TOKENS_LIVE_SECONDS + 1
    with pytest.raises(Unavailable):
        await verifier.verify(signed())


async def test_each_answer_is_asked_for_from_the_last_cursor_and_a_failure_keeps_it(known, registry, clock):
    await known.catch_up()
    await look(known)
    registry.down = True
    with pytest.raises(Unavailable):
        await look(known)
    registry.down, clock.ahead = False, 2
    await look(known)
    assert registry.cursors == [None, "1", "2", "2"]


async def test_watching_outlives_failures_and_a_failure_forces_nobody_to_wait(verifier, known, registry):
    token = signed()
    await verifier.verify(token)
    registry.down = True
    stop = asyncio.Event()
    watching = asyncio.create_task(known.watch(stop, 0.01))
    try:
        for _ in range(3):
            registry.asked.clear()
            await asyncio.wait_for(registry.asked.wait(), 5)
        await verifier.verify(token)
        registry.down, registry.items = False, [revoked(session=SESSION)]
        registry.asked.clear()
        await asyncio.wait_for(registry.asked.wait(), 5)
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)
    finally:
        stop.set()
        await watching


async def test_what_no_living_token_can_meet_is_forgotten(registry):
    now = NOW.timestamp()
    known = Revocations(registry, clock=lambda: now)
    registry.items = [revoked(session=SESSION, until=SHORT), revoked(until=SHORT)]
    await known.catch_up()
    assert known.refuses(SUBJECT, SESSION, 0)
    now += 13 * 60
    await look(known)
    assert not known._sessions
    assert not known._subjects
