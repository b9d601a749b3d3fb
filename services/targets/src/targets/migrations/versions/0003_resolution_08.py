"""Resolution 08-NQ/TU: TGT-01, TGT-02, TGT-03 and GEN-04, with the text's words and what it leaves open."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from targets.seeds.resolution import indicator_rows, read_seeds, target_rows

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = UUID(as_uuid=True)


def upgrade() -> None:
    seeds = read_seeds("resolution_08.toml")
    op.bulk_insert(_indicator(), indicator_rows(seeds))
    op.bulk_insert(_target_version(), target_rows(seeds))


def _indicator() -> sa.TableClause:
    texts = (
        "code", "name_vi", "name_en", "instrument", "clause", "quote", "kind", "unit", "direction", "numerator_vi",
        "numerator_en", "denominator_vi", "denominator_en", "responsible_vi", "source", "period_kind",
        "reporter_level",
    )  # fmt: skip
    return sa.table(
        "indicator",
        sa.column("id", _ID),
        *(sa.column(name, sa.Text) for name in texts),
        sa.column("issued_on", sa.Date),
        sa.column("whole_numbers", sa.Boolean),
        sa.column("reporter_kinds", ARRAY(sa.Text)),
        sa.column("categories", ARRAY(sa.Text)),
        sa.column("open_questions", JSONB),
    )


def _target_version() -> sa.TableClause:
    texts = ("comparator", "aggregation_scope", "counting_method", "decision")
    dates = ("valid_from", "valid_to", "decided_on")
    return sa.table(
        "target_version",
        sa.column("id", _ID),
        sa.column("indicator_id", _ID),
        sa.column("number", sa.Integer),
        *(sa.column(name, sa.Text) for name in texts),
        *(sa.column(name, sa.Date) for name in dates),
        sa.column("value", sa.Numeric(28, 10)),
        sa.column("minimum_coverage", sa.Numeric(28, 10)),
    )
