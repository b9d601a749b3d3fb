"""Every successful change leaves an audit row with its actor: the whole journey, watched from outside.

Each answer of the gateway to a POST, PUT, PATCH or DELETE is followed by a look into that service's audit.
"""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from devstack.access.scene import new_department
from devstack.demo.client import Client
from devstack.demo.main import Steps, journey
from devstack.demo.people import NINH_KIEU, Cast, gather_cast, join
from devstack.demo.receiver import Receiver

from .conftest import GENEROUS
from .watching import Witness, subject, watched


@pytest.fixture
async def witness(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Witness, Receiver]]:
    with Receiver() as receiver:
        extra = {
            "RATE_LIMITS": GENEROUS,
            "ALLOWED_TARGETS": f"127.0.0.1:{receiver.port}",
            "ANONYMOUS_EVENT_DELAY_SECONDS": "0",
            "OVERDUE_CHECK_SECONDS": "1",
        }
        async with watched(monkeypatch, **extra) as made:
            yield made, receiver


@pytest.mark.timeout(500)
async def test_every_change_of_the_journey_and_of_administration_is_in_the_audit(
    witness: tuple[Witness, Receiver],
) -> None:
    seen, receiver = witness
    nobody = Client(seen.stack.base_url)
    cast = await gather_cast(nobody, seen.stack.admin_password, seen.stack.admin_totp_secret)
    endpoint = await journey(Steps(quiet=True), cast, receiver, "127.0.0.1")
    await administer_people(cast)
    await administer_clients(cast)
    await administer_providers(cast)
    await restructure(cast)
    await write_law(cast)
    await look_after(cast, endpoint)
    assert seen.silent == []
    assert len(seen.told) >= 55, sorted(seen.told)


async def administer_people(cast: Cast) -> None:
    """What an administrator does to accounts, and people to their own."""
    admin, organisation = cast.admin, cast.organisations["front"]
    account = {"username": f"u{secrets.token_hex(4)}", "name": "Người thử", "organisation_id": organisation}
    made = await admin.post("/registry/accounts", account)
    path = f"/registry/accounts/{made['account']['id']}"
    again = await admin.act(path, "invitation")
    person = await let_in(cast, account["username"], again["code"])
    await person.post("/registry/sessions/logout", status=204, key=False)
    recovery = await admin.act(path, "recovery")
    person = await let_in(cast, account["username"], recovery["code"])
    role = {"role": "front_officer", "organisation_id": organisation}
    grant = await admin.post(f"{path}/roles", role)
    await admin.refused("DELETE", f"{path}/roles/{grant['id']}", 204, headers={"If-Match": '"1"'})
    await admin.act(path, "lock", {"reason_code": "left_office"})
    await admin.act(path, "unlock")
    await admin.act(path, "sessions/end")
    other = await join(cast.nobody, admin, {**account, "username": f"o{secrets.token_hex(4)}", "roles": [role]}, "o")
    _, match = await admin.read(f"/registry/accounts/{subject(f'Bearer {other.token}')}")
    await admin.refused(
        "DELETE", f"/registry/accounts/{subject(f'Bearer {other.token}')}/second-factor", 200, headers=match
    )


async def let_in(cast: Cast, username: str, code: str) -> Client:
    """Set a password with a code, change it once, begin two sessions and end one of them."""
    first, second = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
    await cast.nobody.post("/registry/passwords", {"code": code, "password": first}, status=204, key=False)
    credentials = {"grant_type": "password", "username": username}
    person = await cast.nobody.sign_in({**credentials, "password": first}, "person")
    change = {"current_password": first, "password": second}
    await person.post("/registry/me/password", change, status=204, key=False)
    there = await cast.nobody.sign_in({**credentials, "password": second}, "person")
    here = await cast.nobody.sign_in({**credentials, "password": second}, "person")
    [other] = [one for one in (await here.get("/registry/me/sessions"))["items"] if not one["present"]]
    await here.refused("DELETE", f"/registry/me/sessions/{other['id']}", 204)
    await cast.nobody.sign_in({**credentials, "password": second}, "person")
    await here.post("/registry/me/sessions/end-others", status=204, key=False)
    await there.close()
    return here


async def administer_clients(cast: Cast) -> None:
    """What an administrator does to systems."""
    admin = cast.admin
    body = {"client_id": f"c-{secrets.token_hex(4)}", "name": "Hệ thống", "scopes": ["registry.read_me"]}
    made = await admin.post("/registry/clients", {**body, "organisation_id": cast.organisations["front"]})
    path = f"/registry/clients/{made['client']['id']}"
    _, match = await admin.read(path)
    await admin.put(f"{path}/scopes", {"scopes": ["registry.list_units"]}, match)
    _, match = await admin.read(path)
    await admin.post(f"{path}/credentials", {}, match=match)
    await admin.act(path, "revoke")


async def administer_providers(cast: Cast) -> None:
    """What an administrator does to identity providers."""
    admin, key = cast.admin, f"p-{secrets.token_hex(4)}"
    content = {
        "name": "Hệ thống định danh",
        "issuer": f"https://{key}.example.vn",
        "client_id": "nhipcau",
        "auth_method": "client_secret_basic",
        "client_secret": secrets.token_urlsafe(24),
        "redirect_uris": ["https://nhipcau.example.vn/back"],
        "scopes": ["openid"],
        "claims": {},
        "creates_accounts": False,
    }
    new = {**content, "key": key, "organisation_id": cast.organisations["city_front"]}
    path = f"/registry/identity-providers/{(await admin.post('/registry/identity-providers', new))['id']}"
    account = {"username": f"v{secrets.token_hex(4)}", "name": "Người thử"}
    made = await admin.post("/registry/accounts", {**account, "organisation_id": cast.organisations["front"]})
    holder = f"/registry/accounts/{made['account']['id']}"
    link = await admin.post(f"{holder}/identities", {"provider": key, "subject": "mot-nguoi"})
    _, match = await admin.read(holder)
    await admin.refused("DELETE", f"{holder}/identities/{link['id']}", 204, headers=match)
    _, match = await admin.read(path)
    await admin.put(path, {**content, "status": "disabled"}, match)


async def restructure(cast: Cast) -> None:
    """A department begins and is renamed."""
    made = await cast.admin.post("/registry/restructurings", decided(new_department(cast.organisations["committee"])))
    renamed = {"change": "rename", "of": "organisation", "id": made["started"][0]["id"], "name": "Phòng Thử Mới"}
    await cast.admin.post("/registry/restructurings", decided(renamed, "2026-03-01"))


def decided(change: dict[str, Any], day: str = "2026-01-01") -> dict[str, Any]:
    return {"happened_on": day, "legal_basis": f"QĐ thử {secrets.token_hex(3)}", "changes": [change]}


async def write_law(cast: Cast) -> None:
    """What an administrator of the city says about instruments, rules and days."""
    admin, code = cast.admin, f"{secrets.token_hex(3)}/QĐ-THU"
    content = {"title": "Văn bản thử", "status": "in_force", "confidence": "unconfirmed", "source": "Buổi thử"}
    path = f"/registry/instruments/{(await admin.post('/registry/instruments', {**content, 'code': code}))['id']}"
    clause = {"article": "1", "clause": "1", "summary": "Nội dung"}
    provision = await admin.post(f"{path}/provisions", clause)
    changed = {"summary": "Nội dung khác"}
    await admin.put(f"/registry/provisions/{provision['id']}", changed, {"If-Match": f'"{provision["version"]}"'})
    _, match = await admin.read(path)
    await admin.put(path, {**content, "title": "Văn bản thử khác"}, match)
    key = (await admin.all("/registry/deadline-rules"))[0]
    rule = {name: key[name] for name in ("key", "title", "amount", "unit", "direction", "anchor")}
    new = {**rule, "confidence": "no_legal_figure", "valid_from": "2031-01-01", "replaces_version": key["rule_version"]}
    added = await admin.post("/registry/deadline-rules", new)
    ending = {"last_day": "2031-12-31", "source": "Buổi thử"}
    await admin.act(f"/registry/deadline-rules/{added['id']}", "end", ending)
    day = {"kind": "off_in_lieu", "name": "Nghỉ thử", "source": "Buổi thử", "confirmed": False}
    await admin.put("/registry/calendar/2031-03-04", day, {})
    await admin.put("/registry/calendar/years/2031", {"confirmed": False, "source": "Buổi thử"}, {})
    await admin.put("/registry/calendar/years/2032/days", {"source": "Buổi thử", "confirmed": False, "days": []}, {})
    person = {"username": f"s{secrets.token_hex(4)}", "name": "Người thử"}
    place = {"kind": "front_committee", "unit_code": NINH_KIEU}
    await admin.post("/registry/setup", {"people": [{**person, "organisation": place}]}, status=200)


LOOKING_AFTER = (
    "send_test", "list_deliveries", "resend", "one_endpoint", "rotate", "change", "disable", "enable", "delete",
)  # fmt: skip


async def look_after(cast: Cast, endpoint: str) -> None:
    """What the owner of a webhook endpoint does."""
    client_id, path = f"w-{secrets.token_hex(4)}", f"/webhooks/endpoints/{endpoint}"
    body = {"client_id": client_id, "name": "Chủ điểm nhận", "scopes": [f"webhooks.{name}" for name in LOOKING_AFTER]}
    made = await cast.admin.post("/registry/clients", {**body, "organisation_id": cast.organisations["city_committee"]})
    credentials = {"client_id": client_id, "client_secret": made["client_secret"]}
    system = await cast.nobody.sign_in({"grant_type": "client_credentials", **credentials}, "owner")
    await system.post(f"{path}/test", status=202)
    delivery = (await system.all(f"{path}/deliveries"))[0]
    await system.post(f"/webhooks/deliveries/{delivery['id']}/resend", status=202)
    await system.act(path, "rotate-secret")
    await system.patch(path, {"description": "Mô tả mới"})
    await system.act(path, "disable")
    await system.act(path, "enable")
    _, match = await system.read(path)
    await system.refused("DELETE", path, 204, headers=match)
