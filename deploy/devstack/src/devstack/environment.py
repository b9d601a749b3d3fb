"""The environment every service process gets, from ports and secrets."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from devstack import paths
from devstack.credentials import SIGNERS, SIGNING_KEYS, Credentials
from devstack.databases import describe, sqlalchemy_url
from devstack.ports import Ports

FROM_OUTSIDE = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What children may see of the environment of the person who started the stack."""

KEEPING_FILES = ("feedback", "targets")
"""Services that keep sealed files; names are random, so one folder serves both."""
OPTIONS = (
    "ALLOWED_HOSTS",
    "ALLOWED_ORIGINS",
    "ALLOWED_TARGETS",
    "ANONYMOUS_EVENT_DELAY_SECONDS",
    "FILES_URL",
    "LOG_FORMAT",
    "OTLP_ENDPOINT",
    "PUBLIC_URL",
    "RATE_LIMITS",
    "RETRY_TIME_SCALE",
    "REVIEW_AUTHORITY",
    "REVIEW_MOTTO",
    "TRUSTED_EDGES",
)
"""Settings of the services that a person may give to `up` in the environment."""


@dataclass(frozen=True)
class Engine:
    """Where the two engines are, for an administrator: ours, or those of DATABASE_URL and NATS_URL."""

    admin_dsn: str
    nats_url: str
    nats_is_ours: bool

    def nats_for(self, user: str, *, password: str) -> str:
        """URL of one NATS user; with a server that is not ours, NATS_<USER>_PASSWORD or else the URL as given."""
        if not self.nats_is_ours:
            given = os.environ.get(f"NATS_{user.upper()}_PASSWORD")
            if given is None:
                return self.nats_url
            password = given
        parts = urlsplit(self.nats_url)
        server = parts.netloc.rsplit("@", 1)[-1]
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{server}"))


def passed_on(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The part of the outer environment that children get."""
    return {name: environment[name] for name in FROM_OUTSIDE if name in environment}


def of_service(
    name: str, *, ports: Ports, credentials: Credentials, engine: Engine, data: Path, extra: Mapping[str, str]
) -> dict[str, str]:
    """Environment of one service or of the gateway (which gets no database and no events)."""
    environment = passed_on() | {
        "PYTHONUNBUFFERED": "1",
        "SERVICE_PORT": str(ports.of(name)),
        "DEPLOYMENT": "local",
        "LOG_FORMAT": "pretty",
        "CLIENT_SECRET": credentials.read(f"{name}_client_secret"),
    }
    environment |= {f"{service.upper()}_URL": f"http://127.0.0.1:{ports.of(service)}" for service in paths.SERVICES}
    if name in paths.SERVICES:
        database = describe(engine.admin_dsn, name, service=name, passwords=credentials.database(name))
        environment |= {
            "DATABASE_URL": sqlalchemy_url(database.app_dsn),
            "MIGRATION_DATABASE_URL": sqlalchemy_url(database.owner_dsn),
            "NATS_URL": engine.nats_for(name, password=credentials.nats()[name]),
            "EMBED_WORKER": "true",
            "KEYRING": credentials.read(f"{name}_keyring"),
            "INDEX_KEY": credentials.read(f"{name}_index_key"),
        }
    if name in SIGNERS:
        environment["SIGNING_KEY"] = credentials.read(f"{name}_signing_key")
    if name == "registry":
        environment["SIGNING_KEY_FILE"] = str(credentials.folder / SIGNING_KEYS)
        environment["CLIENT_SECRETS"] = json.dumps(credentials.clients())
        environment["ADMIN_PASSWORD"] = credentials.read("admin_password")
        environment["ADMIN_TOTP_SECRET"] = credentials.read("admin_totp_secret")
    if name in KEEPING_FILES:
        environment["FILES_URL"] = (data / "files").as_uri()
    if name == "targets":
        environment["PUBLIC_URL"] = f"http://127.0.0.1:{ports.gateway}"
    environment |= {option: os.environ[option] for option in OPTIONS if option in os.environ}
    return environment | dict(extra)
