"""Successions get an id and a version: their shares can be entered later, and other services follow them.

Nothing is told of those already stored: no service has a copy of this kind, and each takes the snapshot first.
"""

import sqlalchemy as sa
from alembic import op

from registry.domain import ids

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_PAIRS = "SELECT predecessor_id, successor_id FROM {0}"
_FILL = """
UPDATE {0} s SET id = given.id
  FROM unnest(CAST(:ids AS uuid[]), CAST(:before AS uuid[]), CAST(:after AS uuid[])) AS given (id, before, after)
 WHERE s.predecessor_id = given.before AND s.successor_id = given.after"""


def upgrade() -> None:
    for table in ("unit_succession", "organisation_succession"):
        # Of the two triggers only the history's would fire, on rows it has seen: what they say does not change.
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        op.add_column(table, sa.Column("id", sa.Uuid()))
        op.add_column(table, sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
        _fill(table)
        op.alter_column(table, "id", nullable=False)
        op.create_unique_constraint(op.f(f"uq_{table}_id"), table, ["id"])
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    op.add_column(
        "organisation_succession", sa.Column("inherited", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_organisation_succession_inherits_a_ratio"),
        "organisation_succession",
        "ratio IS NOT NULL OR NOT inherited",
    )


def _fill(table: str) -> None:
    connection = op.get_bind()
    pairs = [(row.predecessor_id, row.successor_id) for row in connection.execute(sa.text(_PAIRS.format(table)))]
    connection.execute(
        sa.text(_FILL.format(table)),
        {
            "ids": [ids.succession_id(before, after) for before, after in pairs],
            "before": [before for before, _ in pairs],
            "after": [after for _, after in pairs],
        },
    )
