"""Tables of the mechanisms: outbox, inbox, audit and the rest."""

from alembic import op

from servicekit.migrations import create_mechanisms

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_mechanisms(op, "targets")
