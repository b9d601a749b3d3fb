"""Requests and answers about accounts, clients and roles."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.grant_role import NewGrant
from registry.actions.issue_access_code import NewCode
from registry.queries.accounts import open_name
from registry.queries.administering import grants_of
from servicekit.encryption import Keyring
from servicekit.etags import set_etag
from servicekit.text import Answer, ApiModel, Coded, Key, LegalDate, PersonName, Text, Uuid

Username = Annotated[str, Coded("[a-z0-9][a-z0-9._-]{2,63}")]
NewPassword = Annotated[str, Text(max_length=256, lines=True)]
PersonRole = Literal[
    "administrator",
    "auditor",
    "intake_officer",
    "handler",
    "front_officer",
    "head",
    "monitoring_officer",
    "reporter",
    "verifier",
    "approver",
    "data_protection_officer",
]


class RoleRequest(ApiModel):
    """A role at an organisation; from today and without an end unless dates are given."""

    role: PersonRole
    organisation_id: Uuid
    valid_from: LegalDate | None = None
    valid_to: LegalDate | None = None

    def new(self) -> NewGrant:
        """Return it for the action."""
        return NewGrant(self.role, self.organisation_id, self.valid_from, self.valid_to)


class AccountRequest(ApiModel):
    """A new account; its owner sets the password with the invitation code of the answer."""

    username: Username
    name: PersonName
    organisation_id: Uuid
    roles: Annotated[list[RoleRequest], Field(max_length=20, default_factory=list)]


class LockRequest(ApiModel):
    """Why an account is locked, as a code."""

    reason_code: Key


class RoleGrantAnswer(Answer):
    """A role held at an organisation; its `version` is the If-Match of ending it."""

    id: UUID
    role: str
    organisation_id: UUID
    organisation_name: str
    valid_from: date
    valid_to: date | None
    ended_at: datetime | None
    version: int


class AccountAnswer(Answer):
    """An account with its roles."""

    id: UUID
    username: str
    name: str
    status: Literal["invited", "active", "locked"]
    organisation_id: UUID
    created_at: datetime
    password_set_at: datetime | None
    totp_set_at: datetime | None
    grants: list[RoleGrantAnswer]
    version: int


class AccessCodeAnswer(Answer):
    """An account with a code for its owner, shown this once and good once until `expires_at`."""

    account: AccountAnswer
    code: str
    expires_at: datetime


def grant_answer(row: Any) -> RoleGrantAnswer:
    """Build the answer from a row (RoleGrant, organisation_name)."""
    grant = row[0]
    own = {name: getattr(grant, name) for name in RoleGrantAnswer.model_fields if name != "organisation_name"}
    return RoleGrantAnswer(**own, organisation_name=row.organisation_name)


def account_answer(account: Any, name: str, grants: list[Any]) -> AccountAnswer:
    """Build the answer of an account with its opened name and its grants."""
    own = {field: getattr(account, field) for field in AccountAnswer.model_fields if field not in ("name", "grants")}
    return AccountAnswer(**own, name=name, grants=[grant_answer(row) for row in grants])


async def read_answer(session: AsyncSession, account: Any, response: Response, keys: Keyring) -> AccountAnswer:
    """Return an account with its roles (one statement), its version as the ETag."""
    grants = await grants_of(session, [account.id])
    set_etag(response, account.version)
    return account_answer(account, open_name(account, keys), grants[account.id])


async def account_with_code(
    session: AsyncSession, new: NewCode, code: str, response: Response, keys: Keyring
) -> AccessCodeAnswer:
    """Return an account with the code just issued for it; caches must not keep it."""
    response.headers["Cache-Control"] = "no-store"
    account = await read_answer(session, new.account, response, keys)
    return AccessCodeAnswer(account=account, code=code, expires_at=new.expires_at)
