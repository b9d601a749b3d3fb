"""Sign-in at identity providers of others and exchange of their tokens, against two real ones and one that cheats."""

import asyncio
import base64
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from joserfc.jwk import OctKey, RSAKey

from devstack.databases import Database
from devstack.engines import Engines
from registry.settings import RegistrySettings

from .conftest import API, House, bearer, if_match, key, make_settings
from .identity_providers import (
    CALLBACK,
    CLIENT,
    SECRET,
    Cheat,
    cheating_provider,
    configure,
    log_in,
    npm_provider,
    returned,
)

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


@pytest.fixture(scope="module")
def settings(engines: Engines, database: Database) -> RegistrySettings:
    return make_settings(engines, database, loopback_issuers=True)


@pytest.fixture(scope="module")
def certified() -> Iterator[str]:
    with npm_provider() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
async def cheat() -> AsyncIterator[Cheat]:
    async with cheating_provider() as made:
        yield made


async def add_provider(house: House, issuer: str, **changes: Any) -> dict[str, Any]:
    """Configure a provider at the city's Front; whatever was remembered of an earlier one there is forgotten."""
    house.app.state.runtime.part("issuers")._known.pop(issuer, None)
    await house.rows("UPDATE identity_provider SET issuer = 'gone:' || id WHERE issuer = $1", issuer)
    body = {
        "key": f"nha-{uuid.uuid4().hex[:8]}",
        "organisation_id": await house.organisation("front_committee", "92"),
        "name": "Định danh thử",
        "issuer": issuer,
        "client_id": CLIENT,
        "auth_method": "client_secret_basic",
        "client_secret": SECRET,
        "redirect_uris": [CALLBACK],
        "scopes": ["openid", "profile"],
        "claims": {},
        "role": "citizen",
        "creates_accounts": True,
        **changes,
    }
    answer = await house.http.post(f"{API}/identity-providers", headers=house.admin | key(), json=body)
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    made: dict[str, Any] = answer.json()
    return made


async def begin(house: House, provider: dict[str, Any], redirect_uri: str = CALLBACK) -> httpx.Response:
    address = f"{API}/identity-providers/{provider['key']}/sign-ins"
    return await house.http.post(address, json={"redirect_uri": redirect_uri})


async def finish(house: House, **brought: str) -> httpx.Response:
    body = {"grant_type": "oidc_code", "redirect_uri": CALLBACK, **brought}
    return await house.http.post(f"{API}/tokens", json=body)


async def at_mock(address: str, person: str) -> dict[str, str]:
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(address, data={"sub": person})
    assert answer.is_redirect, answer.text
    return returned(answer.headers["location"])


async def me(house: House, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = (await house.http.get(f"{API}/me", headers=bearer(answer.json()["access_token"]))).json()
    return found


def refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_a_citizen_signs_in_at_the_certified_provider(house: House, certified: str, alg: str) -> None:
    await configure(certified, kid=f"k-{alg}", alg=alg, client_secret=SECRET)
    provider = await add_provider(house, certified)
    person = f"công-dân-{alg}"
    begun = (await begin(house, provider)).json()
    query = parse_qs(urlsplit(begun["authorization_url"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [CALLBACK]
    brought = returned(await log_in(begun["authorization_url"], person))
    assert brought["state"] == begun["state"]
    answer = await finish(house, **brought)
    first = await me(house, answer)
    assert (first["name"], [grant["role"] for grant in first["grants"]]) == ("Trần Văn Thử", ["citizen"])
    assert first["grants"][0]["organisation_kind"] == "front_committee"
    refreshed = await house.token(grant_type="refresh_token", refresh_token=answer.json()["refresh_token"])
    assert refreshed.status_code == 200
    assert refused(await finish(house, **brought))  # the state is used up
    begun = (await begin(house, provider)).json()
    again = await finish(house, **returned(await log_in(begun["authorization_url"], person)))
    assert (await me(house, again))["id"] == first["id"]
    password = await house.token(grant_type="password", username=first["username"], password="x" * 20)
    assert password.status_code == 401
    for purpose in ("invitation", "recovery"):  # a password would be a second way in
        code = await house.http.post(f"{API}/accounts/{first['id']}/{purpose}", headers=house.admin | if_match(1))
        assert (code.status_code, code.json()["code"]) == (409, "conflict")
    for table in ("foreign_identity", "foreign_sign_in", "identity_provider", "account", "audit_entry", "outbox"):
        for row in await house.rows(f"SELECT t::text AS line FROM {table} t"):
            assert person not in row["line"]
            assert SECRET not in row["line"]
            assert "Trần Văn Thử" not in row["line"]


async def test_our_own_key_proves_us_to_the_certified_provider(house: House, certified: str) -> None:
    provider = await add_provider(house, certified, auth_method="private_key_jwt", client_secret=None)
    public = provider["public_key"]
    assert "d" not in public
    await configure(
        certified,
        kid="k-own",
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="ES256",
        jwks={"keys": [public]},
    )
    begun = (await begin(house, provider)).json()
    answer = await finish(house, **returned(await log_in(begun["authorization_url"], "có khóa")))
    assert (await me(house, answer))["name"] == "Trần Văn Thử"


async def test_a_rotated_key_of_the_certified_provider_is_found(house: House, certified: str) -> None:
    provider = await add_provider(house, certified)
    for kid in ("trước", "sau"):
        await configure(certified, kid=kid, client_secret=SECRET)
        if kid == "sau":
            house.app.state.runtime.part("issuers")._known[certified].keys_at -= 6  # as if five seconds had passed
        begun = (await begin(house, provider)).json()
        answer = await finish(house, **returned(await log_in(begun["authorization_url"], "người quay lại")))
        assert answer.status_code == 200, answer.text


async def test_a_citizen_signs_in_at_the_mock_provider(house: House, mock: str) -> None:
    provider = await add_provider(house, mock)
    begun = (await begin(house, provider)).json()
    brought = await at_mock(begun["authorization_url"], "minh@example.org")
    answer = await finish(house, **brought)
    found = await me(house, answer)
    assert [grant["role"] for grant in found["grants"]] == ["citizen"]
    reused = (await begin(house, provider)).json()  # the code again, with a good state
    assert refused(await finish(house, code=brought["code"], state=reused["state"]))


async def test_only_the_registered_address_is_taken_back_to(house: House, mock: str) -> None:
    provider = await add_provider(house, mock)
    for other in (CALLBACK + "/", CALLBACK.upper(), CALLBACK + "?x=1", "https://example.org/"):
        answer = await begin(house, provider, other)
        assert (answer.status_code, answer.json()["code"]) == (422, "redirect_not_registered")
    begun = (await begin(house, provider)).json()
    brought = await at_mock(begun["authorization_url"], "ai đó")
    assert refused(await finish(house, **brought, redirect_uri=CALLBACK + "/"))
    assert refused(await finish(house, **brought))  # that try used the state up


async def test_a_wrong_late_or_foreign_state_is_refused(house: House, mock: str, certified: str) -> None:
    provider = await add_provider(house, mock)
    begun = (await begin(house, provider)).json()
    brought = await at_mock(begun["authorization_url"], "ai đó")
    assert refused(await finish(house, code=brought["code"], state="x" * 43))
    house.clock.ahead = timedelta(minutes=11)
    try:
        assert refused(await finish(house, **brought))
    finally:
        house.clock.ahead = timedelta()
    await configure(certified, kid="k-mixed", client_secret=SECRET)
    other = await add_provider(house, certified)
    begun = (await begin(house, other)).json()
    mixed = await at_mock((await begin(house, provider)).json()["authorization_url"], "ai đó")
    # RFC 9207: the certified provider names itself in every answer, so an answer without its name is another's.
    assert refused(await finish(house, code=mixed["code"], state=begun["state"]))
    begun = (await begin(house, other)).json()
    assert refused(await finish(house, code=mixed["code"], state=begun["state"], iss=mock))
    many = (await begin(house, provider)).json()
    brought = await at_mock(many["authorization_url"], "vội vàng")
    answers = await asyncio.gather(*(finish(house, **brought) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5


async def back_from(house: House, cheat: Cheat, provider: dict[str, Any]) -> httpx.Response:
    begun = (await begin(house, provider)).json()
    query = parse_qs(urlsplit(begun["authorization_url"]).query)
    cheat.nonce = query["nonce"][0]
    return await finish(house, code="abc", state=begun["state"])


def by_hand(claims: dict[str, Any], secret: bytes) -> str:
    """An HS256 token whose secret is a public key; the library refuses to make one."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
             for part in ({"alg": "HS256", "kid": "c1"}, claims)]  # fmt: skip
    digest = hmac.digest(secret, ".".join(parts).encode(), "sha256")
    return ".".join([*parts, base64.urlsafe_b64encode(digest).decode().rstrip("=")])


async def test_a_token_that_is_wrong_in_any_way_signs_nobody_in(house: House, cheat: Cheat) -> None:
    provider = await add_provider(house, cheat.issuer)
    answer = await back_from(house, cheat, provider)
    assert (await me(house, answer))["name"] == "Kẻ Gian"  # control: the honest token is taken, its name made plain
    assert len(cheat.posted["code_verifier"]) >= 43
    stranger = RSAKey.generate_key(2048, {"kid": "c1"})
    public = cheat.key.as_pem(private=False)
    unmarked = RSAKey.import_key(cheat.key.as_pem(private=True))
    wrong: dict[str, Any] = {
        "nonce of another": {"nonce": "x"},
        "no nonce": {"nonce": None},
        "iss of another": {"iss": cheat.issuer + "/"},
        "aud of another": {"aud": "khac"},
        "two aud without azp": {"aud": [CLIENT, "khac"]},
        "azp of another": {"azp": "khac"},
        "expired": {"exp": 1},
        "no exp": {"exp": None},
        "no iat": {"iat": None},
        "issued tomorrow": {"iat": 4_000_000_000, "exp": 4_000_000_300},
        "sub a number": {"sub": 5},
        "no sub": {"sub": None},
    }
    for name, changes in wrong.items():
        cheat.changes = changes
        assert refused(await back_from(house, cheat, provider)), name
    cheat.changes = {}
    signers = {
        "none": lambda claims: cheat.signed(claims, OctKey.import_key("x" * 16), {"alg": "none"}) + "AA",
        "HS256 with the public key": lambda claims: by_hand(claims, public),
        "HS256 with our secret": lambda claims: cheat.signed(
            claims, OctKey.import_key(SECRET), {"alg": "HS256", "kid": "c1"}
        ),
        "another key": lambda claims: cheat.signed(claims, stranger, {"alg": "RS256", "kid": "c1"}),
        "key in the header": lambda claims: cheat.signed(
            claims, stranger, {"alg": "RS256", "kid": "c1", "jwk": stranger.as_dict(private=False)}
        ),
        "PS256 with a key for RS256": lambda claims: cheat.signed(claims, unmarked, {"alg": "PS256", "kid": "c1"}),
        "crit": lambda claims: cheat.signed(claims, cheat.key, {"alg": "RS256", "kid": "c1", "crit": ["kid"]}),
        "no JWS": lambda claims: "x.y.z",
    }
    for name, sign in signers.items():
        cheat.sign = sign
        assert refused(await back_from(house, cheat, provider)), name


async def test_an_unknown_kid_makes_it_look_again_but_not_more_than_every_five_seconds(
    house: House, cheat: Cheat
) -> None:
    provider = await add_provider(house, cheat.issuer)
    assert (await back_from(house, cheat, provider)).status_code == 200
    assert cheat.jwks_fetched == 1
    new = RSAKey.generate_key(2048, {"kid": "c2", "use": "sig", "alg": "RS256"})
    cheat.sign = lambda claims: cheat.signed(claims, new, {"alg": "RS256", "kid": "c2"})
    assert refused(await back_from(house, cheat, provider))
    assert cheat.jwks_fetched == 1
    cheat.published.append(new)
    house.app.state.runtime.part("issuers")._known[cheat.issuer].keys_at -= 5
    assert (await back_from(house, cheat, provider)).status_code == 200
    for _ in range(3):
        cheat.sign = lambda claims: cheat.signed(claims, new, {"alg": "RS256", "kid": uuid.uuid4().hex})
        assert refused(await back_from(house, cheat, provider))
    assert cheat.jwks_fetched == 2


async def test_a_provider_that_calls_itself_something_else_is_not_used(house: House, cheat: Cheat) -> None:
    provider = await add_provider(house, cheat.issuer)
    cheat.calls_itself = "https://id.example.org"
    answer = await begin(house, provider)
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")


async def test_assurance_and_second_factor_are_data_of_the_provider(house: House, cheat: Cheat) -> None:
    claims = {"assurance_claim": "loa", "assurance_values": ["2", "3"], "second_factor_amr": ["otp"]}
    provider = await add_provider(house, cheat.issuer, claims=claims)
    answer = await back_from(house, cheat, provider)
    assert (answer.status_code, answer.json()["code"]) == (403, "assurance_too_low")
    for level, amr, strong in ((2, ["pwd", "otp"], "true"), ("3", ["pwd"], "false")):
        cheat.changes = {"loa": level, "amr": amr}
        person = await me(house, await back_from(house, cheat, provider))
        [entry] = await house.rows(
            "SELECT details->>'second_factor' AS strong FROM audit_entry"
            " WHERE subject_id = $1 AND action = 'session.started'",
            person["id"],
        )
        assert entry["strong"] == strong


async def test_a_provider_without_accounts_of_its_own_needs_a_link(house: House, cheat: Cheat, new_person: Any) -> None:
    provider = await add_provider(house, cheat.issuer, creates_accounts=False, role=None)
    cheat.changes = {"sub": "canbo-17"}
    answer = await back_from(house, cheat, provider)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_linked")
    person = await new_person()
    address = f"{API}/accounts/{person['id']}/identities"
    body = {"provider": provider["key"], "subject": "canbo-17"}
    linked = await house.http.post(address, headers=house.admin | key(), json=body)
    assert linked.status_code == 201, linked.text
    assert "canbo-17" not in linked.text
    assert (await house.http.post(address, headers=house.admin | key(), json=body)).status_code == 409
    answer = await back_from(house, cheat, provider)
    found = await me(house, answer)
    assert (found["id"], found["grants"][0]["role"]) == (person["id"], "intake_officer")
    locked = await house.http.post(
        f"{API}/accounts/{person['id']}/lock",
        headers=house.admin | if_match(person["version"]),
        json={"reason_code": "left"},
    )
    assert locked.status_code == 200
    assert refused(await back_from(house, cheat, provider))
    gone = await house.http.delete(
        f"{address}/{linked.json()['id']}", headers=house.admin | if_match(person["version"] + 1)
    )
    assert gone.status_code == 204
    assert (await house.http.get(address, headers=house.admin)).json() == []


async def test_an_administrator_below_links_their_people_to_the_citys_provider(
    house: House, cheat: Cheat, new_person: Any
) -> None:
    """They see neither the provider nor its secret; that somebody is linked to it, they do."""
    provider = await add_provider(house, cheat.issuer, creates_accounts=False, role=None)
    local = await house.person_headers(await new_person(roles=("administrator",)))
    person = await new_person()
    address = f"{API}/accounts/{person['id']}/identities"
    body = {"provider": provider["key"], "subject": "canbo-21"}
    linked = await house.http.post(address, headers=local | key(), json=body)
    assert linked.status_code == 201, linked.text
    listed = await house.http.get(address, headers=local)
    assert [one["provider"] for one in listed.json()] == [provider["key"]]
    assert (await house.http.get(f"{API}/identity-providers/{provider['id']}", headers=local)).status_code == 404
    unknown = await house.http.post(address, headers=local | key(), json=body | {"provider": "khong-co"})
    assert unknown.status_code == 404
    cheat.changes = {"sub": "canbo-21"}
    assert (await me(house, await back_from(house, cheat, provider)))["id"] == person["id"]


async def test_what_the_provider_says_of_the_second_factor_decides_on_roles(
    house: House, cheat: Cheat, new_person: Any
) -> None:
    claims = {"second_factor_amr": ["otp"]}
    provider = await add_provider(
        house, cheat.issuer, creates_accounts=False, role=None, claims=claims, audiences=["https://api.example"]
    )
    person = await new_person(roles=("head", "intake_officer"))
    body = {"provider": provider["key"], "subject": "canbo-22"}
    address = f"{API}/accounts/{person['id']}/identities"
    assert (await house.http.post(address, headers=house.admin | key(), json=body)).status_code == 201

    async def exchanged() -> httpx.Response:
        foreign = cheat.honest(cheat.claims(aud="https://api.example", nonce=None, **cheat.changes))
        return await house.token(grant_type=EXCHANGE, subject_token=foreign, subject_token_type=ID_TOKEN)

    for amr, withheld in ((["pwd"], ["head"]), (["pwd", "otp"], [])):
        cheat.changes = {"sub": "canbo-22", "amr": amr}
        counting = sorted({"head", "intake_officer"} - set(withheld))
        opened = await back_from(house, cheat, provider)
        later = await house.token(grant_type="refresh_token", refresh_token=opened.json()["refresh_token"])
        for answer in (opened, later, await exchanged()):
            found = await me(house, answer)
            assert ([one["role"] for one in found["grants"]], found["withheld_roles"]) == (counting, withheld)
            assert answer.json()["withheld_roles"] == withheld


async def test_a_foreign_token_is_exchanged_for_ours(house: House, cheat: Cheat) -> None:
    provider = await add_provider(house, cheat.issuer, audiences=["https://api.example"])

    async def exchange(token: str) -> httpx.Response:
        return await house.token(grant_type=EXCHANGE, subject_token=token, subject_token_type=ID_TOKEN)

    claims = cheat.claims(aud=["https://api.example", "other"], sub="người ngoài", nonce=None)
    answer = await exchange(cheat.honest(claims))
    body = answer.json()
    assert body["refresh_token"] is None
    assert body["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert body["expires_in"] <= 300  # not longer than the token that was given
    first = await me(house, answer)
    assert (await me(house, await exchange(cheat.honest(claims))))["id"] == first["id"]
    for name, changes in {"for our client only": {"aud": CLIENT}, "for nobody": {"aud": None}, "past": {"exp": 1},
                          "another": {"iss": "https://id.example.org"}, "odd": {"iss": "a\x00b"}}.items():  # fmt: skip
        assert refused(await exchange(cheat.honest(claims | changes if changes.get("aud", 1) is not None else
                                                   {k: v for k, v in claims.items() if k != "aud"}))), name  # fmt: skip
    disabled = {name: provider[name] for name in ("name", "issuer", "client_id", "auth_method", "redirect_uris",
                "scopes", "audiences", "claims", "role", "creates_accounts")} | {"status": "disabled"}  # fmt: skip
    address = f"{API}/identity-providers/{provider['id']}"
    changed = await house.http.put(address, headers=house.admin | if_match(1), json=disabled)
    assert (changed.status_code, changed.json()["status"]) == (200, "disabled"), changed.text
    assert refused(await exchange(cheat.honest(claims)))
    assert (await begin(house, provider)).status_code == 404


async def test_who_may_configure_what(house: House, mock: str, new_person: Any) -> None:
    provider = await add_provider(house, mock)
    commune = await new_person(roles=("administrator",))
    headers = await house.person_headers(commune)
    address = f"{API}/identity-providers/{provider['id']}"
    assert (await house.http.get(address, headers=headers)).status_code == 404
    assert (await house.http.get(f"{API}/identity-providers", headers=headers)).json()["items"] == []
    good = {
        "key": "khac", "organisation_id": provider["organisation_id"], "name": "Khác", "issuer": "https://id.example",
        "client_id": "x", "auth_method": "client_secret_post", "client_secret": "x", "redirect_uris": [CALLBACK],
        "scopes": ["openid"], "claims": {}, "role": None, "creates_accounts": False,
    }  # fmt: skip

    async def add(who: dict[str, str], **changes: Any) -> tuple[int, str]:
        answer = await house.http.post(f"{API}/identity-providers", headers=who | key(), json=good | changes)
        return answer.status_code, answer.json()["code"]

    assert await add(headers) == (403, "house_matter")
    for changes in (
        {"issuer": "http://id.example"}, {"issuer": "http://10.0.0.1"}, {"issuer": "https://a:b@id.example"},
        {"issuer": "ftp://id.example"}, {"redirect_uris": ["javascript:alert(1)"]}, {"scopes": ["profile"]},
        {"client_secret": None}, {"redirect_uris": ["http://id.example/x"]},
    ):  # fmt: skip
        assert await add(house.admin, **changes) == (422, "provider_not_usable"), changes
    assert (await add(house.admin, role="administrator"))[0] == 422
    assert await add(house.admin, issuer=mock) == (409, "already_exists")
