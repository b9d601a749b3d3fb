"""Passwords and keys: made once with the system's random source, one file each, readable by their owner only."""

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyotp import random_base32

from devstack import paths
from devstack.databases import Passwords

CLIENTS = ("gateway", *paths.SERVICES)
"""The house's own processes that get tokens from the registry."""

SIGNERS = ("feedback", "webhooks")
"""Services with one Ed25519 signing key: receipts, webhook signatures."""

SIGNING_KEYS = "registry_signing_key"
"""The registry's keys for tokens: one at first, a ring with times after `ops keys rotate-signing`."""

NATS_USERS = (*paths.SERVICES, "ops")


def new_password() -> str:
    """A random password of 192 bits that begins with a letter and needs no quoting anywhere.

    A leading letter because nats-server reads values of variables as configuration (12e4 would be a number).
    """
    return "p" + secrets.token_hex(24)


def new_key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def new_keyring() -> str:
    """JSON keyring with one key, named k1."""
    return json.dumps({"current": "k1", "keys": {"k1": new_key()}})


def new_signing_key() -> str:
    """Ed25519 private key as PKCS 8 PEM."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def wanted() -> dict[str, Callable[[], str]]:
    """Every secret by file name, with how it is made."""
    made: dict[str, Callable[[], str]] = {
        "postgres_password": new_password,
        "admin_password": new_password,
        "admin_totp_secret": random_base32,
    }
    for client in CLIENTS:
        made[f"{client}_client_secret"] = new_password
    for service in paths.SERVICES:
        made[f"{service}_owner_password"] = new_password
        made[f"{service}_password"] = new_password
        made[f"{service}_keyring"] = new_keyring
        made[f"{service}_index_key"] = new_key
    for user in NATS_USERS:
        made[f"nats_{user}_password"] = new_password
    made[SIGNING_KEYS] = new_signing_key
    for signer in SIGNERS:
        made[f"{signer}_signing_key"] = new_signing_key
    return made


class Credentials:
    """The secrets in one folder; what is missing is made at the first reading and then never changed by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        for name, make in wanted().items():
            if not (folder / name).exists():
                self.write(name, make())

    def read(self, name: str) -> str:
        """The text of one secret; FileNotFoundError when there is none of that name."""
        return (self.folder / name).read_text()

    def write(self, name: str, text: str) -> None:
        """Put a secret in place, whole or not at all, mode 0600."""
        handle, path = tempfile.mkstemp(dir=self.folder, prefix=".new-")  # mkstemp makes 0600
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(path).rename(self.folder / name)

    def database(self, service: str) -> Passwords:
        """Passwords of a service's two database roles."""
        return Passwords(owner=self.read(f"{service}_owner_password"), app=self.read(f"{service}_password"))

    def nats(self) -> dict[str, str]:
        """Password of every NATS user."""
        return {user: self.read(f"nats_{user}_password") for user in NATS_USERS}

    def clients(self) -> dict[str, str]:
        """Client secret of each of the house's own processes."""
        return {client: self.read(f"{client}_client_secret") for client in CLIENTS}
