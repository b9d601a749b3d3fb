"""Group C of the bad inputs: whatever is wrong with a token, the answer is the same 401 and nothing goes through."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import OKPKey

from gateway.signin import KeySource
from gateway.upstream import Upstream
from servicekit.errors import Unavailable

PATH = "/api/v1/registry/me"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"


def signed(signer: Any, header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> str:
    """Sign whatever header is asked for, without a library's opinion about it."""
    first = unsigned(header, claims)
    private = (key or signer.key).private_key
    return f"{first}.{encode(private.sign(first.encode()))}"


def hs256(secret: bytes, signer: Any) -> str:
    first = unsigned(signer.header(alg="HS256"), signer.claims())
    return f"{first}.{encode(hmac.new(secret, first.encode(), hashlib.sha256).digest())}"


def flip(token: str, position: int) -> str:
    head, claims, signature = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[position] ^= 1
    return f"{head}.{claims}.{encode(bytes(raw))}"


def other_spelling(token: str) -> str:
    """The same 64 signature bytes, with one of the four unused bits of the last character set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def public_jwk(key: OKPKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def parts(signer: Any) -> list[str]:
    token: str = signer.token()
    return token.split(".")


OTHER = OKPKey.generate_key("Ed25519", parameters={"kid": "k1"})
URL = "http://127.0.0.1:1/k"


def now() -> int:
    """The second of asking: a whole run lasts longer than the ten minutes some tokens lie ahead."""
    return int(time.time())


BAD: dict[str, Callable[[Any], str]] = {
    "52 alg none": lambda s: unsigned(s.header(alg="none"), s.claims()) + ".",
    "52 alg none with signature": lambda s: unsigned(s.header(alg="none"), s.claims()) + "." + parts(s)[2],
    "52 no signature": lambda s: ".".join([*parts(s)[:2], ""]),
    "52 alg nOnE": lambda s: unsigned(s.header(alg="nOnE"), s.claims()) + ".",
    "53 HS256 with the public key": lambda s: hs256(s.key.as_pem(private=False), s),
    "53 HS256 with the raw public key": lambda s: hs256(base64.urlsafe_b64decode(public_jwk(s.key)["x"] + "="), s),
    "54 the same, other white space": lambda s: hs256(s.key.as_pem(private=False).replace(b"\n", b"\r\n") + b" ", s),
    "55 kid with a path": lambda s: signed(s, s.header(kid="../../../../dev/null"), s.claims()),
    "55 kid with SQL": lambda s: signed(s, s.header(kid="k1' OR '1'='1"), s.claims()),
    "55 kid missing": lambda s: signed(s, {"alg": "EdDSA", "typ": "at+jwt"}, s.claims()),
    "55 kid a list": lambda s: signed(s, s.header(kid=["k1"]), s.claims()),
    "56 jwk in the header": lambda s: signed(s, s.header(jwk=public_jwk(OTHER)), s.claims(), OTHER),
    "56 jku in the header": lambda s: signed(s, s.header(jku=URL), s.claims(), OTHER),
    "56 x5u in the header": lambda s: signed(s, s.header(x5u=URL), s.claims(), OTHER),
    "56 jku beside our signature": lambda s: signed(s, s.header(jku=URL), s.claims()),
    "57 unknown crit": lambda s: signed(s, s.header(crit=["urn:x"], **{"urn:x": 1}), s.claims()),
    "57 empty crit": lambda s: signed(s, s.header(crit=[]), s.claims()),
    "57 b64 false": lambda s: signed(s, s.header(crit=["b64"], b64=False), s.claims()),
    "58 iss is a part": lambda s: s.token(iss="nhipcau"),
    "58 iss is longer": lambda s: s.token(iss="nhipcau/test2"),
    "58 iss a list": lambda s: s.token(iss=["nhipcau/test"]),
    "58 iss missing": lambda s: s.token(iss=None),
    "59 aud of another": lambda s: s.token(aud="another"),
    "59 iss of another deployment": lambda s: s.token(iss="nhipcau/other"),
    "59 aud missing": lambda s: s.token(aud=None),
    "60 exp past": lambda s: s.token(exp=now() - 120),
    "60 exp missing": lambda s: s.token(exp=None),
    "60 exp a text": lambda s: s.token(exp="9999999999"),
    "60 nbf future": lambda s: s.token(nbf=now() + 600),
    "60 iat future": lambda s: s.token(iat=now() + 600, exp=now() + 1200),
    "61 typ of an id token": lambda s: signed(s, s.header(typ="JWT"), s.claims()),
    "61 typ missing": lambda s: signed(s, {"alg": "EdDSA", "kid": "k1"}, s.claims()),
    "62 ES256 in the header, our key": lambda s: signed(s, s.header(alg="ES256"), s.claims()),
    "62 another name of the algorithm": lambda s: signed(s, s.header(alg="Ed25519"), s.claims()),
    "67 signature bit flipped, first": lambda s: flip(s.token(), 0),
    "67 signature bit flipped, last": lambda s: flip(s.token(), 63),
    "67 padding": lambda s: s.token() + "==",
    "67 unused bits set": lambda s: other_spelling(s.token()),
    "67 standard alphabet": lambda s: ".".join(
        [*parts(s)[:2], parts(s)[2].replace("-", "+").replace("_", "/")[:-1] + "+"]
    ),
    "67 white space inside": lambda s: s.token().replace(".", ". ", 1),
    "67 four parts": lambda s: s.token() + "." + parts(s)[2],
    "claims changed": lambda s: swap(s.token(), 1, json.dumps(s.claims(kind="client")).encode()),
    "key of another under our kid": lambda s: signed(s, s.header(), s.claims(), OTHER),
    "kind unknown": lambda s: s.token(kind="robot"),
    "sub no uuid": lambda s: s.token(sub="quantri"),
    "claims no object": lambda s: str(jws.serialize_compact(s.header(), b"[]", s.key, algorithms=["EdDSA"])),
    "header no JSON": lambda s: swap(s.token(), 0, b"nothing"),
    "header a list": lambda s: swap(s.token(), 0, b"[]"),
    "nonsense": lambda s: "x",
    "very long": lambda s: "a" * 20_000,
}


def swap(token: str, part: int, content: bytes) -> str:
    split = token.split(".")
    split[part] = encode(content)
    return ".".join(split)


@pytest.fixture(scope="session")
def bad(signer: Any) -> dict[str, str]:
    return {name: make(signer) for name, make in BAD.items()}


def same_refusal(response: httpx.Response) -> None:
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["www-authenticate"] == "Bearer"
    body = response.json()
    assert body.pop("request_id") == response.headers["x-request-id"]
    assert body == {
        "type": "urn:nhipcau:problem:unauthenticated",
        "title": "unauthenticated",
        "status": 401,
        "detail": "Bạn chưa đăng nhập hoặc phiên đã hết hạn. Hãy đăng nhập lại.",
        "code": "unauthenticated",
    }


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("path", [PATH, "/api/v1/registry/units"], ids=["protected", "public"])
async def test_a_bad_token_is_the_same_401_everywhere(
    client: httpx.AsyncClient, backend: Any, bad: dict[str, str], name: str, path: str
) -> None:
    same_refusal(await client.get(path, headers={"Authorization": f"Bearer {bad[name]}"}))
    assert backend.requests == []


async def test_a_good_token_passes_and_goes_on_unchanged(client: httpx.AsyncClient, backend: Any, bearer: Any) -> None:
    assert (await client.get(PATH, headers=bearer)).status_code == 200
    assert backend.last.values(b"authorization") == [bearer["Authorization"].encode()]
    assert (await client.get(PATH, headers=bearer)).status_code == 200  # from memory this time


async def test_no_token_is_refused_unless_the_path_is_public(client: httpx.AsyncClient) -> None:
    same_refusal(await client.get(PATH))
    assert (await client.get("/api/v1/registry/units")).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer  ", "bearer\t", ""])
async def test_other_schemes(client: httpx.AsyncClient, signer: Any, scheme: str) -> None:
    value = f"{scheme} {signer.token()}".strip()
    same_refusal(await client.get(PATH, headers={"Authorization": value}))


async def test_64_two_authorization_fields(client: httpx.AsyncClient, bearer: Any, bad: dict[str, str]) -> None:
    good = bearer["Authorization"]
    for second in (good, f"Bearer {bad['60 exp past']}"):
        for path in (PATH, "/api/v1/registry/units"):
            same_refusal(await client.get(path, headers=[("Authorization", good), ("Authorization", second)]))


@pytest.mark.parametrize(
    "query", ["access_token={}", "a=1&ACCESS_TOKEN={}", "access%5Ftoken={}", "x={}", "jwt={}", "%61ccess_token=1"]
)
async def test_65_token_in_the_query(client: httpx.AsyncClient, bearer: Any, signer: Any, query: str) -> None:
    address = query.format(signer.token())
    same_refusal(await client.get(f"{PATH}?{address}"))
    same_refusal(await client.get(f"{PATH}?{address}", headers=bearer))
    same_refusal(await client.get(f"/api/v1/registry/units?{address}"))


async def test_a_page_cursor_that_looks_a_little_like_a_token_passes(client: httpx.AsyncClient, bearer: Any) -> None:
    cursor = encode(json.dumps({"after": str(uuid.uuid4())}).encode()) + "." + encode(b"signature-of-cursor")
    assert (await client.get(f"{PATH}?cursor={cursor}", headers=bearer)).status_code == 200


async def test_a_token_stops_at_its_expiry_even_when_remembered(client: httpx.AsyncClient, signer: Any) -> None:
    token = signer.token(exp=int(time.time()) - 28)  # two seconds inside the allowed difference of clocks
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get(PATH, headers=headers)).status_code == 200
    await asyncio.sleep(2.5)
    same_refusal(await client.get(PATH, headers=headers))


async def test_a_forged_kid_cannot_hammer_the_registry(client: httpx.AsyncClient, signer: Any, backend: Any) -> None:
    for number in range(30):
        token = jwt.encode(signer.header(kid=f"x{number}"), signer.claims(), signer.key, algorithms=["EdDSA"])
        same_refusal(await client.get(PATH, headers={"Authorization": f"Bearer {token}"}))
    assert sum(b"jwks" in request.line for request in backend.errands) <= 2


async def test_a_new_key_is_found_without_a_restart(start_door: Any, backend: Any, signer: Any, tmp_path: Any) -> None:
    new = OKPKey.generate_key("Ed25519", parameters={"kid": "k2"})
    token = jwt.encode(signer.header(kid="k2"), signer.claims(), new, algorithms=["EdDSA"])
    async with start_door(backend, tmp_path) as door, httpx.AsyncClient(base_url=door.url) as client:
        old = {"Authorization": f"Bearer {signer.token()}"}
        assert (await client.get(PATH, headers=old)).status_code == 200
        backend.keys["keys"].append(new.as_dict(private=False))
        try:
            end = time.monotonic() + 8
            while (status := (await client.get(PATH, headers={"Authorization": f"Bearer {token}"})).status_code) == 401:
                assert time.monotonic() < end
                await asyncio.sleep(0.25)
            assert status == 200
            assert (await client.get(PATH, headers=old)).status_code == 200
        finally:
            backend.keys["keys"].pop()


async def test_without_the_registrys_keys_nobody_is_called_a_stranger(
    start_door: Any, backend: Any, bearer: Any, tmp_path: Any
) -> None:
    async with start_door(backend, tmp_path, REGISTRY_URL="http://127.0.0.1:9", SERVICES="{}") as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            response = await client.get("/api/v1/targets/indicators", headers=bearer)
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) > 0
            assert (await client.get("/readyz")).status_code == 503


async def test_a_registry_in_trouble_is_asked_once_a_second(backend: Any, reply: Any) -> None:
    @backend.on("/api/v1/registry/jwks.json")
    async def _(request: Any) -> bytes:
        return reply(status="500 Internal Server Error")  # type: ignore[no-any-return]

    moment = 100.0
    source = KeySource(Upstream("registry", f"http://127.0.0.1:{backend.port}"), lambda: moment)
    together = await asyncio.gather(*(source.fetch() for _ in range(10)), return_exceptions=True)
    one_by_one = [await asyncio.gather(source.fetch(), return_exceptions=True) for _ in range(10)]
    assert all(isinstance(error, Unavailable) for error in [*together, *(each[0] for each in one_by_one)])
    assert len(backend.errands) == 1
    moment += 1.1
    await asyncio.gather(source.fetch(), return_exceptions=True)
    assert len(backend.errands) == 2


async def test_a_revoked_session_is_refused_at_the_door_though_its_token_was_remembered(
    start_door: Any, backend: Any, signer: Any, tmp_path: Any
) -> None:
    session, moment = str(uuid.uuid4()), "2026-01-01T00:00:00+00:00"
    ended = {"subject_id": str(uuid.uuid4()), "session_id": session, "revoked_at": moment}
    old, other = ({"Authorization": f"Bearer {token}"} for token in (signer.token(sid=session), signer.token()))
    async with start_door(backend, tmp_path, REVOCATION_SECONDS="0.1") as door:
        async with httpx.AsyncClient(base_url=door.url) as client:
            assert (await client.get(PATH, headers=old)).status_code == 200
            backend.revoked.append(ended | {"expires_at": "2999-01-01T00:00:00+00:00"})
            try:
                end = time.monotonic() + 8
                while (await client.get(PATH, headers=old)).status_code == 200:
                    assert time.monotonic() < end
                    await asyncio.sleep(0.1)
                assert (await client.get(PATH, headers=old)).status_code == 401
                assert (await client.get(PATH, headers=other)).status_code == 200
            finally:
                backend.revoked.clear()
