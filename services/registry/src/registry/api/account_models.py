"""Requests and answers about accounts, clients and roles."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from registry.actions.grant_role import NewGrant
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
    """A new account; `password` is the first one, to be changed by its owner."""

    username: Username
    name: PersonName
    password: NewPassword
    organisation_id: Uuid
    roles: Annotated[list[RoleRequest], Field(max_length=20, default_factory=list)]


class LockRequest(ApiModel):
    """Why an account is locked, as a code."""

    reason_code: Key


class PasswordRequest(ApiModel):
    """A new password for somebody else."""

    password: NewPassword


class OwnPasswordRequest(ApiModel):
    """A new password for oneself."""

    current_password: Annotated[str, Text(max_length=256, lines=True)]
    password: NewPassword


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
    status: Literal["active", "locked"]
    organisation_id: UUID
    created_at: datetime
    password_set_at: datetime | None
    grants: list[RoleGrantAnswer]
    version: int


def grant_answer(row: Any) -> RoleGrantAnswer:
    """Build the answer from a row (RoleGrant, organisation_name)."""
    grant = row[0]
    own = {name: getattr(grant, name) for name in RoleGrantAnswer.model_fields if name != "organisation_name"}
    return RoleGrantAnswer(**own, organisation_name=row.organisation_name)


def account_answer(account: Any, name: str, grants: list[Any]) -> AccountAnswer:
    """Build the answer of an account with its opened name and its grants."""
    own = {field: getattr(account, field) for field in AccountAnswer.model_fields if field not in ("name", "grants")}
    return AccountAnswer(**own, name=name, grants=[grant_answer(row) for row in grants])
