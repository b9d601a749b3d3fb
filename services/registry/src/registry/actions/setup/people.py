"""The section `people`: accounts by user name, with exactly the roles that are listed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import or_, select

from registry.actions.change_account import lock_account, unlock_account
from registry.actions.create_account import NewAccount, create_account
from registry.actions.grant_role import NewGrant, end_role, grant_role
from registry.actions.rename_account import rename_account
from registry.actions.setup.change import Change, Difference, Kind, Setting, compared
from registry.actions.setup.places import Place, Places
from registry.queries.accounts import open_name
from registry.queries.administering import administered_accounts_named
from registry.tables import Account, RoleGrant
from servicekit.working_days import local_date

_SECTION = "people"
_LOCK_REASON = "setup_file"


@dataclass(frozen=True, slots=True)
class WantedRole:
    """A role at a body, until a last day when it has one."""

    role: str
    at: Place
    until: date | None = None


@dataclass(frozen=True, slots=True)
class WantedPerson:
    """An account as it should be."""

    username: str
    name: str
    organisation: Place
    roles: tuple[WantedRole, ...]
    locked: bool


_Role = tuple[str, UUID, date | None]


async def apply_people(setting: Setting, wanted: Sequence[WantedPerson], places: Places) -> list[Change]:
    """Make, rename, lock and unlock accounts, give and take their roles. Raises what the single actions raise."""
    known = await administered_accounts_named(setting.session, setting.actor, [one.username for one in wanted])
    changes = []
    for number, one in enumerate(wanted):
        field = f"body.people.{number}"
        organisation = places.id_of(one.organisation, f"{field}.organisation")
        roles = {
            (role.role, places.id_of(role.at, f"{field}.roles.{place}.at"), role.until)
            for place, role in enumerate(one.roles)
        }
        account = known.get(one.username)
        if account is None:
            changes.append(await _add(setting, one, organisation, roles, places))
        else:
            changes.append(await _change(setting, one, account, roles, places))
    return changes


async def _add(setting: Setting, one: WantedPerson, organisation: UUID, roles: set[_Role], places: Places) -> Change:
    new = NewAccount(
        username=one.username,
        name=one.name,
        organisation_id=organisation,
        roles=tuple(NewGrant(role, at, None, until) for role, at, until in sorted(roles, key=str)),
    )
    code = secrets.token_urlsafe(32)
    made = await create_account(
        setting.session,
        new,
        account_id=uuid4(),
        code_hash=setting.hasher.hash(code, "access-code"),
        actor=setting.actor,
        keyring=setting.keyring,
        now=setting.now,
    )
    if one.locked:
        await _set_lock(setting, made.account, locked=True)
    differences = (
        Difference("organisation", None, str(one.organisation)),
        *(Difference("role", None, _role_text(role, places)) for role in sorted(roles, key=str)),
    )
    return Change(_SECTION, one.username, "add", differences, {"invitation_code": code})


async def _change(setting: Setting, one: WantedPerson, account: Account, roles: set[_Role], places: Places) -> Change:
    name = open_name(account, setting.keyring)
    own = compared(
        _SECTION,
        one.username,
        # The names themselves stay out of what is shown and kept of an answer.
        (("name", "old" if name != one.name else None, "new" if name != one.name else None),
         ("locked", account.status == "locked", one.locked)),
    )  # fmt: skip
    if name != one.name:
        await rename_account(
            setting.session, account.id, one.name, expected=account.version,
            actor=setting.actor, keyring=setting.keyring, now=setting.now,
        )  # fmt: skip
    if (account.status == "locked") != one.locked:
        await _set_lock(setting, account, locked=one.locked)
    held = await _held(setting, account.id)
    await _end(setting, account.id, [row for role, row in held.items() if role not in roles])
    for role, at, until in sorted(roles - held.keys(), key=str):
        await grant_role(
            setting.session, NewGrant(role, at, None, until),
            account_id=account.id, actor=setting.actor, now=setting.now,
        )  # fmt: skip
    differences = (
        *own.differences,
        *(Difference("role", None, _role_text(role, places)) for role in sorted(roles - held.keys(), key=str)),
        *(Difference("role", _role_text(role, places), None) for role in sorted(held.keys() - roles, key=str)),
    )
    kind: Kind = "change" if differences else "same"
    return Change(_SECTION, one.username, kind, differences)


async def _held(setting: Setting, account: UUID) -> dict[_Role, RoleGrant]:
    """The roles an account holds or will hold."""
    statement = select(RoleGrant).where(
        RoleGrant.account_id == account,
        RoleGrant.ended_at.is_(None),
        or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= local_date(setting.now)),
    )
    rows = await setting.session.scalars(statement)
    return {(row.role, row.organisation_id, row.valid_to): row for row in rows}


async def _end(setting: Setting, account: UUID, rows: Sequence[RoleGrant]) -> None:
    for row in rows:
        await end_role(
            setting.session, row.id, account_id=account, expected=row.version, actor=setting.actor, now=setting.now
        )


async def _set_lock(setting: Setting, account: Account, *, locked: bool) -> None:
    session, actor, now = setting.session, setting.actor, setting.now
    if locked:
        await lock_account(
            session, account.id, expected=account.version, reason_code=_LOCK_REASON, actor=actor, now=now
        )
    else:
        await unlock_account(session, account.id, expected=account.version, actor=actor, now=now)


def _role_text(role: _Role, places: Places) -> str:
    name, organisation, until = role
    return f"{name} at {places.text(organisation)}" + (f" until {until.isoformat()}" if until else "")
