"""Who takes part: people the administrator invites, each with a password of their own, an authenticator app where a
role decides, and the roles of one organisation."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from pyotp import TOTP

from devstack.demo.client import Client, expect

NINH_KIEU, CAI_KHE = "31135", "31120"


@dataclass
class Cast:
    """The organisations and people of the journey."""

    nobody: Client
    admin: Client
    organisations: dict[str, str] = field(default_factory=dict)
    fronts: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, Client] = field(default_factory=dict)


async def city_organisation(nobody: Client, kind: str) -> str:
    """Return the id of the present city's organisation of a kind."""
    found = await nobody.all("/registry/organisations", kind=kind, level="city", on="2026-11-01")
    expect(len(found) == 1, f"one {kind} of the city expected, {len(found)} found")
    return str(found[0]["id"])


async def commune_organisation(nobody: Client, kind: str, code: str = NINH_KIEU) -> str:
    """Return the id of a commune's organisation of a kind today."""
    found = await nobody.all("/registry/organisations", kind=kind, unit_code=code, on="2026-11-01")
    expect(len(found) == 1, f"one {kind} of {code} expected, {len(found)} found")
    return str(found[0]["id"])


PEOPLE = {
    "reporter": ("city_front", ["reporter"]),
    "verifier": ("city_front", ["verifier"]),
    "monitor": ("board", ["monitoring_officer"]),
    "approver": ("board", ["approver"]),
    "front_officer": ("front", ["intake_officer", "front_officer"]),
    "committee": ("committee", ["handler", "head"]),
    "neighbour": ("next_front", ["intake_officer", "front_officer"]),
}
"""Name → (organisation, roles)."""


async def sign_in_administrator(nobody: Client, password: str, totp_secret: str) -> Client:
    """Sign the first administrator in; each one-time code is good once, so share the client."""
    credentials = {"grant_type": "password", "username": "quantri", "password": password}
    return await nobody.sign_in(credentials, "administrator", totp_secret)


SYSTEM_SCOPES = (
    "webhooks.event_types",
    "webhooks.list_deliveries",
    "webhooks.public_keys",
    "webhooks.register",
)
"""What the integrating system of the journey may call."""


async def gather_cast(nobody: Client, admin_password: str, admin_totp_secret: str) -> Cast:
    """Sign the administrator in, find the organisations, and invite everybody."""
    admin = await sign_in_administrator(nobody, admin_password, admin_totp_secret)
    cast = Cast(nobody, admin)
    cast.organisations = {
        "city_front": await city_organisation(nobody, "front_committee"),
        "board": await city_organisation(nobody, "mass_mobilisation_board"),
        "city_committee": await city_organisation(nobody, "peoples_committee"),
        "front": await commune_organisation(nobody, "front_committee"),
        "next_front": await commune_organisation(nobody, "front_committee", CAI_KHE),
        "committee": await commune_organisation(nobody, "peoples_committee"),
    }
    cast.fronts = await nobody.all("/registry/organisations", kind="front_committee", level="commune", on="2025-12-31")
    run = secrets.token_hex(3)
    for name, (place, roles) in PEOPLE.items():
        cast.people[name] = await _person(cast, f"{name}.{run}", place, roles, name)
    cast.people["system"] = await _system(cast, run)
    return cast


async def _person(cast: Cast, username: str, place: str, roles: list[str], name: str) -> Client:
    account = {
        "username": username,
        "name": f"Người tham gia thử nghiệm {name.replace('_', ' ')}",
        "organisation_id": cast.organisations[place],
        "roles": [{"role": role, "organisation_id": cast.organisations[place]} for role in roles],
    }
    return await join(cast.nobody, cast.admin, account, name)


async def join(nobody: Client, admin: Client, account: dict[str, Any], name: str) -> Client:
    """Invite a person who sets a password, signs in, and enrols an authenticator app if a role needs it."""
    password = secrets.token_urlsafe(18)
    invited = await admin.post("/registry/accounts", account)
    await nobody.post("/registry/passwords", {"code": invited["code"], "password": password}, status=204, key=False)
    credentials = {"grant_type": "password", "username": account["username"], "password": password}
    answer = await nobody.post("/registry/tokens", credentials, status=200, key=False)
    person = nobody.with_token(answer, name)
    if not answer["must_enrol_second_factor"]:
        return person
    begun = await person.post("/registry/me/totp", {"current_password": password}, status=200, key=False)
    code = TOTP(begun["secret"]).now()
    await person.post("/registry/me/totp/confirm", {"totp": code}, status=200, key=False)
    await person.close()
    refresh = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    return nobody.with_token(await nobody.post("/registry/tokens", refresh, status=200, key=False), name)


async def _system(cast: Cast, run: str) -> Client:
    client_id = f"one-stop-shop-{run}"
    body = {
        "client_id": client_id,
        "name": "Hệ thống một cửa",
        "organisation_id": cast.organisations["city_committee"],
        "role": "integrating_system",
        "scopes": list(SYSTEM_SCOPES),
    }
    made = await cast.admin.post("/registry/clients", body)
    credentials = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": made["client_secret"],
    }
    return await cast.nobody.sign_in(credentials, "integrating system")
