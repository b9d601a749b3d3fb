"""Roles and databases of the services, with the same SQL that production uses (deploy/postgres)."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from devstack import paths


@dataclass(frozen=True)
class Passwords:
    """Passwords of one service's two roles: `<service>_owner` and `<service>`."""

    owner: str
    app: str


@dataclass(frozen=True)
class Database:
    """Connection strings of one database: `dsn` for asyncpg, `url` for SQLAlchemy, each for both roles."""

    name: str
    owner_dsn: str
    app_dsn: str
    admin_dsn: str

    @property
    def owner_url(self) -> str:
        """SQLAlchemy URL of the owner (migrations)."""
        return sqlalchemy_url(self.owner_dsn)

    @property
    def app_url(self) -> str:
        """SQLAlchemy URL of the app role (no DDL)."""
        return sqlalchemy_url(self.app_dsn)


def sqlalchemy_url(dsn: str) -> str:
    """`postgresql://…` as SQLAlchemy wants it for asyncpg."""
    return "postgresql+asyncpg://" + dsn.split("://", 1)[1]


def with_user(dsn: str, *, user: str, password: str, database: str) -> str:
    """`dsn` with the same server and options, but another user, password and database."""
    parts = urlsplit(dsn)
    server = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{quote(user)}:{quote(password, safe='')}@{server}", path=f"/{database}"))


def with_database(dsn: str, database: str) -> str:
    """`dsn` for another database of the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


async def ensure_databases(
    admin_url: str, services: Iterable[str], passwords: Mapping[str, Passwords]
) -> dict[str, Database]:
    """Make the roles and the database of every service, or bring them up to date; can be run at every start."""
    names = list(services)
    for name in names:
        await ensure_roles(admin_url, name, passwords[name])
    made = await asyncio.gather(*(ensure_database(admin_url, name, service=name) for name in names))
    return {
        name: describe(admin_url, name, service=name, passwords=passwords[name])
        for name, _ in zip(names, made, strict=True)
    }


def describe(admin_url: str, name: str, *, service: str, passwords: Passwords) -> Database:
    """Connection strings of database `name`, used with the roles of `service`."""
    return Database(
        name=name,
        owner_dsn=with_user(admin_url, user=f"{service}_owner", password=passwords.owner, database=name),
        app_dsn=with_user(admin_url, user=service, password=passwords.app, database=name),
        admin_dsn=with_database(admin_url, name),
    )


async def ensure_roles(admin_url: str, service: str, passwords: Passwords) -> None:
    """Make the owner and app roles of `service` and set their passwords and time limits."""
    connection = await asyncpg.connect(admin_url)
    try:
        # As settings of the session and not as text: neither a log line nor an error repeats a password.
        await connection.fetch(
            "SELECT set_config('nhipcau.service', $1, false), set_config('nhipcau.owner_password', $2, false),"
            " set_config('nhipcau.app_password', $3, false)",
            service,
            passwords.owner,
            passwords.app,
        )
        await connection.execute(paths.ROLES_SQL.read_text())
    finally:
        await connection.close()


async def ensure_database(admin_url: str, name: str, *, service: str, template: str = "template1") -> None:
    """Make database `name` owned by `<service>_owner` (a copy of `template`), with rights and extensions."""
    connection = await asyncpg.connect(admin_url)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            quoted = [
                await connection.fetchval("SELECT quote_ident($1)", x) for x in (name, f"{service}_owner", template)
            ]
            await connection.execute("CREATE DATABASE {} OWNER {} TEMPLATE {}".format(*quoted))
    finally:
        await connection.close()
    connection = await asyncpg.connect(with_database(admin_url, name))
    try:
        await connection.fetch("SELECT set_config('nhipcau.service', $1, false)", service)
        await connection.execute(paths.DATABASE_SQL.read_text())
    finally:
        await connection.close()


async def drop_database(admin_url: str, name: str) -> None:
    """Delete database `name` and throw out who is still in it; nothing happens when there is none."""
    connection = await asyncpg.connect(admin_url)
    try:
        quoted = await connection.fetchval("SELECT quote_ident($1)", name)
        await connection.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
    finally:
        await connection.close()
