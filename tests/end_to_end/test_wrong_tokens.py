"""Group C of the bad inputs with a token the registry really made: one change, and every service's door is shut."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from devstack.demo.client import Client
from devstack.demo.people import sign_in_administrator
from devstack.stack import Stack

PATHS = (
    "/api/v1/registry/me",
    "/api/v1/targets/indicators",
    "/api/v1/feedback/submissions",
    "/api/v1/oversight/cases",
    "/api/v1/webhooks/endpoints",
)
Change = Callable[[list[str]], str]


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def header(**changes: Any) -> Change:
    return lambda parts: ".".join([encoded(decoded(parts[0]) | changes), *parts[1:]])


def claims(**changes: Any) -> Change:
    return lambda parts: ".".join([parts[0], encoded(decoded(parts[1]) | changes), parts[2]])


def flipped(parts: list[str]) -> str:
    raw = bytearray(base64.urlsafe_b64decode(parts[2] + "=="))
    raw[0] ^= 1
    return ".".join([*parts[:2], base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()])


CHANGES: dict[str, Change] = {
    "52 alg none": lambda parts: f"{encoded(decoded(parts[0]) | {'alg': 'none'})}.{parts[1]}.",
    "53 HS256": header(alg="HS256"),
    "55 kid with a path": header(kid="../../dev/null"),
    "56 jku": header(jku="http://127.0.0.1:1/keys"),
    "57 crit": header(crit=["exp"]),
    "58 iss a part": claims(iss="nhipcau"),
    "59 aud of another": claims(aud="another"),
    "60 exp moved": claims(exp=9_999_999_999),
    "61 typ of an id token": header(typ="JWT"),
    "62 another algorithm": header(alg="ES256"),
    "67 one bit": flipped,
    "67 padding": lambda parts: ".".join(parts) + "==",
    "more roles": claims(grants=[{"role": "service", "organisation": "0" * 8 + "-0000-4000-8000-000000000000"}]),
}


@pytest.fixture(scope="module")
async def token(house: Stack, nobody: Client) -> AsyncIterator[str]:
    """What the registry gave the first administrator."""
    admin = await sign_in_administrator(nobody, house.admin_password, house.admin_totp_secret)
    assert admin.token is not None
    yield admin.token
    await admin.close()


def refused(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 401, response.text
    body: dict[str, Any] = response.json()
    body.pop("request_id")
    return body


async def test_the_token_itself_is_believed_everywhere(raw: httpx.AsyncClient, token: str) -> None:
    answers = [await raw.get(path, headers={"Authorization": f"Bearer {token}"}) for path in PATHS]
    assert all(answer.status_code != 401 for answer in answers)
    assert answers[0].json()["username"] == "quantri"


@pytest.mark.parametrize("name", CHANGES)
async def test_one_change_and_it_is_worth_nothing(raw: httpx.AsyncClient, token: str, name: str) -> None:
    wrong = CHANGES[name](token.split("."))
    bodies = [refused(await raw.get(path, headers={"Authorization": f"Bearer {wrong}"})) for path in PATHS]
    nothing = refused(await raw.get(PATHS[0]))
    assert all(body == nothing for body in bodies)


async def test_two_tokens_or_one_in_the_address(raw: httpx.AsyncClient, token: str) -> None:
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert refused(await raw.get(PATHS[0], headers=twice)) == refused(await raw.get(PATHS[0]))
    assert refused(await raw.get(PATHS[0], params={"access_token": token})) == refused(await raw.get(PATHS[0]))
