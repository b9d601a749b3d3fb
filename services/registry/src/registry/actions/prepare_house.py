"""At every start: the first administrator and the house's own clients exist as the installation's secrets say."""

import hmac
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.end_access import end_sessions, revoke_client
from registry.domain import ids
from registry.domain.organisation_kinds import FRONT_COMMITTEE
from registry.queries.access import stands_on
from registry.tables import Account, ApiClient, ApiClientCredential, Organisation, RoleGrant
from servicekit import audit
from servicekit.encryption import Keyring, context, open_, seal
from servicekit.identity import HOUSE_ROLE
from servicekit.working_days import local_date

FIRST_ADMINISTRATOR: Final = "quantri"
_NAME: Final = "Quản trị hệ thống"


class NoTopOrganisations(RuntimeError):
    """The seed has not run: the database has no organisation to hang the first roles on."""


async def top_organisations(session: AsyncSession, day: date) -> dict[str, UUID]:
    """Return the topmost bodies standing on a day, by kind. Raises NoTopOrganisations."""
    found = await session.execute(
        select(Organisation.kind, Organisation.id).where(Organisation.parent_id.is_(None), stands_on(Organisation, day))
    )
    by_kind = {row.kind: row.id for row in found}
    if FRONT_COMMITTEE not in by_kind:
        raise NoTopOrganisations("run `python -m registry migrate` first")
    return by_kind


async def ensure_administrator(
    session: AsyncSession, password_hash: str | None, totp_secret: str, *, keyring: Keyring, now: datetime
) -> None:
    """Make the first administrator, or set what differs: the password when its hash is given, the secret of the codes.

    The first administrator administers every topmost body, and with them the whole house.
    """
    day = local_date(now)
    tops = await top_organisations(session, day)
    account_id = ids.first_administrator_id(FIRST_ADMINISTRATOR)
    values: dict[str, Any] = {}
    if password_hash is not None:
        values |= {"password_hash": password_hash, "password_set_at": now}
    if not await _has_secret(session, account_id, totp_secret, keyring):
        sealed = seal(keyring, totp_secret, context("account", "totp_sealed", account_id))
        values |= {"totp_sealed": sealed, "totp_last_step": None, "totp_set_at": now}
    if values:
        made = insert(Account).values(
            id=account_id,
            username=FIRST_ADMINISTRATOR,
            name_sealed=seal(keyring, _NAME, context("account", "name_sealed", account_id)),
            status="active",
            organisation_id=tops[FRONT_COMMITTEE],
            created_at=now,
            **values,
        )
        await session.execute(
            made.on_conflict_do_update(index_elements=["id"], set_=values | {"version": Account.version + 1})
        )
        await audit.write(
            session,
            action="account.set_from_settings",
            subject_type="account",
            subject_id=account_id,
            actor=None,
            now=now,
        )
        await end_sessions(session, account_id, reason="password_set", now=now)
    await _ensure_grants(session, {"account_id": account_id}, [("administrator", top) for top in tops.values()], now)


async def _has_secret(session: AsyncSession, account_id: UUID, totp_secret: str, keyring: Keyring) -> bool:
    sealed = await session.scalar(select(Account.totp_sealed).where(Account.id == account_id))
    if sealed is None:
        return False
    return hmac.compare_digest(open_(keyring, sealed, context("account", "totp_sealed", account_id)), totp_secret)


async def ensure_clients(session: AsyncSession, secret_hashes: Mapping[str, bytes], *, now: datetime) -> None:
    """Make or update the clients of our own processes, with the role `service` at the city's Front committee."""
    city_front = (await top_organisations(session, local_date(now)))[FRONT_COMMITTEE]
    for client_id, secret_hash in secret_hashes.items():
        row_id = ids.house_client_id(client_id)
        await session.execute(
            insert(ApiClient)
            .values(
                id=row_id,
                client_id=client_id,
                name=f"Nhịp Cầu: {client_id}",
                kind="house",
                status="active",
                organisation_id=city_front,
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=["id"])
        )
        changed = await session.scalar(
            insert(ApiClientCredential)
            .values(id=row_id, api_client_id=row_id, kind="secret", secret_hash=secret_hash, created_at=now)
            .on_conflict_do_update(
                index_elements=["id"],
                set_={"secret_hash": secret_hash, "created_at": now},
                where=ApiClientCredential.secret_hash != secret_hash,
            )
            .returning(ApiClientCredential.id)
        )
        if changed is not None:
            await audit.write(
                session,
                action="client.set_from_settings",
                subject_type="api_client",
                subject_id=row_id,
                actor=None,
                now=now,
            )
            await revoke_client(session, row_id, reason="client_revoked", now=now)
        await _ensure_grants(session, {"api_client_id": row_id}, [(HOUSE_ROLE, city_front)], now)


async def _ensure_grants(
    session: AsyncSession, holder: dict[str, UUID], grants: list[tuple[str, UUID]], now: datetime
) -> None:
    rows = [
        {
            "id": uuid4(),
            "role": role,
            "organisation_id": organisation,
            "valid_from": local_date(now),
            "created_at": now,
            **holder,
        }
        for role, organisation in grants
    ]
    # The exclusion constraint knows who has it already, from whichever day.
    await session.execute(insert(RoleGrant).values(rows).on_conflict_do_nothing())
