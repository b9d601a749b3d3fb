"""Work calendar, legal instruments, deadline rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('holiday', 'off_in_lieu', 'working_saturday', 'ordinary')", name=op.f("ck_calendar_day_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_day")),
        sa.UniqueConstraint("date", name=op.f("uq_calendar_day_date")),
    )
    op.create_table(
        "calendar_year",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_year")),
        sa.UniqueConstraint("year", name=op.f("uq_calendar_year_year")),
    )
    op.create_table(
        "legal_instrument",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("confidence IN ('confirmed', 'unconfirmed')", name=op.f("ck_legal_instrument_confidence")),
        sa.CheckConstraint(
            "status IN ('in_force', 'amended', 'replaced', 'reference_only')", name=op.f("ck_legal_instrument_status")
        ),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["legal_instrument.id"], name=op.f("fk_legal_instrument_replaced_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_instrument")),
        sa.UniqueConstraint("code", name=op.f("uq_legal_instrument_code")),
    )
    op.create_table(
        "legal_provision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["legal_instrument.id"], name=op.f("fk_legal_provision_instrument_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_provision")),
        sa.UniqueConstraint(
            "instrument_id", "article", "clause", name=op.f("uq_legal_provision_instrument_id_article_clause")
        ),
    )
    op.create_table(
        "deadline_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("provision_id", sa.Uuid(), nullable=True),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("key"), "="),
            (sa.text("daterange(valid_from, valid_to, '[]')"), "&&"),
            using="gist",
            name="ex_deadline_rule_key_at_a_date",
        ),
        sa.CheckConstraint(
            "confidence IN ('confirmed', 'unconfirmed', 'no_legal_figure')", name=op.f("ck_deadline_rule_confidence")
        ),
        sa.CheckConstraint("direction IN ('after', 'before')", name=op.f("ck_deadline_rule_direction")),
        sa.CheckConstraint("unit IN ('working_days', 'calendar_days')", name=op.f("ck_deadline_rule_unit")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_deadline_rule_amount")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_deadline_rule_span")),
        sa.ForeignKeyConstraint(["provision_id"], ["legal_provision.id"], name=op.f("fk_deadline_rule_provision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_rule")),
        sa.UniqueConstraint("key", "rule_version", name=op.f("uq_deadline_rule_key_rule_version")),
    )
