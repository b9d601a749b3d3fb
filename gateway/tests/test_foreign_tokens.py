"""Tokens of other issuers: exchanged once at the registry, remembered, and never a way to hammer it.

Behind the door stands a real HTTP server that keeps the registry's contract (RFC 8693 as JSON).
"""

import asyncio
import base64
import json
import time
import uuid
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

ME = "/api/v1/registry/me"
TOKENS = "/api/v1/registry/tokens"
ISSUER = "https://dang-nhap.example.vn/realms/canbo"
EC = ECKey.generate_key("P-256", parameters={"kid": "f1"})


def foreign(header: dict[str, Any] | None = None, key: Any = EC, **claims: Any) -> str:
    said = {"iss": ISSUER, "sub": str(uuid.uuid4()), "aud": "nhipcau", "exp": int(time.time()) + 600} | claims
    made = {"alg": "ES256", "kid": "f1", "typ": "JWT"} | (header or {})
    return jwt.encode(made, said, key, algorithms=[made["alg"]])


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "." + "A" * 86


@pytest.fixture
def registry(backend: Any, reply: Any, signer: Any) -> dict[str, Any]:
    """What the registry says to an exchange, and what it was asked."""
    manner: dict[str, Any] = {"status": "200 OK", "lasts": 600, "asked": [], "waits": 0.0, "given": signer.token()}

    @backend.on(TOKENS)
    async def _(request: Any) -> bytes:
        manner["asked"].append(request)
        await asyncio.sleep(manner["waits"])
        said = {"access_token": manner["given"], "expires_in": manner["lasts"]}
        return reply(json.dumps(said if manner["status"][0] == "2" else {}).encode(), status=manner["status"])

    return manner


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def is_401(response: httpx.Response) -> bool:
    body = response.json()
    return (
        response.status_code == 401
        and body.pop("request_id")
        and body
        == {
            "type": "urn:nhipcau:problem:unauthenticated",
            "title": "unauthenticated",
            "status": 401,
            "detail": "Bạn chưa đăng nhập hoặc phiên đã hết hạn. Hãy đăng nhập lại.",
            "code": "unauthenticated",
        }
    )


async def test_a_foreign_token_goes_on_as_ours(client: httpx.AsyncClient, backend: Any, registry: Any) -> None:
    token = foreign()
    for _ in range(3):
        assert (await client.get(ME, headers=bearer(token))).status_code == 200
        assert backend.last.values(b"authorization") == [f"Bearer {registry['given']}".encode()]
    (asked,) = registry["asked"]
    assert json.loads(asked.body) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    }
    assert len(asked.values(b"x-client-bucket")[0]) == 32


async def test_a_crowd_with_one_token_asks_once(client: httpx.AsyncClient, registry: Any) -> None:
    registry["waits"] = 0.3
    token = foreign()
    answers = await asyncio.gather(*(client.get(ME, headers=bearer(token)) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(registry["asked"]) == 1


@pytest.mark.parametrize("status", ["401 Unauthorized", "400 Bad Request", "422 Unprocessable Entity"])
async def test_a_refused_one_is_the_same_401_and_asked_about_once(
    client: httpx.AsyncClient, registry: Any, status: str
) -> None:
    registry["status"] = status
    token = foreign()
    for path in (ME, ME, "/api/v1/registry/units"):
        assert is_401(await client.get(path, headers=bearer(token)))
    assert len(registry["asked"]) == 1


async def test_what_the_registry_gives_is_verified_too(client: httpx.AsyncClient, signer: Any, registry: Any) -> None:
    for given in (signer.token(iss="nhipcau/other"), signer.token(exp=int(time.time()) - 120), "x", foreign()):
        registry["given"] = given
        assert is_401(await client.get(ME, headers=bearer(foreign())))


async def test_a_registry_in_trouble_makes_nobody_a_stranger(client: httpx.AsyncClient, registry: Any) -> None:
    registry["status"] = "503 Service Unavailable"
    token = foreign()
    response = await client.get(ME, headers=bearer(token))
    assert (response.status_code, "retry-after" in response.headers) == (503, True)
    registry["status"] = "200 OK"
    assert (await client.get(ME, headers=bearer(token))).status_code == 200


async def test_it_is_exchanged_anew_before_it_ends(client: httpx.AsyncClient, registry: Any) -> None:
    for lasts, exp in ((31, 600), (600, 31)):
        registry["lasts"] = lasts
        registry["asked"].clear()
        token = foreign(exp=int(time.time()) + exp)
        for _ in range(2):
            assert (await client.get(ME, headers=bearer(token))).status_code == 200
        assert len(registry["asked"]) == 1
        await asyncio.sleep(1.5)
        assert (await client.get(ME, headers=bearer(token))).status_code == 200
        assert len(registry["asked"]) == 2


OCT = OctKey.generate_key(256)
NEVER_ASKED = {
    "HS256": lambda: foreign({"alg": "HS256"}, OCT),
    "none": lambda: unsigned({"alg": "none"}, {"iss": ISSUER}),
    "jku": lambda: unsigned({"alg": "ES256", "jku": "https://x"}, {"iss": ISSUER}),
    "jwk": lambda: unsigned({"alg": "ES256", "jwk": {}}, {"iss": ISSUER}),
    "crit": lambda: unsigned({"alg": "ES256", "crit": ["b64"]}, {"iss": ISSUER}),
    "alg a list": lambda: unsigned({"alg": ["ES256"]}, {"iss": ISSUER}),
    "no issuer": lambda: foreign(iss=None),
    "issuer a list": lambda: foreign(iss=[ISSUER]),
    "issuer no address": lambda: foreign(iss="nhipcau/other"),
    "our issuer, another key": lambda: foreign(iss="nhipcau/test"),
    "claims no object": lambda: unsigned({"alg": "ES256"}, []),  # type: ignore[arg-type]
    "deep": lambda: unsigned({"alg": "ES256"}, {"iss": ISSUER}).replace(".", "." + "W1tb" * 3000, 1),
}


@pytest.mark.parametrize("name", NEVER_ASKED)
async def test_what_cannot_be_one_is_refused_without_a_question(
    client: httpx.AsyncClient, registry: Any, name: str
) -> None:
    assert is_401(await client.get(ME, headers=bearer(NEVER_ASKED[name]())))
    assert registry["asked"] == []


async def test_strangers_cannot_make_the_door_hammer_the_registry(
    start_door: Any, backend: Any, registry: Any, tmp_path: Any
) -> None:
    registry["status"] = "401 Unauthorized"
    settings = {"RATE_LIMITS": json.dumps({"exchange": "5/600"}), "TRUSTED_EDGES": "127.0.0.1/32"}
    async with start_door(backend, tmp_path, **settings) as door, httpx.AsyncClient(base_url=door.url) as client:
        statuses = [
            (await client.get(ME, headers=bearer(foreign()) | {"X-Forwarded-For": f"192.0.2.{n}"})).status_code
            for n in range(12)
        ]
        assert statuses == [401] * 5 + [429] * 7
        assert len(registry["asked"]) == 5
        registry["status"] = "200 OK"
        elsewhere = bearer(foreign()) | {"X-Forwarded-For": "198.51.100.1"}
        assert (await client.get(ME, headers=elsewhere)).status_code == 200
