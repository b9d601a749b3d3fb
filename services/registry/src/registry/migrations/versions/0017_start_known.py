"""The facts of organisations tell `start_known`: who stood before the day from which they are recorded.

Where the house already runs (it has accounts), its other services hold copies without it: what has no known start gets
a new version and an event. A new house tells nothing: consumers take the snapshot from GET /reference.
"""

import json
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from registry.publish import organisation_changed

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SERVICE = "registry"
# What took something over began when that was handed over, however sure the day is; `source` and the succession say so.
_BEGAN_THEN = """
UPDATE organisation o SET start_known = true
 WHERE NOT o.start_known AND EXISTS (
       SELECT FROM organisation_succession s WHERE s.successor_id = o.id AND s.happened_on = o.valid_from)"""
_RAISE = """
UPDATE organisation o SET version = o.version + 1
  FROM unit u WHERE u.id = o.unit_id AND NOT o.start_known
RETURNING o.*, u.code AS unit_code"""
_TELL = sa.text(
    "INSERT INTO outbox (id, type, subject, sequence, time, visible_at, data)"
    " VALUES (:id, :type, :subject, :sequence, now(), now(), CAST(:data AS jsonb))"
)


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(sa.text(_BEGAN_THEN))
    if not _runs_already(connection):
        return
    raised = connection.execute(sa.text(_RAISE)).all()
    if raised:
        connection.execute(_TELL, [_told(row) for row in raised])


def _runs_already(connection: sa.Connection) -> bool:
    """Say whether there are accounts: even the tables' owner sees none of them, only the house does."""
    op.execute(f'SET LOCAL ROLE "{SERVICE}_house"')
    op.execute("SET LOCAL row_security = on")
    found = connection.scalar(sa.text("SELECT EXISTS (SELECT FROM account)"))
    op.execute("RESET ROLE")
    op.execute("SET LOCAL row_security = off")
    return bool(found)


def _told(row: Any) -> dict[str, Any]:
    event = organisation_changed(row, row.unit_code)
    return {
        "id": uuid4(),
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "data": json.dumps(event.data, ensure_ascii=False),
    }
