"""`ops doctor`: looks at everything that must hold, says what does not and what to do, changes nothing."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import typer

from devstack import paths
from devstack.databases import with_database
from devstack.folder import FolderLock
from devstack.ops.options import Data, PortBase, default_data, running_engine
from devstack.ports import Ports
from devstack.postgres import answers
from devstack.probes import http_status
from devstack.processes import StackError, port_is_free

SAFE_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "data_checksums": "on",
    "data_sync_retry": "off",
    "password_encryption": "scram-sha-256",
}
"""PostgreSQL settings without which an acknowledged change can be lost or a password be read."""

LEAST_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One line of the report; `advice` says what to do when it is not `good`."""

    good: bool
    what: str
    advice: str = ""


def register(app: typer.Typer) -> None:
    """Add `doctor`."""

    @app.command()
    def doctor(data: Data = default_data(), port_base: PortBase = None) -> None:
        """Check ports, disk, PostgreSQL's and NATS's settings and every service; exit 1 when something is wrong."""
        bad = asyncio.run(report(data.absolute(), Ports.chosen(port_base)))
        raise typer.Exit(1 if bad else 0)


async def report(data: Path, ports: Ports) -> int:
    """Print every finding; the number of bad ones."""
    bad = 0
    async for finding in examine(data, ports):
        bad += not finding.good
        print(f"{'ok ' if finding.good else 'BAD'} {finding.what}")
        if not finding.good and finding.advice:
            print(f"    → {finding.advice}")
    print("everything that was checked is in order" if not bad else f"{bad} findings need attention")
    return bad


async def examine(data: Path, ports: Ports) -> AsyncIterator[Finding]:
    """Every finding, one after another; a stack that is not running is no fault, but little can be checked then."""
    yield _disk(data)
    running = _is_running(data)
    if not running:
        yield Finding(True, f"no stack runs on {data}; only disk and ports are checked")
        for name in Ports.names():
            port = ports.of(name)
            yield Finding(port_is_free(port), f"port {port} for {name} is free", f"choose with {ports.variable(name)}")
        return
    yield _secrets(data)
    engine, _ = running_engine(data, ports)
    if await _up(engine.admin_dsn):
        async for finding in _postgres(engine.admin_dsn):
            yield finding
        for service in paths.SERVICES:
            yield await _many_reads(engine.admin_dsn, service)
    else:
        yield Finding(False, "PostgreSQL answers", f"see {data / 'logs' / 'postgres.log'}")
    status = await http_status(ports.nats_monitor, "/healthz")
    yield Finding(status == 200, f"NATS: full health check ({status})", f"see {data / 'logs' / 'nats.log'}")
    for name in (*paths.SERVICES, "gateway"):
        status = await http_status(ports.of(name), "/readyz")
        yield Finding(status == 200, f"{name}: /readyz ({status})", f"see {data / 'logs' / f'{name}.log'}")


async def _many_reads(admin_dsn: str, service: str) -> Finding:
    """Who read very many identities today; an audit that is not there yet has nothing to tell."""
    from servicekit.read_watch import ALERT, READER

    statement = (
        "SELECT count(*) FROM audit_entry WHERE subject_type = $1 AND action = $2 AND at > now() - interval '1 day'"
    )
    connection = await asyncpg.connect(with_database(admin_dsn, service))
    try:
        found = await connection.fetchval(statement, READER, ALERT)
    except asyncpg.UndefinedTableError:
        found = 0
    finally:
        await connection.close()
    return Finding(
        not found,
        f"{service}: {found} alerts of very many identities read in a day",
        f"audit_entry, action {ALERT}: subject_id is who read; ask why, lock the account if there is no answer",
    )


def _disk(data: Path) -> Finding:
    there = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    return Finding(
        free >= LEAST_FREE_BYTES, f"{free / 1024**3:.1f} GiB free at {there}", "make room, or move the data with --data"
    )


def _is_running(data: Path) -> bool:
    if not (data / "lock").exists():
        return False
    try:
        with FolderLock(data):
            return False
    except StackError:
        return True


def _secrets(data: Path) -> Finding:
    open_ones = [file.name for file in (data / "secrets").iterdir() if file.stat().st_mode & 0o077]
    return Finding(not open_ones, "secrets are readable by their owner only", f"chmod 600 {' '.join(open_ones)}")


async def _up(dsn: str) -> bool:
    try:
        return await answers(dsn)
    except StackError:
        return False


async def _postgres(admin_dsn: str) -> AsyncIterator[Finding]:
    connection = await asyncpg.connect(admin_dsn)
    try:
        for name, wanted in SAFE_SETTINGS.items():
            found = await connection.fetchval("SELECT current_setting($1)", name)
            yield Finding(
                found == wanted, f"PostgreSQL {name} = {found}", f"set it to {wanted}; until then data can be lost"
            )
        weak = await connection.fetch(
            "SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword IS NOT NULL"
            " AND rolpassword NOT LIKE 'SCRAM-SHA-256$%'"
        )
        yield Finding(not weak, "every password is kept as SCRAM", f"set again: {[row['rolname'] for row in weak]}")
        trusting = await connection.fetchval(
            "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method IN ('trust', 'password', 'md5')"
        )
        yield Finding(
            trusting == 0, "pg_hba.conf asks everybody for a SCRAM password", "replace trust, password and md5"
        )
        broken = await connection.fetchval("SELECT coalesce(sum(checksum_failures), 0)::int FROM pg_stat_database")
        yield Finding(broken == 0, f"checksum failures: {broken}", "restore from a backup: the disk damages pages")
        databases = {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()
    for service in paths.SERVICES:
        if service not in databases:
            yield Finding(False, f"database {service} exists", "run ./nhipcau up once")
            continue
        async for finding in _database(admin_dsn, service):
            yield finding


async def _database(admin_dsn: str, service: str) -> AsyncIterator[Finding]:
    from servicekit.row_scope import HOUSE_SUFFIX  # here, because `up` should not wait for FastAPI

    connection = await asyncpg.connect(with_database(admin_dsn, service))
    try:
        public = await connection.fetchval("SELECT has_database_privilege('public', current_database(), 'CONNECT')")
        yield Finding(not public, f"{service}: only its own roles may connect", "REVOKE CONNECT ... FROM PUBLIC")
        strong = await connection.fetchval(
            "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = $1", service
        )
        yield Finding(
            strong is False, f"{service}: the app role has no special power", "run ./nhipcau up to set it anew"
        )
        # True: requests would see every row without taking the role on; NULL: there is none (docs/decisions/0011).
        sees_all = await connection.fetchval(
            "SELECT pg_has_role($1, oid, 'USAGE') OR rolcanlogin FROM pg_roles WHERE rolname = $2",
            service,
            service + HOUSE_SUFFIX,
        )
        yield Finding(
            sees_all is False,
            f"{service}: a request does not see what the house sees",
            "run ./nhipcau up, or deploy/postgres/create-databases.sh, to set it anew",
        )
    finally:
        await connection.close()
