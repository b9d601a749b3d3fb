"""The registry's application: its parts, and what one process sets up before it serves."""

import json
import unicodedata
from typing import Final

from fastapi import FastAPI
from sqlalchemy import text

from registry.actions.issue import SessionLimits
from registry.actions.prepare_house import FIRST_ADMINISTRATOR, ensure_administrator, ensure_clients
from registry.actions.signing import TokenSigner
from registry.api import (
    access_codes,
    accounts,
    calendar,
    clients,
    history,
    identity_providers,
    instruments,
    law,
    own_account,
    reference,
    restructurings,
    revocations,
    sessions,
    setup,
    shares,
    territory,
    tokens,
)
from registry.api.access import topmost
from registry.api.verifying import own_verifier
from registry.domain.roles import GROUPS
from registry.domain.second_factor import is_secret
from registry.foreign.documents import Documents
from registry.foreign.issuers import Issuers
from registry.jobs import JOBS
from registry.passwords import PasswordHasher, SecretHasher, password_weakness
from registry.queries.access import account_named
from registry.settings import RegistrySettings
from registry.signing import SigningRing
from registry.tables import metadata
from servicekit import web
from servicekit.audit_reading import audit_router
from servicekit.encryption import read_key
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings

_PREFIX: Final = "/api/v1/registry"
PUBLIC: Final = frozenset(
    {
        ("POST", f"{_PREFIX}/tokens"),
        ("POST", f"{_PREFIX}/passwords"),
        ("GET", f"{_PREFIX}/jwks.json"),
        ("POST", f"{_PREFIX}/identity-providers/{{key}}/sign-ins"),
        ("GET", f"{_PREFIX}/units"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}/succession"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}/shares"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}/shares/history"),
        ("GET", f"{_PREFIX}/codes/{{code}}"),
        ("GET", f"{_PREFIX}/units/tree"),
        ("GET", f"{_PREFIX}/units/named"),
        ("GET", f"{_PREFIX}/units/successors"),
        ("GET", f"{_PREFIX}/organisations"),
        ("GET", f"{_PREFIX}/organisations/tree"),
        ("GET", f"{_PREFIX}/organisations/named"),
        ("GET", f"{_PREFIX}/organisations/successors"),
        ("GET", f"{_PREFIX}/organisations/{{organisation_id}}"),
        ("GET", f"{_PREFIX}/organisations/{{organisation_id}}/shares"),
        ("GET", f"{_PREFIX}/organisations/{{organisation_id}}/shares/history"),
        ("GET", f"{_PREFIX}/calendar"),
        ("GET", f"{_PREFIX}/calendar/{{day}}"),
        ("GET", f"{_PREFIX}/calendar/{{day}}/history"),
        ("GET", f"{_PREFIX}/instruments/{{instrument_id}}/history"),
        ("GET", f"{_PREFIX}/deadline-rules"),
        ("GET", f"{_PREFIX}/deadline-rules/{{rule_id}}"),
        ("GET", f"{_PREFIX}/instruments"),
        ("GET", f"{_PREFIX}/instruments/{{instrument_id}}"),
    }
)


async def prepare(runtime: Runtime) -> None:
    """Fill `runtime.parts`, verify tokens with our own keys, and bring accounts in line with the secrets."""
    settings: RegistrySettings = runtime.settings
    signer = TokenSigner(SigningRing(settings.signing_key_file), issuer=settings.issuer)
    secrets = SecretHasher(read_key(settings.index_key.get_secret_value()))
    passwords = PasswordHasher()
    runtime.parts |= {
        "signer": signer,
        "secrets": secrets,
        "issuers": Issuers(Documents(loopback=settings.loopback_issuers)),
        "passwords": passwords,
        "limits": SessionLimits(settings.session_days, settings.refresh_hours),
    }

    runtime.verifier = own_verifier(signer, runtime.database, runtime.clock, issuer=settings.issuer)
    await _prepare_accounts(runtime, settings, passwords, secrets)


async def _prepare_accounts(
    runtime: Runtime, settings: RegistrySettings, passwords: PasswordHasher, secrets: SecretHasher
) -> None:
    password = unicodedata.normalize("NFC", settings.admin_password.get_secret_value())
    if password_weakness(password, [FIRST_ADMINISTRATOR]):
        raise ValueError("ADMIN_PASSWORD is too weak: at least 15 characters, not a common password")
    totp_secret = settings.admin_totp_secret.get_secret_value().strip()
    if not is_secret(totp_secret):
        raise ValueError("ADMIN_TOTP_SECRET must be base32 of at least 20 bytes")
    clients = json.loads(settings.client_secrets.get_secret_value())
    hashes = {name: secrets.hash(secret, "client") for name, secret in clients.items()}
    now = runtime.clock.now()
    async with runtime.database.read() as session:
        account = await account_named(session, FIRST_ADMINISTRATOR)
    known = account is not None and await passwords.verify(password, account.password_hash)
    new_hash = None if known else await passwords.hash(password)
    async with runtime.database.write() as session:
        # Processes that start together do this one after the other.
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('registry.prepare'))"))
        await ensure_administrator(session, new_hash, totp_secret, keyring=runtime.keyring, now=now)
        await ensure_clients(session, hashes, now=now)


SERVICE: Final = Service(
    name="registry",
    title="Nhịp Cầu: danh bạ chung (registry)",
    settings=RegistrySettings,
    metadata=metadata,
    routers=(
        tokens.router,
        access_codes.router,
        own_account.router,
        sessions.router,
        accounts.router,
        clients.router,
        history.router,
        identity_providers.router,
        territory.router,
        restructurings.router,
        shares.router,
        calendar.router,
        law.router,
        instruments.router,
        setup.router,
        reference.router,
        audit_router("registry", topmost),
        revocations.router,
    ),
    public=PUBLIC,
    jobs=JOBS,
    groups=GROUPS,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application, with settings from the environment unless given."""
    return web.create_app(SERVICE, settings)
