"""Tokens that must not pass, all with the same answer (reliability §6 C, RFC 8725)."""

import asyncio
import base64
import hmac
import json
import time
import uuid
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from devstack.testing import nothing_revoked
from servicekit.errors import Unauthenticated, Unavailable
from servicekit.identity import AUDIENCE, TokenVerifier
from servicekit.revocations import Revocations

ISSUER = "nhipcau/test"
SUBJECT, SESSION, ORGANISATION = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()


def new_key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": kid, "alg": "EdDSA", "use": "sig"})


KEY, STRANGER = new_key("k1"), new_key("k1")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    full = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(SUBJECT),
        "sid": str(SESSION),
        "kind": "person",
        "iat": now,
        "exp": now + 600,
        "grants": [{"role": "front_officer", "organisation": str(ORGANISATION)}],
        **changes,
    }
    return {name: value for name, value in full.items() if value is not None}


def signed(key: Any = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    head = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"} | (header or {})
    registry = jws.JWSRegistry(algorithms=[str(head["alg"])], strict_check_header=False)
    return jws.serialize_compact(head, json.dumps(claims(**changes)).encode(), key, registry=registry)


def forged(header: dict[str, Any], signature: str | None = None) -> str:
    """A token put together by hand, with the signature of a good one unless another is given."""
    part = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    _, body, good = signed().split(".")
    return f"{part}.{body}.{good if signature is None else signature}"


def by_secret(secret: bytes) -> str:
    """An HS256 token whose secret is a public key, as a confused verifier would take it (CVE-2026-102268)."""
    head, body, _ = forged({**HEADER, "alg": "HS256"}).split(".")
    digest = hmac.digest(secret, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


class Keys:
    """Stands for the registry's published key set and counts how often it was fetched."""

    def __init__(self, *keys: OKPKey) -> None:
        self.keys = list(keys)
        self.fetched = 0
        self.down = False

    async def __call__(self) -> dict[str, Any]:
        if self.down:
            raise OSError
        self.fetched += 1
        return {"keys": [key.as_dict(private=False) for key in self.keys]}


@pytest.fixture
def keys() -> Keys:
    return Keys(KEY)


@pytest.fixture
def verifier(keys: Keys) -> TokenVerifier:
    return TokenVerifier(keys, issuer=ISSUER, revocations=Revocations(nothing_revoked))


async def test_a_good_token_names_its_actor(verifier: TokenVerifier) -> None:
    actor = await verifier.verify(signed())
    assert (actor.id, actor.session_id, actor.kind) == (SUBJECT, SESSION, "person")
    assert actor.organisations("front_officer") == {ORGANISATION}
    assert actor.organisations("head") == frozenset()


HEADER = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"}
PUBLIC = KEY.as_pem(private=False)
BAD = {
    "alg none": lambda: forged({**HEADER, "alg": "none"}, ""),
    "HS256 with the public key": lambda: by_secret(PUBLIC),
    "HS256 with spaced public key": lambda: by_secret(PUBLIC + b"\n "),
    "another key": lambda: signed(STRANGER),
    "kid with a path": lambda: forged({**HEADER, "kid": "../../etc/passwd"}),
    "kid with SQL": lambda: forged({**HEADER, "kid": "' OR 1=1 --"}),
    "no kid": lambda: forged({"alg": "EdDSA", "typ": "at+jwt"}),
    "jku": lambda: forged({**HEADER, "jku": "https://evil.example/jwks.json"}),
    "own key in the header": lambda: signed(STRANGER, {"jwk": STRANGER.as_dict(private=False)}),
    "unknown crit": lambda: forged({**HEADER, "crit": ["b64"], "b64": False}),
    "issuer as a part": lambda: signed(iss=ISSUER + "/other"),
    "other deployment": lambda: signed(iss="nhipcau/elsewhere"),
    "other audience": lambda: signed(aud="someone-else"),
    "no audience": lambda: signed(aud=None),
    "expired": lambda: signed(exp=int(time.time()) - 60),
    "no expiry": lambda: signed(exp=None),
    "not yet": lambda: signed(nbf=int(time.time()) + 600),
    "an id token": lambda: signed(header={"typ": "JWT"}),
    "no type": lambda: forged({"alg": "EdDSA", "kid": "k1"}),
    "unknown kind": lambda: signed(kind="god"),
    "subject no id": lambda: signed(sub="admin"),
    "signature flipped": lambda: signed()[:-3] + ("AAA" if not signed().endswith("AAA") else "BBB"),
    "padded": lambda: signed() + "=",
    "two parts": lambda: ".".join(signed().split(".")[:2]),
    "not a token": lambda: "Bearer",
    "not ascii": lambda: signed() + "é",
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused(verifier: TokenVerifier, name: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(BAD[name]())


async def test_rotation_needs_no_restart(verifier: TokenVerifier, keys: Keys) -> None:
    await verifier.verify(signed())
    newer = new_key("k2")
    keys.keys.append(newer)
    verifier._fetched_at = float("-inf")  # as after the five seconds between two fetches
    await verifier.verify(signed(newer, {"kid": "k2"}))
    await verifier.verify(signed())
    assert keys.fetched == 2


async def test_forged_kids_do_not_hammer_the_registry(verifier: TokenVerifier, keys: Keys) -> None:
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await verifier.verify(forged({**HEADER, "kid": f"unknown{number}"}))
    assert keys.fetched == 1


async def test_without_keys_it_is_unavailable_not_unauthenticated(verifier: TokenVerifier, keys: Keys) -> None:
    keys.down = True
    with pytest.raises(Unavailable):
        await verifier.verify(signed())


async def test_a_remembered_token_still_ends(keys: Keys) -> None:
    moment = time.time()
    verifier = TokenVerifier(keys, issuer=ISSUER, revocations=Revocations(nothing_revoked), clock=lambda: moment)
    token = signed()
    await verifier.verify(token)
    moment += 700
    with pytest.raises(Unauthenticated):
        await verifier.verify(token)


async def test_a_withdrawn_key_ends_within_five_minutes(keys: Keys) -> None:
    moment = time.time()
    verifier = TokenVerifier(keys, issuer=ISSUER, revocations=Revocations(nothing_revoked), clock=lambda: moment)
    await verifier.verify(signed())
    keys.keys = [new_key("k2")]
    moment += 301
    with pytest.raises(Unauthenticated):
        await verifier.verify(signed(exp=int(moment) + 60, iat=int(moment)))


async def test_a_registry_that_is_down_does_not_end_what_is_known(keys: Keys) -> None:
    moment = time.time()
    verifier = TokenVerifier(keys, issuer=ISSUER, revocations=Revocations(nothing_revoked), clock=lambda: moment)
    await verifier.verify(signed())
    keys.down = True
    moment += 301
    await verifier.verify(signed(exp=int(moment) + 60, iat=int(moment)))


async def test_whoever_comes_while_the_keys_are_fetched_waits_for_them(keys: Keys) -> None:
    """Right after a start many requests come at once; none of them may be told that its token is no good."""
    gate = asyncio.Event()

    async def slow() -> dict[str, Any]:
        await gate.wait()
        return await keys()

    verifier = TokenVerifier(slow, issuer=ISSUER, revocations=Revocations(nothing_revoked))
    waiting = [asyncio.create_task(verifier.verify(signed(jti=str(number)))) for number in range(5)]
    await asyncio.sleep(0.01)
    gate.set()
    assert {(await one).id for one in waiting} == {SUBJECT}
    assert keys.fetched == 1
