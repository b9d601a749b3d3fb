"""Tables of the mechanisms every service has."""

from alembic import op

from servicekit.migrations import create_mechanisms

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_mechanisms(op, "oversight")
