"""The ring of signing keys: published before it signs, good while its tokens live, gone afterwards."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from devstack.credentials import new_signing_key
from devstack.testing import nothing_revoked
from registry.actions.signing import TokenSigner
from registry.signing import SigningKeysInvalid, SigningRing, read_signing_keys
from servicekit.errors import Unauthenticated
from servicekit.identity import TokenVerifier
from servicekit.revocations import Revocations
from servicekit.token_times import LEEWAY_SECONDS, TOKENS_LIVE_SECONDS

START = datetime(2026, 11, 26, 8, tzinfo=UTC)
LEAD = timedelta(minutes=10)


def ring(*keys: tuple[str, datetime]) -> str:
    return json.dumps({"keys": [{"key": pem, "signs_from": begins.isoformat()} for pem, begins in keys]})


def token(signer: TokenSigner, now: datetime) -> str:
    return signer.access_token(
        uuid4(), kind="person", session_id=uuid4(), grants=(), scopes=(), seconds=TOKENS_LIVE_SECONDS, now=now
    )


def kids(signer: TokenSigner, now: datetime) -> list[str]:
    return [key["kid"] for key in signer.keys(now)["keys"]]


async def test_nobody_meets_a_401_while_the_key_changes(tmp_path: Path) -> None:
    """Two verifiers ask for the keys when they please, and take every token of the last ten minutes at each second."""
    file = tmp_path / "signing_key"
    old, new = new_signing_key(), new_signing_key()
    file.write_text(old)
    signer = TokenSigner(SigningRing(file), issuer="nhipcau/test")
    moment = START

    async def fetch() -> dict[str, Any]:
        return signer.keys(moment)

    verifiers = [
        TokenVerifier(
            fetch,
            issuer="nhipcau/test",
            revocations=Revocations(nothing_revoked),
            clock=lambda skew=skew: moment.timestamp() + skew,  # type: ignore[misc]
        )
        for skew in (-2.0, 2.0)
    ]
    living: list[tuple[datetime, str]] = []
    seen: set[int] = set()
    for second in range(0, 2400, 20):
        moment = START + timedelta(seconds=second)
        if second == 300:
            file.write_text(ring((old, START - timedelta(days=30)), (new, moment + LEAD)))
        living = [(at, one) for at, one in living if at + timedelta(seconds=TOKENS_LIVE_SECONDS) > moment]
        living.append((moment, token(signer, moment)))
        for verifier in verifiers:
            for _, one in living:
                verifier._seen.clear()
                await verifier.verify(one)
        seen.add(len(kids(signer, moment)))
    assert seen == {1, 2}
    assert len(kids(signer, moment)) == 1


async def test_a_key_is_published_before_it_signs_and_until_its_last_token_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "signing_key"
    old, new = new_signing_key(), new_signing_key()
    file.write_text(old)
    signer = TokenSigner(SigningRing(file), issuer="nhipcau/test")
    [first] = kids(signer, START)
    file.write_text(ring((old, START - timedelta(days=1)), (new, START + LEAD)))
    first_again, second = kids(signer, START)
    assert first_again == first != second
    assert kids(signer, START + LEAD - timedelta(seconds=1)) == [first, second]
    assert kids(signer, START + LEAD) == [second, first]
    last = START + LEAD + timedelta(seconds=TOKENS_LIVE_SECONDS + LEEWAY_SECONDS)
    assert kids(signer, last - timedelta(seconds=1)) == [second, first]
    assert kids(signer, last) == [second]
    assert all("d" not in key for key in signer.keys(START)["keys"])


async def test_a_withdrawn_key_is_forgotten_by_the_verifiers(tmp_path: Path) -> None:
    file = tmp_path / "signing_key"
    old, new = new_signing_key(), new_signing_key()
    file.write_text(old)
    signer = TokenSigner(SigningRing(file), issuer="nhipcau/test")
    moment = START

    async def fetch() -> dict[str, Any]:
        return signer.keys(moment)

    verifier = TokenVerifier(
        fetch, issuer="nhipcau/test", revocations=Revocations(nothing_revoked), clock=lambda: moment.timestamp()
    )
    await verifier.verify(token(signer, moment))
    stolen = TokenSigner(SigningRing(file), issuer="nhipcau/test")
    file_of_thief = tmp_path / "stolen"
    file_of_thief.write_text(old)
    stolen = TokenSigner(SigningRing(file_of_thief), issuer="nhipcau/test")
    file.write_text(ring((new, START)))
    moment = START + timedelta(seconds=301)
    with pytest.raises(Unauthenticated):
        await verifier.verify(token(stolen, moment))
    await verifier.verify(token(signer, moment))


def test_a_file_that_cannot_be_read_leaves_the_keys_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "signing_key"
    file.write_text(new_signing_key())
    signer = TokenSigner(SigningRing(file), issuer="nhipcau/test")
    before = kids(signer, START)
    file.write_text("{")
    assert kids(signer, START) == before
    file.unlink()
    assert kids(signer, START) == before
    file.write_text(ring((new_signing_key(), START - LEAD)))
    assert kids(signer, START) != before


@pytest.mark.parametrize("text", ["", "{}", '{"keys": []}', "[1]", ring(("no key", START)), "-----BEGIN X-----"])
def test_what_is_no_ring_stops_the_start(text: str) -> None:
    with pytest.raises(SigningKeysInvalid):
        read_signing_keys(text)


def test_a_time_without_a_zone_stops_the_start() -> None:
    with pytest.raises(SigningKeysInvalid):
        read_signing_keys(ring((new_signing_key(), START.replace(tzinfo=None))))
