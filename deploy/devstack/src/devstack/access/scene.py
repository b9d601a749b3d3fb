"""What the matrix is tried on: organisations in every relation, people, and one object of each kind, really made."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from devstack.access.tokens import LIFETIME_SECONDS, Minter
from devstack.demo.client import Client

CLIENT_ROLES: Final = frozenset({"integrating_system", "service"})
NOBODY_LISTENS: Final = "127.0.0.1:9"
"""Where the endpoint points; the stack must have it in ALLOWED_TARGETS."""
INDICATOR, PERIOD = "TGT-01", "2025"
FORM: Final = "NQ08-Y"
RESOLUTION: Final = "08-NQ/TU"
FORWARDED = "TASK-5.2"
"""The indicator for which the scene's submission counts."""
READ_ME: Final = "registry.read_me"
PLAN_PARTS: Final = ("purpose", "scope", "members", "time_and_place", "assignments", "conditions")


@dataclass
class Scene:
    """Ids of everything by name, and tokens for everybody."""

    nobody: Client
    minter: Minter
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    """(view, relation) → organisation."""
    ids: dict[str, str] = field(default_factory=dict)
    """Path parameter, or name of a thing → id."""
    accounts: dict[str, str] = field(default_factory=dict)
    """Organisation → the account of whoever holds a role there."""
    secrets: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    """What names the legal instrument and its provision."""
    tokens: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    """(role, organisation) → when the token is made anew, and the token."""

    def place(self, view: str, relation: str) -> str:
        """Return the organisation that stands in a relation to the object's."""
        return self.places[view, relation]

    def token(self, role: str, organisation: str) -> str:
        """Return the token of a role at an organisation, the same for half its life."""
        anew, token = self.tokens.get((role, organisation), (0.0, ""))
        if time.monotonic() >= anew:
            kind = "client" if role in CLIENT_ROLES else "person"
            subject = self.ids["client"] if kind == "client" else self.accounts[organisation]
            token = self.minter.token(role, organisation, subject=subject, kind=kind)
            self.tokens[role, organisation] = time.monotonic() + LIFETIME_SECONDS / 2, token
        return token

    def leaving(self, role: str, organisation: str) -> str:
        """Return a token nobody else uses, of somebody whose tokens may be declared no good."""
        kind = "client" if role in CLIENT_ROLES else "person"
        return self.minter.token(role, organisation, subject=self.ids[f"leaving_{kind}"], kind=kind)

    def acting(self, role: str, organisation: str, name: str) -> Client:
        """Return a person of their own for the making of an object."""
        token = self.minter.token(role, organisation, subject=str(uuid4()), kind="person")
        return Client(self.nobody.base_url, name, token)


def new_department(parent: str) -> dict[str, Any]:
    """Return the change of a restructuring that makes a department below a body."""
    name = f"Ban chuyên môn {secrets.token_hex(3)}"
    new = {"name": name, "kind": "department", "parent": {"id": parent}}
    return {"change": "create", "of": "organisation", "new": new}


def new_provider(scene: Scene, key: str) -> dict[str, Any]:
    """Return the body that configures an identity provider for the Front committee."""
    return {
        "key": key,
        "organisation_id": scene.place("front", "own"),
        "name": "Hệ thống định danh thử nghiệm",
        "issuer": f"https://{key}.example.vn",
        "client_id": "nhipcau",
        "auth_method": "client_secret_basic",
        "client_secret": secrets.token_urlsafe(24),
        "redirect_uris": ["https://nhipcau.example.vn/back"],
        "scopes": ["openid"],
        "claims": {},
        "creates_accounts": False,
    }
