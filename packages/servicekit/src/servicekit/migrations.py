"""Schema migrations: each service's own scripts, run by its owner role, with the mechanisms' tables as the first.

`env.py` of a service is two lines: `from servicekit.migrations import run_environment` and the call with its metadata.
"""

import asyncio
from importlib.resources import files
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from servicekit import tables

LOCK_TIMEOUT = "5s"
_REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501'; END $$;
"""


def config(package: str, url: str) -> Config:
    """Return the Alembic configuration of a service's packaged migrations."""
    settings = Config()
    settings.set_main_option("script_location", str(files(package) / "migrations"))
    settings.attributes["url"] = url
    return settings


def upgrade(package: str, url: str) -> None:
    """Bring the database at `url` (owner role) to the newest schema."""
    command.upgrade(config(package, url), "head")


def check_drift(package: str, url: str) -> list[str]:
    """Return how the tables in code differ from the migrated database; empty when they agree."""
    try:
        command.check(config(package, url))
    except CommandError as error:
        return [str(error)]
    return []


def run_environment(metadata: MetaData) -> None:
    """Body of every service's `env.py`."""
    url = context.config.attributes["url"]
    asyncio.run(_run(url, [tables.metadata, metadata]))


async def _run(url: str, metadata: list[MetaData]) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata)
        await connection.commit()
    await engine.dispose()


def _migrate(connection: Connection, metadata: list[MetaData]) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    # The owner sees no row of a protected table: a script that changes rows must fail, not find nothing to do.
    connection.execute(text("SET row_security = off"))
    connection.execute(text("SELECT pg_advisory_lock(hashtext('migrations'))"))
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


def create_mechanisms(op: Any, service: str) -> None:
    """First migration of every service: outbox, inbox, audit and the rest, with the audit held append-only.

    `service` is the app role, which loses UPDATE, DELETE and TRUNCATE on the audit; a trigger refuses the owner too.
    """
    connection = op.get_bind()
    tables.metadata.create_all(connection)
    op.execute(_REFUSE_CHANGE)
    for name in ("audit_entry", "audit_seal"):
        hold_append_only(op, service, name)


def create_recounting(op: Any, service: str) -> None:
    """Create the tables of `servicekit.recount`; what a deadline was before can be neither changed nor deleted."""
    tables.recounting.create_all(op.get_bind())
    hold_append_only(op, service, "deadline_change")


def hold_append_only(op: Any, service: str, table: str) -> None:
    """Take UPDATE, DELETE and TRUNCATE of a table from the app role, and refuse them to the owner by a trigger."""
    op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM "{service}"')
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
