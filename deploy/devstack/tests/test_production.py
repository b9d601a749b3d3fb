"""The files production uses, run against the real engines: they must do what the devstack does."""

import os
import subprocess
from pathlib import Path

import asyncpg
import nats
import pytest

from devstack import paths
from devstack.credentials import Credentials
from devstack.databases import Passwords, describe, with_database
from devstack.engines import Engines
from devstack.probes import http_ready, wait_until
from devstack.processes import Command, end, free_ports, spawn

CREATE = paths.DEPLOY / "postgres" / "create-databases.sh"
START_NATS = paths.DEPLOY / "nats" / "start.sh"


def create(engines: Engines, secrets: Path, services: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        "PATH": f"{engines.postgres.install / 'bin'}:{os.defpath}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(engines.postgres.port),
        "PGPASSWORD": engines.postgres.password,
        "SECRETS_DIR": str(secrets),
        "SQL_DIR": str(paths.ROLES_SQL.parent),
        "SERVICES": services,
    }
    return subprocess.run([CREATE], env=environment, capture_output=True, text=True, check=False)


async def test_the_script_makes_the_same_rights_as_the_devstack(engines: Engines, tmp_path: Path) -> None:
    for name in ("archive", "ledger"):
        (tmp_path / f"{name}_owner_password").write_text('it\'s \\ "quoted" $x `y`')
        (tmp_path / f"{name}_password").write_text("p;drop table x--")
    for _ in range(2):
        done = create(engines, tmp_path, "archive ledger")
        assert done.returncode == 0, done.stderr
        assert done.stdout == "create-databases: archive is ready\ncreate-databases: ledger is ready\n"
        await _without_house(engines, "archive")  # as an installation was before it had one
    assert create(engines, tmp_path, "archive").returncode == 0
    passwords = Passwords(owner='it\'s \\ "quoted" $x `y`', app="p;drop table x--")
    archive = describe(engines.admin_dsn, "archive", service="archive", passwords=passwords)
    made = await engines.create_database("twin")
    assert await _rights(archive.owner_dsn, "archive") == await _rights(made.owner_dsn, "twin")
    app = await asyncpg.connect(archive.app_dsn)
    await app.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(archive.app_dsn.rsplit("/", 1)[0] + "/ledger")
    for name in ("archive", "ledger", "twin"):
        await engines.drop_database(name)


async def _without_house(engines: Engines, service: str) -> None:
    connection = await asyncpg.connect(with_database(engines.admin_dsn, service))
    try:
        await connection.execute(f"DROP OWNED BY {service}_house")
        await connection.execute(f"DROP ROLE {service}_house")
    finally:
        await connection.close()


async def _rights(dsn: str, service: str) -> list[str]:
    """Everything a database says about rights, with the service's name taken out."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT datacl::text FROM pg_database WHERE datname = current_database()"
            " UNION ALL SELECT defaclobjtype::text || defaclacl::text FROM pg_default_acl"
            " UNION ALL SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'"
            " UNION ALL SELECT extname::text FROM pg_extension"
            " UNION ALL SELECT rolname::text || rolconfig::text FROM pg_roles WHERE rolname LIKE $1"
            " UNION ALL SELECT concat(roleid::regrole, member::regrole, inherit_option, set_option, admin_option)"
            " FROM pg_auth_members WHERE roleid::regrole::text LIKE $1",
            f"{service}%",
        )
    finally:
        await connection.close()
    return sorted(str(row[0]).replace(service, "SERVICE") for row in rows)


def test_a_missing_secret_is_named(engines: Engines, tmp_path: Path) -> None:
    done = create(engines, tmp_path, "archive")
    assert done.returncode == 1
    assert f"{tmp_path}/archive_owner_password is missing or empty" in done.stderr


async def test_the_container_start_of_nats_reads_secret_files(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path / "secrets")
    port, monitor = free_ports(2)
    environment = {
        "PATH": f"{paths.nats_server().parent}:{os.defpath}",
        "SECRETS_DIR": str(credentials.folder),
        "NATS_CONFIGURATION": str(paths.NATS_CONFIGURATION),
        "NATS_STORE": str(tmp_path / "store"),
        "NATS_HOST": "127.0.0.1",
        "NATS_PORT": str(port),
        "NATS_MONITOR_PORT": str(monitor),
    }
    command = Command([str(START_NATS)], env=environment)
    with (tmp_path / "log").open("wb") as log:
        server = spawn(command, output=log)
    try:
        await wait_until(http_ready(monitor, "/healthz"), what="NATS", patience=10)
        client = await nats.connect(f"nats://feedback:{credentials.nats()['feedback']}@127.0.0.1:{port}")
        await client.close()
    finally:
        await end(server, stop_signal=command.stop_signal, patience=10)


def test_nats_does_not_start_without_a_password(tmp_path: Path) -> None:
    (tmp_path / "nats_registry_password").write_text("")
    environment = {"PATH": os.defpath, "SECRETS_DIR": str(tmp_path)}
    done = subprocess.run([START_NATS], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nats_registry_password is missing or empty" in done.stderr
