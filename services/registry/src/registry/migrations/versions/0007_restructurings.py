"""Shares between bodies, the rules of possible histories in the database, and the rest of the 2025 restructuring.

Where the house already runs (it has accounts), its other services hold copies of the bodies: what changes gets a new
version and an event. A new house tells nothing: consumers take the snapshot from GET /reference.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import insert

from registry.domain.organisation_kinds import FRONT_COMMITTEE, SOCIOPOLITICAL
from registry.migrations import history_rules
from registry.seeds import restructuring_2025
from registry.seeds.territory import AFTER

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CONFIDENCE = "confidence IN ('confirmed', 'inferred', 'unconfirmed')"
_SPAN = "daterange(valid_from, valid_to, '[]')"
_MOVE = """
UPDATE organisation o
   SET parent_id = f.id, path = f.path || o.id, source = o.source || '; ' || :basis
  FROM organisation f
 WHERE o.kind = ANY(:kinds) AND o.valid_from >= :day AND o.parent_id IS DISTINCT FROM f.id
   AND f.kind = :front AND f.unit_id = o.unit_id AND f.valid_from = o.valid_from
RETURNING o.id"""
_FOLLOW = """
UPDATE organisation o SET path = p.path || o.id
  FROM organisation p WHERE p.id = o.parent_id AND o.path <> p.path || o.id
RETURNING o.id"""
_NAME_BOTH = """
UPDATE organisation_succession s SET legal_basis = s.legal_basis || '; ' || :basis
  FROM organisation o WHERE o.id = s.successor_id AND o.kind = ANY(:kinds) AND s.happened_on = :day"""
_BEGIN = "UPDATE organisation SET valid_from = :day, source = :source WHERE id = ANY(:boards) AND valid_from < :day"
_TELL = """
INSERT INTO outbox (id, type, subject, sequence, time, visible_at, data)
SELECT gen_random_uuid(), 'registry.organisation.changed.v1', o.id, o.version, now(), now(),
       jsonb_build_object('kind', o.kind, 'name', o.name, 'level', o.level, 'unit_id', o.unit_id, 'unit_code', u.code,
                          'parent_id', o.parent_id, 'path', o.path, 'valid_from', o.valid_from, 'valid_to', o.valid_to)
  FROM organisation o JOIN unit u ON u.id = o.unit_id WHERE o.id = ANY(:ids)"""


def upgrade() -> None:
    _columns()
    _constraints()
    boards = restructuring_2025.merged_boards()
    changed = set(boards) | _inside_the_front()
    _run(_BEGIN, boards=boards, day=restructuring_2025.PARTY_CHANGE, source=restructuring_2025.RECALLED)
    added = list(restructuring_2025.organisations())
    _fill("organisation", added)
    _fill("organisation_succession", restructuring_2025.organisation_successions())
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT 1 FROM account)")):
        _run("UPDATE organisation SET version = version + 1 WHERE id = ANY(:ids)", ids=list(changed))
        _run(_TELL, ids=[*changed, *(row["id"] for row in added)])
    for statement in history_rules.statements():
        op.execute(statement)


def _columns() -> None:
    for table in ("unit", "organisation"):
        op.add_column(table, sa.Column("ended_by", sa.Text(), nullable=True))
    op.add_column("organisation_succession", sa.Column("ratio", sa.Numeric(precision=9, scale=8), nullable=True))
    op.add_column("organisation_succession", sa.Column("ratio_source", sa.Text(), nullable=True))
    op.create_index("ix_organisation_parent_id", "organisation", ["parent_id"], unique=False)


def _constraints() -> None:
    for table, part in (
        ("unit_succession", "share IN ('part', 'remainder')"),
        ("organisation_succession", "kind = 'SPLIT'"),
    ):
        _check(table, "ratio_range", "ratio IS NULL OR (ratio > 0 AND ratio <= 1)")
        _check(table, "ratio_of_a_part", f"ratio IS NULL OR {part}")
        _check(table, "confidence", _CONFIDENCE)
        _check(table, "not_itself", "predecessor_id <> successor_id")
    _check("organisation_succession", "ratio_with_source", "(ratio IS NULL) = (ratio_source IS NULL)")
    op.execute(
        "ALTER TABLE unit ADD CONSTRAINT ex_unit_name_under_a_parent"
        f" EXCLUDE USING gist (parent_id WITH =, name WITH =, {_SPAN} WITH &&)"
    )
    op.execute(
        "ALTER TABLE organisation ADD CONSTRAINT ex_organisation_department_under_a_parent"
        f" EXCLUDE USING gist (parent_id WITH =, plain_name WITH =, {_SPAN} WITH &&) WHERE (kind = 'department')"
    )


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _inside_the_front() -> set[UUID]:
    """Put the five under the Front committee of their unit; return every body whose path changed."""
    given = {
        "basis": restructuring_2025.INSIDE_THE_FRONT,
        "kinds": list(SOCIOPOLITICAL),
        "day": AFTER[0],
        "front": FRONT_COMMITTEE,
    }
    changed = {row.id for row in _run(_MOVE, **given)}
    while followed := {row.id for row in _run(_FOLLOW)}:
        changed |= followed
    given.pop("front")
    _run(_NAME_BOTH, **given)
    return changed


def _run(statement: str, **values: Any) -> Any:
    return op.get_bind().execute(sa.text(statement), values)


def _fill(name: str, rows: Iterable[dict[str, Any]]) -> None:
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
    connection.execute(insert(table).on_conflict_do_nothing(), list(rows))
