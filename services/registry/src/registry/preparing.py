"""What one process sets up before it serves: keys, hashers, its own verifier, the accounts of the secrets."""

import json
import unicodedata

from sqlalchemy import text

from registry.actions.issue import SessionLimits
from registry.actions.prepare_house import FIRST_ADMINISTRATOR, ensure_administrator, ensure_clients
from registry.domain.passwords import weakness
from registry.hashing import PasswordHasher, SecretHasher
from registry.queries.access import account_named
from registry.settings import RegistrySettings
from registry.signing import TokenSigner
from servicekit.encryption import read_key
from servicekit.identity import TokenVerifier
from servicekit.service import Runtime


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

    async def own_keys() -> dict[str, object]:
        return signer.keys()

    runtime.verifier = TokenVerifier(own_keys, issuer=settings.issuer)
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
