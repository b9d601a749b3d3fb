"""Row-level security in migrations: who may see and change which rows, as policies of PostgreSQL itself.

    open_house(op, "feedback")                       once in a database: the house's rights, the mechanisms' tables
    protect(op, "feedback", "submission", see=…)     rows only for those the conditions name
    facts(op, "feedback", "reference")               rows for anybody to read, for the house to write

Conditions ask the settings of the transaction (servicekit.row_scope) through `app_ids(group)` and `app_secret(name)`,
which are NULL when nothing was set, and after a transaction that had set something has ended.
"""

from typing import Any

from servicekit.row_scope import HOUSE_SUFFIX

MECHANISMS = (
    "outbox",
    "inbox",
    "inbox_progress",
    "dead_letter",
    "audit_entry",
    "audit_unsealed",
    "audit_seal",
    "idempotency_key",
)
"""Tables no request reads, but for its own idempotency key."""
_ADDED_BY_REQUESTS = ("outbox", "audit_entry", "audit_unsealed")
_FUNCTIONS = """
CREATE FUNCTION app_ids(name text) RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN CAST(NULLIF(current_setting('app.' || name, true), '') AS uuid[]);
CREATE FUNCTION app_secret(name text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
  RETURN decode(NULLIF(current_setting('app.' || name, true), ''), 'hex')
"""


def open_house(op: Any, service: str, *, keeps_copies: bool = True) -> None:
    """Give the house its rights in a database, take the mechanisms' tables from requests, make the functions.

    The house's role is made by deploy/postgres/roles.sql, as all roles are.
    """
    house = service + HOUSE_SUFFIX
    for statement in _FUNCTIONS.split(";\n"):
        op.execute(statement)
    op.execute(f'GRANT USAGE ON SCHEMA public TO "{house}"')
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{house}"')
    op.execute(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{house}"')
    for name in ("audit_entry", "audit_seal"):
        op.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON {name} FROM "{house}"')
    for name in MECHANISMS:
        if name != "idempotency_key":
            op.execute(f'REVOKE ALL ON {name} FROM "{service}"')
    for name in _ADDED_BY_REQUESTS:
        op.execute(f'GRANT INSERT ON {name} TO "{service}"')
    own = "key_hash = (SELECT app_secret('idempotency_key'))"
    protect(op, service, "idempotency_key", see=own, add="true", change=own)
    if keeps_copies:
        for name in ("reference", "reference_source"):
            facts(op, service, name)


def facts(op: Any, service: str, table: str) -> None:
    """Let anybody read a table that only the house writes."""
    op.execute(f'REVOKE INSERT, UPDATE, DELETE ON {table} FROM "{service}"')


def protect(
    op: Any,
    service: str,
    table: str,
    *,
    see: str,
    add: str | None = None,
    change: str | None = None,
    remove: str | None = None,
) -> None:
    """Show rows of a table only where `see` holds; the house sees and changes all of them.

    Requests may add rows for which `add` holds, change those for which `change` held before and `see` holds after, and
    remove those for which `remove` holds; what is None they may not do at all. Even the table's owner is held to this.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f'CREATE POLICY house ON {table} TO "{service}{HOUSE_SUFFIX}" USING (true) WITH CHECK (true)')
    op.execute(f'CREATE POLICY see ON {table} FOR SELECT TO "{service}" USING ({see})')
    if add is not None:
        op.execute(f'CREATE POLICY add ON {table} FOR INSERT TO "{service}" WITH CHECK ({add})')
    if change is not None:
        op.execute(f'CREATE POLICY change ON {table} FOR UPDATE TO "{service}" USING ({change}) WITH CHECK ({see})')
    if remove is not None:
        op.execute(f'CREATE POLICY remove ON {table} FOR DELETE TO "{service}" USING ({remove})')
    kept = {"INSERT": add, "UPDATE": change, "DELETE": remove}
    taken = [right for right, condition in kept.items() if condition is None]
    if taken:
        op.execute(f'REVOKE {", ".join(taken)} ON {table} FROM "{service}"')


def within(column: str, group: str) -> str:
    """Return the condition that the organisation in a column is one at which a role of the group counts.

    The same that `servicekit.reference.within` says. As EXISTS, because PostgreSQL then chooses: one look into the
    copy a row, or once all of the subtree, hashed.
    """
    return (
        f"EXISTS (SELECT FROM reference place WHERE place.kind = 'organisation' AND place.id = {column}"
        f" AND place.path && (SELECT app_ids('{group}')))"
    )


def run_as_house(op: Any, service: str, function: str) -> None:
    """Let a function see every row, for what it tells is less than the rows: `function` is its name with types."""
    house = service + HOUSE_SUFFIX
    op.execute(f'GRANT CREATE ON SCHEMA public TO "{house}"')
    op.execute(f"ALTER FUNCTION {function} SECURITY DEFINER")
    op.execute(f"ALTER FUNCTION {function} SET search_path = public, pg_temp")
    op.execute(f'ALTER FUNCTION {function} OWNER TO "{house}"')
    op.execute(f'REVOKE CREATE ON SCHEMA public FROM "{house}"')
