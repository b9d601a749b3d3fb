"""Real PostgreSQL and real NATS for tests: started on free ports, streams applied, gone afterwards."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import nats

from devstack import databases, paths
from devstack.credentials import new_password
from devstack.databases import Database, Passwords
from devstack.folder import make_folder, temporary_folder
from devstack.nats import USERS, Nats
from devstack.postgres import Postgres
from devstack.probes import Probe, wait_until
from devstack.processes import Command, StackError, end, exit_of, free_ports, spawn
from servicekit import streams

Role = Literal["app", "owner"]


class Engines:
    """One PostgreSQL and one NATS; `async with Engines(folder) as e`, or `start_now()` / `stop_now()` in plain code.

    `folder` keeps files and logs (a temporary folder when None). `services` get role and database at the start;
    `create_database` makes more. Start from the main thread (see `processes.spawn`).
    """

    def __init__(self, folder: Path | str | None = None, *, services: Sequence[str] = paths.SERVICES) -> None:
        self._temporary = folder is None
        self.folder = Path(folder) if folder is not None else temporary_folder()
        self.services = tuple(services)
        self.passwords: dict[str, Passwords] = {}
        self.databases: dict[str, Database] = {}
        make_folder(self.folder)
        nats_passwords = {user: new_password() for user in USERS}
        ports = free_ports(3)
        self.postgres = Postgres(self.folder / "postgres", ports[0], new_password(), throwaway=True)
        self.nats = Nats(self.folder / "nats", ports[1], ports[2], nats_passwords)
        self._postgres: subprocess.Popen[bytes] | None = None
        self._nats: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def start_now(self) -> Self:
        """`start()` for code without an event loop."""
        asyncio.run(self.start())
        return self

    def stop_now(self) -> None:
        """`stop()` for code without an event loop."""
        asyncio.run(self.stop())

    async def start(self) -> None:
        """Start both, make roles and databases, apply the streams."""
        await asyncio.gather(self._first_postgres(), self._first_nats())

    async def _first_postgres(self) -> None:
        await self.start_postgres()
        for service in self.services:
            self.passwords[service] = Passwords(owner=new_password(), app=new_password())
        self.databases = await databases.ensure_databases(self.admin_dsn, self.services, self.passwords)

    async def _first_nats(self) -> None:
        await self.start_nats()
        await streams.apply_url(self.nats_url("ops"), paths.STREAMS)

    async def stop(self) -> None:
        """Stop both and delete their files."""
        for process, command in (
            (self._nats, self.nats.command()),
            (self._postgres, self.postgres.command()),
        ):
            if process is not None:
                await end(process, stop_signal=command.stop_signal, patience=10)
        self._nats = self._postgres = None
        self.postgres.remove()
        shutil.rmtree(self.folder if self._temporary else self.nats.folder, ignore_errors=True)

    @property
    def admin_dsn(self) -> str:
        """Superuser's connection string (database `postgres`)."""
        return self.postgres.dsn()

    @property
    def postgres_pid(self) -> int | None:
        """Process id of the server, for SIGSTOP and the like; None while it is down."""
        return self._postgres.pid if self._postgres else None

    @property
    def nats_pid(self) -> int | None:
        """Process id of the server, for SIGSTOP and the like; None while it is down."""
        return self._nats.pid if self._nats else None

    def nats_url(self, user: str = "ops") -> str:
        """`nats://user:password@127.0.0.1:port` of a service or of `ops`, who may do everything."""
        return self.nats.url(user)

    def dsn(self, service: str, role: Role = "app") -> str:
        """asyncpg's connection string of a service's database."""
        database = self.databases[service]
        return database.app_dsn if role == "app" else database.owner_dsn

    def database_url(self, service: str, role: Role = "app") -> str:
        """SQLAlchemy's URL of a service's database, as the service gets it."""
        return databases.sqlalchemy_url(self.dsn(service, role))

    async def create_database(self, name: str, *, service: str | None = None, template: str = "template1") -> Database:
        """Make database `name` for the roles of `service` (default: roles named like the database).

        `template` copies another database, for instance one that is already migrated; nobody may be connected to it.
        Tables of a copy keep their owner and rights.
        """
        roles = service or name
        if roles not in self.passwords:
            self.passwords[roles] = Passwords(owner=new_password(), app=new_password())
            await databases.ensure_roles(self.admin_dsn, roles, self.passwords[roles])
        await databases.ensure_database(self.admin_dsn, name, service=roles, template=template)
        self.databases[name] = databases.describe(self.admin_dsn, name, service=roles, passwords=self.passwords[roles])
        return self.databases[name]

    async def drop_database(self, name: str) -> None:
        """Delete a database, whoever is connected."""
        await databases.drop_database(self.admin_dsn, name)
        self.databases.pop(name, None)

    async def purge_streams(self) -> None:
        """Empty every stream and forget its consumers, so that one test does not see another's events."""
        client = await nats.connect(self.nats_url("ops"))
        try:
            js = client.jetstream()
            for stream in await js.streams_info():
                await js.delete_stream(str(stream.config.name))
            await streams.apply(js, streams.read(paths.STREAMS))
        finally:
            await client.close()

    async def start_postgres(self) -> None:
        """Start PostgreSQL (again) on the same port with the same data and wait until it answers."""
        await self.postgres.prepare()
        self._postgres = self._run(self.postgres.command(), "postgres.log")
        await self._ready(self._postgres, self.postgres.is_ready, "PostgreSQL", "postgres.log")

    async def start_nats(self) -> None:
        """Start NATS (again) on the same port with the same data and wait until it is healthy."""
        self.nats.prepare()
        self._nats = self._run(self.nats.command(), "nats.log")
        await self._ready(self._nats, self.nats.is_ready, "NATS", "nats.log")

    async def stop_postgres(self) -> None:
        """Stop PostgreSQL cleanly."""
        if self._postgres is not None:
            await end(self._postgres, stop_signal=self.postgres.command().stop_signal, patience=10)
        self._postgres = None

    async def stop_nats(self) -> None:
        """Stop NATS cleanly."""
        if self._nats is not None:
            await end(self._nats, stop_signal=self.nats.command().stop_signal, patience=10)
        self._nats = None

    async def kill_postgres(self) -> None:
        """`kill -9` of the postmaster; returns when it is gone and nobody listens any more."""
        await self._kill(self._postgres)
        self._postgres = None

    async def kill_nats(self) -> None:
        """`kill -9` of nats-server."""
        await self._kill(self._nats)
        self._nats = None

    async def _kill(self, process: subprocess.Popen[bytes] | None) -> None:
        if process is None:
            raise StackError("it is not running")
        process.kill()
        await exit_of(process)

    def _run(self, command: Command, log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as output:
            return spawn(command, output=output)

    async def _ready(self, process: subprocess.Popen[bytes], probe: Probe, what: str, log: str) -> None:
        async def ready_or_dead() -> bool:
            if process.poll() is not None:
                tail = (self.folder / log).read_text(errors="replace")[-2000:]
                raise StackError(f"{what} ended with status {process.returncode}:\n{tail}")
            with contextlib.suppress(OSError):
                return await probe()
            return False

        await wait_until(ready_or_dead, what=what, patience=30)
