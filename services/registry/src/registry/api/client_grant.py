"""Client credentials: a system gets a token for its secret, or for an assertion signed with its private key."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import model_validator

from registry.actions.authenticate_client import check_secret, use_assertion
from registry.actions.issue import Issued
from registry.passwords import SecretHasher
from servicekit.service import Runtime
from servicekit.text import ApiModel, Coded, Text

Secret = Annotated[str, Coded(r"[A-Za-z0-9_\-]+", max_length=200)]
CompactJws = Annotated[str, Coded(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", max_length=8000)]


class ClientGrant(ApiModel):
    """A token for a system: `client_id` and `client_secret`, or `client_assertion` (RFC 7523) and its type.

    The assertion's `iss` and `sub` are the client id, its `aud` is the issuer name of our tokens; it lives at most five
    minutes and is good once.
    """

    grant_type: Literal["client_credentials"]
    client_id: Annotated[str, Text(max_length=64)] | None = None
    client_secret: Secret | None = None
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] | None = None
    client_assertion: CompactJws | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> "ClientGrant":
        by_secret = self.client_id is not None and self.client_secret is not None and self.client_assertion is None
        by_key = self.client_assertion is not None and self.client_secret is None
        if not (by_secret or by_key) or (self.client_assertion_type is None) == by_key:
            raise ValueError("client_id and client_secret, or client_assertion and client_assertion_type")
        return self


async def issue_to_client(body: ClientGrant, process: Runtime, hasher: SecretHasher, *, now: datetime) -> Issued:
    """Return whom the token is for. Raises WrongCredentials, the same whatever is wrong."""
    if body.client_assertion is not None:
        async with process.database.write() as session:
            return await use_assertion(
                session,
                body.client_assertion,
                issuer=process.settings.issuer,
                session_id=uuid4(),
                hash_jti=lambda jti: hasher.hash(jti, "client_assertion"),
                now=now,
            )
    async with process.database.write() as session:
        return await check_secret(
            session,
            body.client_id or "",
            secret_hash=hasher.hash(body.client_secret or "", "client"),
            session_id=uuid4(),
            now=now,
        )
