"""Requests and answers about clients of other systems."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from registry.api.account_models import RoleGrantAnswer, Username, grant_answer
from servicekit.text import Answer, ApiModel, Coded, Instant, SafeLine, Uuid

OperationName = Annotated[str, Coded(r"[a-z]+\.[a-z][a-z0-9_]*", max_length=100)]
Scopes = Annotated[
    list[OperationName],
    Field(min_length=1, max_length=300, description="operationId of each operation it may call."),
]
_Number = Annotated[str, Coded(r"[A-Za-z0-9_-]+", max_length=1400)]


class Jwk(ApiModel):
    """A public key (RFC 7517): Ed25519, EC P-256 or RSA from 2048 bits; `kid`, `use` and `alg` are not needed."""

    kty: Literal["OKP", "EC", "RSA"]
    crv: Literal["Ed25519", "P-256"] | None = None
    x: _Number | None = None
    y: _Number | None = None
    n: _Number | None = None
    e: _Number | None = None
    kid: Annotated[str, Coded(r"[A-Za-z0-9._:/=+-]+", max_length=200)] | None = None
    use: Literal["sig"] | None = None
    alg: Literal["EdDSA", "Ed25519", "ES256", "PS256"] | None = None


class ClientRequest(ApiModel):
    """A system that will sign in by itself, with a secret we make or with the public key given here.

    It reaches the organisation and all below it, with the operations listed and nothing else.
    """

    client_id: Username
    name: SafeLine
    organisation_id: Uuid
    role: Literal["integrating_system"] = "integrating_system"
    scopes: Scopes
    public_key: Jwk | None = None


class ScopesRequest(ApiModel):
    """What a client may call from now on."""

    scopes: Scopes


class CredentialRequest(ApiModel):
    """A new secret, or the public key given; the old credential is good until `old_good_until`, or for 24 hours."""

    public_key: Jwk | None = None
    old_good_until: Annotated[
        Instant | None, Field(description="At most 7 days ahead; a moment past or present ends the old one at once.")
    ] = None


class CredentialAnswer(Answer):
    """A credential that is good at present; what it is can not be shown. `last_used_at` is exact to a minute."""

    id: UUID
    kind: Literal["secret", "public_key"]
    public_key: dict[str, str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ClientAnswer(Answer):
    """A client: it may call the operations in `scopes` at the organisations of its grants and all below them."""

    id: UUID
    client_id: str
    name: str
    kind: Literal["house", "system"]
    status: Literal["active", "revoked"]
    organisation_id: UUID
    scopes: list[str]
    created_at: datetime
    credentials: list[CredentialAnswer]
    grants: list[RoleGrantAnswer]
    version: int


class ClientSecretAnswer(Answer):
    """A client with its new secret, shown this once; none when it gave a public key."""

    client: ClientAnswer
    client_secret: str | None


def client_answer(client: Any, grants: list[Any], credentials: list[Any]) -> ClientAnswer:
    """Build the answer of a client with its grants and good credentials."""
    others = ("grants", "credentials")
    own = {field: getattr(client, field) for field in ClientAnswer.model_fields if field not in others}
    return ClientAnswer(
        **own,
        grants=[grant_answer(row) for row in grants],
        credentials=[CredentialAnswer.model_validate(one) for one in credentials],
    )
