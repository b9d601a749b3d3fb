"""The rule by which disputes over figures are answered, also where the house stands already."""

import json
from types import SimpleNamespace
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import insert

from registry.publish import changed
from registry.seeds import law

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = "IND.DISPUTE_ANSWER"
_TELL = sa.text(
    "INSERT INTO outbox (id, type, subject, sequence, time, visible_at, data)"
    " VALUES (:id, :type, :subject, :sequence, now(), now(), CAST(:data AS jsonb))"
)


def upgrade() -> None:
    """Add the rule and tell it, for others have read the snapshot long ago; a new house has it from its seed."""
    connection = op.get_bind()
    table = sa.Table("deadline_rule", sa.MetaData(), autoload_with=connection, resolve_fks=False)
    [row] = [rule for rule in law.deadline_rules() if rule["key"] == KEY]
    if connection.execute(sa.select(table.c.id).where(table.c.key == KEY)).first() is not None:
        return
    connection.execute(insert(table), row)
    event = changed("deadline_rule", SimpleNamespace(**row, version=1))
    connection.execute(
        _TELL,
        {
            "id": uuid4(),
            "type": event.type,
            "subject": event.subject,
            "sequence": event.sequence,
            "data": json.dumps(event.data, ensure_ascii=False),
        },
    )
