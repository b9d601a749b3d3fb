"""The registry's application: its parts, and what one process sets up before it serves."""

import json
import unicodedata
from typing import Final

from fastapi import FastAPI
from sqlalchemy import text

from registry.actions.issue import SessionLimits
from registry.actions.prepare_house import FIRST_ADMINISTRATOR, ensure_administrator, ensure_clients
from registry.actions.signing import TokenSigner
from registry.api import accounts, calendar, clients, law, organisations, reference, territory, tokens
from registry.api.verifying import OwnVerifier
from registry.domain.passwords import weakness
from registry.domain.roles import GROUPS
from registry.passwords import PasswordHasher, SecretHasher
from registry.queries.access import account_named
from registry.settings import RegistrySettings
from registry.tables import metadata
from servicekit import web
from servicekit.encryption import read_key
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings

_PREFIX: Final = "/api/v1/registry"
PUBLIC: Final = frozenset(
    {
        ("POST", f"{_PREFIX}/tokens"),
        ("GET", f"{_PREFIX}/jwks.json"),
        ("GET", f"{_PREFIX}/units"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}/succession"),
        ("GET", f"{_PREFIX}/codes/{{code}}"),
        ("GET", f"{_PREFIX}/organisations"),
        ("GET", f"{_PREFIX}/organisations/{{organisation_id}}"),
        ("GET", f"{_PREFIX}/calendar"),
        ("GET", f"{_PREFIX}/calendar/{{day}}"),
        ("GET", f"{_PREFIX}/deadline-rules"),
        ("GET", f"{_PREFIX}/deadline-rules/{{rule_id}}"),
        ("GET", f"{_PREFIX}/instruments"),
        ("GET", f"{_PREFIX}/instruments/{{instrument_id}}"),
    }
)


async def prepare(runtime: Runtime) -> None:
    """Fill `runtime.parts`, verify tokens with our own keys, and bring accounts in line with the secrets."""
    settings: RegistrySettings = runtime.settings
    signer = TokenSigner(
        settings.signing_key.get_secret_value(), issuer=settings.issuer, retired=settings.retired_signing_keys
    )
    secrets = SecretHasher(read_key(settings.index_key.get_secret_value()))
    passwords = PasswordHasher()
    runtime.parts |= {
        "signer": signer,
        "secrets": secrets,
        "passwords": passwords,
        "limits": SessionLimits(settings.session_days, settings.refresh_hours),
    }

    runtime.verifier = OwnVerifier(signer, runtime.database, issuer=settings.issuer)
    await _prepare_accounts(runtime, settings, passwords, secrets)


async def _prepare_accounts(
    runtime: Runtime, settings: RegistrySettings, passwords: PasswordHasher, secrets: SecretHasher
) -> None:
    password = unicodedata.normalize("NFC", settings.admin_password.get_secret_value())
    if weakness(password, FIRST_ADMINISTRATOR):
        raise ValueError("ADMIN_PASSWORD is too weak: at least 15 characters, not a common password")
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
        await ensure_administrator(session, new_hash, keyring=runtime.keyring, now=now)
        await ensure_clients(session, hashes, now=now)


SERVICE: Final = Service(
    name="registry",
    title="Nhịp Cầu: danh bạ chung (registry)",
    settings=RegistrySettings,
    metadata=metadata,
    routers=(
        tokens.router,
        accounts.router,
        clients.router,
        territory.router,
        organisations.router,
        calendar.router,
        law.router,
        reference.router,
    ),
    public=PUBLIC,
    groups=GROUPS,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application, with settings from the environment unless given."""
    return web.create_app(SERVICE, settings)
