"""A copy of everything that cannot be made again, and the way back.

    <backup>/postgres/     pg_basebackup: the whole cluster at one instant, so the services agree with each other
    <backup>/files.tar.gz  uploaded files, copied after the databases: every file a row names is there
    <backup>/secrets.tar   only when asked for; without the secrets the encrypted columns cannot be read
    <backup>/backup.json   when, what, how much, and fingerprints of the secrets that belong to it

NATS is left out: it is a courier. After a restore it starts empty and the outboxes (14 days) tell everything again;
consumers drop what they already had. The services keep working while a backup is taken.
"""

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

from devstack import paths
from devstack.credentials import Credentials
from devstack.databases import with_database
from devstack.folder import FolderLock, make_folder
from devstack.postgres import Postgres
from devstack.processes import Command, StackError, run_to_end

FORMAT = 1
RESTORED = "restored"
"""Name of the file in the data folder that tells the next start to publish the outboxes again."""

NEEDED_TO_READ = tuple(f"{service}_{kind}" for service in paths.SERVICES for kind in ("keyring", "index_key"))
"""Secrets without which rows of the backup cannot be read or found."""

Report = Callable[[str], None]


async def take(target: Path, *, data: Path, admin_dsn: str, with_secrets: bool, report: Report) -> Path:
    """Write a new backup below `target` (an absolute path) and verify it; its folder. StackError when a step fails."""
    credentials = Credentials(data / "secrets")
    postgres = _programs(data)
    now = datetime.now(UTC)
    final = target / f"nhipcau-{now:%Y%m%dT%H%M%SZ}"
    partial = final.with_name(final.name + ".partial")
    make_folder(target)
    partial.mkdir(mode=0o700)
    try:
        report("copying the databases (pg_basebackup)")
        await run_to_end(_base_backup(postgres, partial / "postgres", admin_dsn), what="pg_basebackup")
        report("verifying the copy (pg_verifybackup)")
        await _verify(postgres, partial / "postgres", packed=True)
        report("copying the uploaded files")
        count = _pack_files(data / "files", partial / "files.tar.gz")
        if with_secrets:
            _pack_secrets(credentials, partial / "secrets.tar")
        facts = {
            "format": FORMAT,
            "taken_at": now.isoformat(timespec="seconds"),
            "files": count,
            "with_secrets": with_secrets,
            "secrets": fingerprints(credentials),
            "cluster": await _cluster(admin_dsn),
        }
        (partial / "backup.json").write_text(json.dumps(facts, indent=1))
        _to_disk(partial)
        partial.rename(final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return final


async def restore(backup: Path, *, data: Path, postgres: Postgres, replace: bool, report: Report) -> None:
    """Make the stopped stack in `data` what it was when `backup` was taken.

    What is there already is moved aside when `replace`, never deleted; otherwise StackError. The databases are
    verified byte for byte before they take their place.
    """
    facts = read_facts(backup)
    make_folder(data)
    with FolderLock(data):
        postgres.refuse_running()
        if postgres.data.exists() and not replace:
            raise StackError(f"there are databases in {postgres.data}; with --replace they are moved aside")
        secrets = _restored_secrets(backup, data, facts)
        half_made = postgres.folder / "half-restored"
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(parents=True, mode=0o700)
        report("unpacking the databases")
        _unpack(backup / "postgres" / "base.tar.gz", half_made)
        _unpack(backup / "postgres" / "pg_wal.tar.gz", half_made / "pg_wal")
        shutil.copy(backup / "postgres" / "backup_manifest", half_made / "backup_manifest")
        report("verifying the databases (pg_verifybackup)")
        await _verify(postgres, half_made, packed=False)
        (half_made / "backup_manifest").unlink()
        postgres.give_all()
        aside = f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        for old in (postgres.data, data / "nats", data / "files", data / "migrated"):
            if old.exists():
                old.rename(old.with_name(f"{old.name}-{aside}"))
                report(f"moved aside: {old.name}-{aside}")
        half_made.rename(postgres.data)
        report("unpacking the uploaded files")
        (data / "files").mkdir(mode=0o700)
        _unpack(backup / "files.tar.gz", data / "files")
        if secrets is not None:
            report("putting the secrets in place")
            _unpack(secrets, make_folder(data / "secrets"))
        (data / RESTORED).write_text(facts["taken_at"])
    report(f"restored to {facts['taken_at']}; start it with ./nhipcau up, and the events of 14 days are told again")


def read_facts(backup: Path) -> dict[str, Any]:
    """`backup.json`; StackError when this is no backup that we can read."""
    try:
        facts: dict[str, Any] = json.loads((backup / "backup.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise StackError(f"{backup} is no finished backup: it has no backup.json") from None
    if facts["format"] != FORMAT:
        raise StackError(f"{backup} has format {facts['format']}; this version reads {FORMAT}")
    return facts


async def tell_again(data: Path, admin_dsn: str) -> bool:
    """After a restore, mark every kept outbox row as unpublished; False when nothing was restored.

    The restored databases believe their events were delivered, but the courier is empty and a consumer may have been
    behind. Publishing twice is harmless: the inboxes know what they had.
    """
    marker = data / RESTORED
    if not marker.exists():
        return False
    for service in paths.SERVICES:
        connection = await asyncpg.connect(with_database(admin_dsn, service))
        try:
            if await connection.fetchval("SELECT to_regclass('public.outbox') IS NOT NULL"):
                await connection.execute("UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL")
        finally:
            await connection.close()
    marker.unlink()
    return True


def fingerprints(credentials: Credentials) -> dict[str, str]:
    """SHA-256 of each secret the backup's rows need, to tell later whether the right ones are in place."""
    return {name: hashlib.sha256(credentials.read(name).encode()).hexdigest() for name in NEEDED_TO_READ}


def _restored_secrets(backup: Path, data: Path, facts: dict[str, Any]) -> Path | None:
    if facts["with_secrets"]:
        return backup / "secrets.tar"
    if not (data / "secrets").is_dir():
        raise StackError(f"the backup holds no secrets: first put the folder secrets that belongs to it into {data}")
    found = fingerprints(Credentials(data / "secrets"))
    wrong = sorted(name for name, digest in facts["secrets"].items() if found[name] != digest)
    if wrong:
        raise StackError(
            f"the secrets in {data / 'secrets'} are not those of the backup ({', '.join(wrong)}): its encrypted "
            "columns could not be read. Put the right ones in place first."
        )
    return None


def _programs(data: Path) -> Postgres:
    return Postgres(data / "postgres", 0, "")


def _base_backup(postgres: Postgres, target: Path, admin_dsn: str) -> Command:
    parts = urlsplit(admin_dsn)
    argv = [postgres.program("pg_basebackup"), "-D", str(target), "--format=tar", "--gzip", "--checkpoint=fast"]
    argv += ["--wal-method=stream", "--manifest-checksums=SHA256", "--no-password", "-h", parts.hostname or "127.0.0.1"]
    argv += ["-p", str(parts.port or 5432), "-U", unquote(parts.username or "postgres")]
    # The password goes by environment: a command line can be read by everybody on the machine.
    return Command(argv, env=postgres.environment() | {"PGPASSWORD": unquote(parts.password or "")})


async def _verify(postgres: Postgres, folder: Path, *, packed: bool) -> None:
    argv = [postgres.program("pg_verifybackup"), "--quiet"]
    # The log inside a tar cannot be parsed; it is when the backup is unpacked for a restore.
    argv += ["--format=tar", "--no-parse-wal"] if packed else []
    await run_to_end(Command([*argv, str(folder)], env=postgres.environment()), what="pg_verifybackup")


def _pack_files(folder: Path, target: Path) -> int:
    count = 0
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if file.is_file():
                archive.add(file, arcname=str(file.relative_to(folder)))
                count += 1
    return count


def _pack_secrets(credentials: Credentials, target: Path) -> None:
    target.touch(mode=0o600)
    with tarfile.open(target, "w") as archive:
        for file in sorted(credentials.folder.iterdir()):
            archive.add(file, arcname=file.name)


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")  # refuses paths that leave the folder


async def _cluster(admin_dsn: str) -> dict[str, str]:
    connection = await asyncpg.connect(admin_dsn)
    try:
        row = await connection.fetchrow(
            "SELECT system_identifier::text AS identifier, current_setting('server_version') AS version,"
            " pg_current_wal_lsn()::text AS position FROM pg_control_system()"
        )
    finally:
        await connection.close()
    assert row is not None
    return dict(row)


def _to_disk(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
