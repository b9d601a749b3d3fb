"""Indexes that say by themselves whether a place's figures have changed: pages look there before they read figures."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KEY = ["indicator_id", "period_kind", "last_day"]
MARK = ["told", "computed_at"]


def upgrade() -> None:
    op.drop_index("ix_roll_up_of_organisation", "roll_up")
    op.drop_index("ix_roll_up_of_whole", "roll_up")
    op.create_index("ix_roll_up_of_organisation", "roll_up", ["organisation_id", *KEY], postgresql_include=MARK)
    whole = sa.text("organisation_id IS NULL")
    op.create_index("ix_roll_up_of_whole", "roll_up", KEY, postgresql_include=MARK, postgresql_where=whole)
