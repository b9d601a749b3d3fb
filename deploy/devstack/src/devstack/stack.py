"""The whole house on one machine: its processes as a list, and `Stack`, which runs them."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from devstack import paths
from devstack.backups import tell_again
from devstack.credentials import Credentials
from devstack.databases import describe, ensure_databases
from devstack.environment import Engine, of_service
from devstack.folder import FolderLock, make_folder, temporary_folder
from devstack.migrations import migrate
from devstack.nats import Nats
from devstack.ports import Ports
from devstack.postgres import Postgres, answers
from devstack.probes import http_ready, wait_until
from devstack.processes import Command, require_free_port
from devstack.supervisor import Action, Part, Process, Step, Supervisor
from servicekit.streams import apply_url

Parts = Callable[["Stack"], Sequence[Part]]


class Stack:
    """Everything, as an async context manager; leaving it stops every process.

    `data` keeps databases, streams, files, secrets and logs; None is a throwaway folder that is deleted at the end.
    `ports` None means the defaults, or free ones with a throwaway folder. `extra_env` is added to the environment of
    every service. `database_url` and `nats_url` (an administrator's) replace the embedded engines.
    `parts` replaces the list of processes. Enter from the main thread (see `processes.spawn`).
    """

    def __init__(
        self,
        data: Path | None = None,
        ports: Ports | None = None,
        *,
        extra_env: Mapping[str, str] | None = None,
        database_url: str | None = None,
        nats_url: str | None = None,
        shown: bool = False,
        report: Callable[[str], None] = lambda _: None,
        parts: "Parts | None" = None,
    ) -> None:
        self.throwaway = data is None
        self.data = make_folder(data.absolute()) if data is not None else temporary_folder()
        self.ports = ports or (Ports.free() if self.throwaway else Ports())
        self.extra_env = dict(extra_env or {})
        self.logs = self.data / "logs"
        self._shown, self._report = shown, report
        self._lock = FolderLock(self.data)
        self._parts = parts or all_parts
        self._given_database, self._given_nats = database_url, nats_url

    async def __aenter__(self) -> Self:
        self._lock.__enter__()
        try:
            for private in ("secrets", "logs", "files"):
                (self.data / private).mkdir(mode=0o700, exist_ok=True)
            self.credentials = Credentials(self.data / "secrets")
            self.postgres, self.nats = self._embedded_postgres(), self._embedded_nats()
            self.engine = Engine(
                admin_dsn=self._given_database or (self.postgres.dsn() if self.postgres else ""),
                nats_url=self._given_nats or (self.nats.url() if self.nats else ""),
                nats_is_ours=self._given_nats is None,
            )
            self.supervisor = Supervisor(self._parts(self), logs=self.logs, shown=self._shown, report=self._report)
            await self.supervisor.start()
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.supervisor.stop()
        finally:
            self._leave()

    def _leave(self) -> None:
        self._lock.__exit__()
        if self.throwaway:
            postgres: Postgres | None = getattr(self, "postgres", None)
            if postgres is not None:
                postgres.remove()
            shutil.rmtree(self.data, ignore_errors=True)

    def _embedded_postgres(self) -> Postgres | None:
        if self._given_database:
            return None
        return Postgres(
            self.data / "postgres",
            self.ports.postgres,
            self.credentials.read("postgres_password"),
            change_port_with=self.ports.variable("postgres"),
            throwaway=self.throwaway,
        )

    def _embedded_nats(self) -> Nats | None:
        if self._given_nats:
            return None
        change = self.ports.variable("nats") + " and NATS_MONITOR_PORT"
        return Nats(
            self.data / "nats",
            self.ports.nats,
            self.ports.nats_monitor,
            self.credentials.nats(),
            change_port_with=change,
        )

    @property
    def base_url(self) -> str:
        """Where the gateway answers."""
        return f"http://127.0.0.1:{self.ports.gateway}"

    @property
    def admin_user(self) -> str:
        """Name of the first administrator."""
        return "quantri"

    @property
    def admin_password(self) -> str:
        """Password of the first administrator, as generated."""
        return self.credentials.read("admin_password")

    @property
    def admin_totp_secret(self) -> str:
        """Secret of the first administrator's one-time codes, as generated."""
        return self.credentials.read("admin_totp_secret")

    @property
    def admin_dsn(self) -> str:
        """Connection string of PostgreSQL's superuser."""
        return self.engine.admin_dsn

    def dsn(self, service: str, role: str = "app") -> str:
        """asyncpg's connection string of a service's database, as `app` or `owner`."""
        database = describe(
            self.engine.admin_dsn, service, service=service, passwords=self.credentials.database(service)
        )
        return database.app_dsn if role == "app" else database.owner_dsn

    def nats_url(self, user: str = "ops") -> str:
        """Connection string of a NATS user."""
        return self.engine.nats_for(user, password=self.credentials.nats()[user])

    def url(self, name: str) -> str:
        """Address of one service inside the machine, past the gateway."""
        return f"http://127.0.0.1:{self.ports.of(name)}"

    @property
    def pids(self) -> dict[str, int]:
        """Process id of every child that runs now, by name."""
        return self.supervisor.pids

    async def kill(self, name: str) -> None:
        """`kill -9` of one process; the supervisor starts it again (see `wait_ready`)."""
        await self.supervisor.kill(name)

    async def pause(self, name: str) -> None:
        """`kill -9` of one process, which stays dead until `resume`."""
        await self.supervisor.pause(name)

    async def resume(self, name: str) -> None:
        """Start a paused process again and wait until it is ready."""
        await self.supervisor.resume(name)

    async def wait_ready(self, name: str, *, patience: float = 60.0) -> None:
        """Wait until a process answers its probe again."""
        await self.supervisor.wait_ready(name, patience=patience)

    def environment(self, name: str) -> dict[str, str]:
        """Environment of one service or of the gateway, as its process gets it."""
        return of_service(
            name,
            ports=self.ports,
            credentials=self.credentials,
            engine=self.engine,
            data=self.data,
            extra=self.extra_env,
        )

    def command(self, name: str, *arguments: str) -> Command:
        """`python -m <name> <arguments>` in that environment."""
        # -P: the working folder is no place to import from.
        argv = [sys.executable, "-P", "-m", name, *arguments]
        return Command(argv, env=self.environment(name), cwd=self.data)


def all_parts(stack: Stack) -> list[Part]:
    """The list: name, command, what it needs, and how to tell that it is ready."""
    parts: list[Part] = [*engine_parts(stack)]
    migrations = tuple(f"migrate {service}" for service in paths.SERVICES)
    parts += [Step(f"migrate {service}", ("roles",), _migration(stack, service)) for service in paths.SERVICES]
    parts.append(web_process(stack, "registry", needs=(*migrations, "streams")))
    others = [service for service in paths.SERVICES if service != "registry"]
    parts += [web_process(stack, service, needs=("registry",)) for service in others]
    parts.append(web_process(stack, "gateway", needs=tuple(paths.SERVICES)))
    return parts


def engine_parts(stack: Stack) -> list[Part]:
    """PostgreSQL, NATS, roles and streams; an engine given from outside is only waited for."""
    parts: list[Part] = []
    if stack.postgres is not None:
        postgres = stack.postgres
        parts.append(
            Process("postgres", postgres.command(), postgres.is_ready, prepare=postgres.prepare, stop_patience=60)
        )
    else:
        parts.append(Step("postgres", (), _answer_of(stack)))
    if stack.nats is not None:
        nats = stack.nats

        async def prepare() -> None:
            nats.prepare()

        parts.append(Process("nats", nats.command(), nats.is_ready, prepare=prepare))

    async def roles() -> None:
        passwords = {service: stack.credentials.database(service) for service in paths.SERVICES}
        await ensure_databases(stack.engine.admin_dsn, paths.SERVICES, passwords)
        await tell_again(stack.data, stack.engine.admin_dsn)

    async def streams() -> None:
        await apply_url(stack.nats_url("ops"), paths.STREAMS)

    parts.append(Step("roles", ("postgres",), roles))
    parts.append(Step("streams", ("nats",) if stack.nats is not None else (), streams))
    return parts


def web_process(stack: Stack, name: str, *, needs: tuple[str, ...]) -> Process:
    """`python -m <name> serve`, ready when /readyz answers 200."""
    port = stack.ports.of(name)

    async def prepare() -> None:
        require_free_port(port, what=name, change_with=stack.ports.variable(name))

    return Process(name, stack.command(name, "serve"), http_ready(port, "/readyz"), needs=needs, prepare=prepare)


def _migration(stack: Stack, service: str) -> Action:
    async def run() -> None:
        await migrate(
            service,
            stack.command(service, "migrate"),
            admin_dsn=stack.engine.admin_dsn,
            stamps=make_folder(stack.data / "migrated"),
        )

    return run


def _answer_of(stack: Stack) -> Action:
    async def run() -> None:
        await wait_until(
            lambda: answers(stack.engine.admin_dsn),
            what="the PostgreSQL of DATABASE_URL",
            patience=30,
            pause=0.2,
        )

    return run
