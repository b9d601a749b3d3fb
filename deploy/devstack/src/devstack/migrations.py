"""Runs `python -m <service> migrate`, and leaves it out when nothing changed since the last time."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from devstack.processes import Command, run_to_end


async def migrate(service: str, command: Command, *, admin_dsn: str, stamps: Path) -> bool:
    """Migrate one service's database; False when its files and its database are those of the last run.

    Starting Python once for each service to find nothing to do costs seconds on two cores. The stamp names the
    cluster, the database's id and the contents of every migration file, so a restored or new database is migrated.
    """
    state = await _state(service, admin_dsn)
    stamp = stamps / f"{service}.json"
    if state is not None and stamp.exists() and json.loads(stamp.read_text()) == state:
        return False
    await run_to_end(command, what=f"migrating the database of {service}")
    state = await _state(service, admin_dsn)
    if state is not None:
        stamp.write_text(json.dumps(state))
    return True


async def _state(service: str, admin_dsn: str) -> list[str] | None:
    spec = find_spec(service)
    if spec is None or spec.origin is None:
        return None
    digest = hashlib.sha256()
    for file in sorted((Path(spec.origin).parent / "migrations").rglob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    connection = await asyncpg.connect(admin_dsn)
    try:
        cluster = await connection.fetchval("SELECT system_identifier::text FROM pg_control_system()")
        database = await connection.fetchval("SELECT oid::text FROM pg_database WHERE datname = $1", service)
    finally:
        await connection.close()
    return [str(cluster), str(database), digest.hexdigest()]
