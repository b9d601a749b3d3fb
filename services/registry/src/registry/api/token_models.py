"""Requests and answers about tokens and who holds them."""

from typing import Annotated, Literal

from pydantic import Field

from registry.api.client_grant import ClientGrant, Secret
from registry.api.provider_grants import CodeGrant, ExchangeGrant
from servicekit.text import Answer, ApiModel, Coded, Text, Uuid

OneTimeCode = Annotated[str, Coded("[0-9]{6}", max_length=6)]
RecoveryCodeText = Annotated[str, Coded("[A-Za-z0-9 -]+", max_length=40)]


class PasswordGrant(ApiModel):
    """Sign-in of a person; who enrolled an authenticator app sends its code, or a recovery code instead."""

    grant_type: Literal["password"]
    username: Annotated[str, Text(max_length=64)]
    password: Annotated[str, Text(max_length=256, lines=True)]
    totp: OneTimeCode | None = None
    recovery_code: RecoveryCodeText | None = None


class RefreshGrant(ApiModel):
    """The next access token of a session."""

    grant_type: Literal["refresh_token"]
    refresh_token: Secret


TokenRequest = Annotated[
    PasswordGrant | RefreshGrant | ClientGrant | CodeGrant | ExchangeGrant, Field(discriminator="grant_type")
]


class TokenAnswer(Answer):
    """An access token, and for people the refresh token that follows it (good once).

    `withheld_roles` are held but decide something, so they count only after an authenticator app is enrolled.
    """

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_token: str | None = None
    issued_token_type: str | None = None
    withheld_roles: list[str]
    must_enrol_second_factor: bool


class GrantAnswer(Answer):
    """A role held at an organisation today."""

    role: str
    organisation_id: Uuid
    organisation_name: str
    organisation_kind: str


class MeAnswer(Answer):
    """Who the token stands for; `scopes` are the operations a client may call."""

    kind: Literal["person", "client"]
    id: Uuid
    username: str
    name: str
    scopes: list[str]
    grants: list[GrantAnswer]
    second_factor_enrolled: bool
    withheld_roles: list[str]
