"""Requests and answers about identity providers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from registry.actions.change_provider import ProviderContent
from registry.api.provider_grants import Address
from servicekit.text import Answer, ApiModel, Coded, Flag, SafeLine, Text, Uuid

Word = Annotated[str, Coded(r"[\x21-\x7e]+", max_length=200)]
ProviderKey = Annotated[str, Coded("[a-z0-9][a-z0-9-]{1,31}")]
Words = Annotated[list[Word], Field(max_length=20)]
AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]


class ClaimsRequest(ApiModel):
    """Which claim is which; without `assurance_claim` any level of assurance is taken."""

    subject: Word = "sub"
    name: Word = "name"
    assurance_claim: Word | None = None
    assurance_values: Words = Field(default_factory=list, max_length=20)
    second_factor_amr: Words = Field(default_factory=list, max_length=20)
    second_factor_acr: Words = Field(default_factory=list, max_length=20)


class ProviderChange(ApiModel):
    """All that is said about a provider. Without `client_secret` the present one stays.

    With `private_key_jwt` the registry makes a key of its own and shows the public half. `audiences` are those whose
    tokens may be exchanged for ours; none means no exchange. The issuer's address, and those it names, are called from
    the registry.
    """

    name: SafeLine
    issuer: Address
    client_id: Word
    auth_method: AuthMethod
    client_secret: Annotated[str, Coded(r"[\x20-\x7e]+", max_length=500)] | None = None
    redirect_uris: Annotated[list[Address], Field(min_length=1, max_length=10)]
    scopes: Annotated[list[Word], Field(min_length=1, max_length=20)]
    audiences: Words = Field(default_factory=list, max_length=20)
    claims: ClaimsRequest
    role: Literal["citizen"] | None = None
    creates_accounts: Flag
    status: Literal["active", "disabled"] = "active"

    def content(self) -> ProviderContent:
        """Return it in the words of the action."""
        return ProviderContent(
            name=self.name,
            issuer=self.issuer,
            client_id=self.client_id,
            auth_method=self.auth_method,
            secret=self.client_secret if self.auth_method != "private_key_jwt" else None,
            redirect_uris=tuple(self.redirect_uris),
            scopes=tuple(self.scopes),
            audiences=tuple(self.audiences),
            claims=self.claims.model_dump(),
            role=self.role,
            creates_accounts=self.creates_accounts,
            status=self.status,
        )


class ProviderRequest(ProviderChange):
    """A new provider, looked after by the administrators at or above the organisation; its accounts belong there."""

    key: ProviderKey
    organisation_id: Uuid


class ClaimsAnswer(Answer):
    """Which claim is which."""

    subject: str
    name: str
    assurance_claim: str | None
    assurance_values: list[str]
    second_factor_amr: list[str]
    second_factor_acr: list[str]


class ProviderAnswer(Answer):
    """A provider; our secret there is not shown. `public_key` is what it must know of ours."""

    id: UUID
    key: str
    name: str
    issuer: str
    client_id: str
    auth_method: AuthMethod
    public_key: dict[str, str] | None
    redirect_uris: list[str]
    scopes: list[str]
    audiences: list[str]
    claims: ClaimsAnswer
    organisation_id: UUID
    role: str | None
    creates_accounts: bool
    status: Literal["active", "disabled"]
    created_at: datetime
    version: int


class SignInRequest(ApiModel):
    """Where the provider sends the person back to: one of its registered addresses, letter for letter."""

    redirect_uri: Address


class SignInAnswer(Answer):
    """Send the person's browser to `authorization_url`. Keep `state` with that browser and compare it at the return.

    Both are good once and for ten minutes.
    """

    authorization_url: str
    state: str
    expires_in: int


class IdentityRequest(ApiModel):
    """A provider's subject, as its mapping names it, that may sign in to the account."""

    provider: ProviderKey
    subject: Annotated[str, Text(max_length=255)]


class IdentityAnswer(Answer):
    """A link; the subject is not kept and cannot be shown."""

    id: UUID
    provider: str
    linked_by: UUID | None
    created_at: datetime


def identity_answer(identity: Any, provider: str) -> IdentityAnswer:
    """Build the answer of a link."""
    return IdentityAnswer(
        id=identity.id, provider=provider, linked_by=identity.linked_by, created_at=identity.created_at
    )
