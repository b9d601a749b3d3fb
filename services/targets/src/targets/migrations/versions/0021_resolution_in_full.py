"""Resolution 08-NQ/TU in full, as data: every target, goal, task and duty; parts, terms of congress, history."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.dialects.postgresql import insert as upsert

from servicekit.row_security import protect
from targets.domain.resolution_checks import check_document
from targets.domain.resolution_rows import Rows, rows_of
from targets.seeds.resolution import read_document, read_terms, read_text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SERVICE = "targets"
EXACT = sa.Numeric(28, 10)
ID = UUID(as_uuid=True)
INSTANT = sa.DateTime(timezone=True)
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
# What of an indicator a request may change: its description, its answers, how often it is reported; never what it is.
CHANGED = (
    "definition_vi, definition_en, numerator_vi, numerator_en, denominator_vi, denominator_en, data_source_vi,"
    " data_source_en, editor_note_vi, editor_note_en, responsible_now_vi, responsible_confidence, reporting_kinds,"
    " period_kind, open_questions, version"
)
# A version of a target ends once, when the next begins; nothing else of it ever changes.
VERSIONS_STAY = """
CREATE FUNCTION keep_target_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.valid_to IS NULL AND NEW.valid_to IS NOT NULL
     AND to_jsonb(OLD) - 'valid_to' = to_jsonb(NEW) - 'valid_to' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a target version is never edited or deleted' USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


def upgrade() -> None:
    _columns()
    _tables()
    _load()
    _rights()


def _columns() -> None:
    columns: tuple[tuple[str, sa.Column[Any]], ...] = (
        ("resolution", sa.Column("end_decision", sa.Text)),
        ("resolution", sa.Column("end_decided_on", sa.Date)),
        ("resolution", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1"))),
        ("indicator", sa.Column("parent_id", ID, sa.ForeignKey("indicator.id", name=op.f("fk_indicator_parent_id")))),
        ("indicator", sa.Column("data_source_vi", sa.Text)),
        ("indicator", sa.Column("data_source_en", sa.Text)),
        ("indicator", sa.Column("responsible_confidence", sa.Text, nullable=False, server_default="unconfirmed")),
        ("indicator", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1"))),
    )
    for table, column in columns:
        op.add_column(table, column)
    op.create_check_constraint(
        op.f("ck_indicator_responsible_confidence"), "indicator", "responsible_confidence IN ('seen', 'unconfirmed')"
    )


def _tables() -> None:
    op.create_table(
        "resolution_part",
        sa.Column(
            "resolution_id",
            ID,
            sa.ForeignKey("resolution.id", name=op.f("fk_resolution_part_resolution_id")),
            nullable=False,
        ),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("heading", sa.Text),
        sa.Column("note_vi", sa.Text),
        sa.Column("note_en", sa.Text),
        sa.PrimaryKeyConstraint("resolution_id", "path", name=op.f("pk_resolution_part")),
    )
    op.create_table(
        "indicator_change",
        sa.Column(
            "indicator_id",
            ID,
            sa.ForeignKey("indicator.id", name=op.f("fk_indicator_change_indicator_id")),
            nullable=False,
        ),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("values_before", JSONB, nullable=False),
        sa.Column("values_after", JSONB, nullable=False),
        sa.Column("decision", sa.Text),
        sa.Column("decided_on", sa.Date),
        sa.PrimaryKeyConstraint("indicator_id", "version", name=op.f("pk_indicator_change")),
    )
    op.create_table(
        "congress_term",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name_vi", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("confidence", sa.Text, nullable=False),
        sa.Column("note_vi", sa.Text),
        sa.Column("note_en", sa.Text),
        sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.CheckConstraint("confidence IN ('confirmed', 'unconfirmed')", name=op.f("ck_congress_term_confidence")),
        sa.CheckConstraint("last_day > first_day", name=op.f("ck_congress_term_days")),
        sa.CheckConstraint("code ~ '^[0-9]{4}T[0-9]{4}$'", name=op.f("ck_congress_term_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_congress_term")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON indicator_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _load() -> None:
    """Bring the resolution in: the four indicators of before are completed, the others are added."""
    document = read_document()
    problems = check_document(document, taken=(), text=read_text())
    if problems:
        raise ValueError(problems)
    rows = rows_of(document)
    _indicators(rows)
    op.bulk_insert(_part(), rows.parts)
    connection = op.get_bind()
    connection.execute(upsert(_target_version()).on_conflict_do_nothing(index_elements=["id"]), rows.targets)
    op.bulk_insert(_term(), [{"note_vi": None, "note_en": None, **term} for term in read_terms()])


def _indicators(rows: Rows) -> None:
    table = _indicator()
    kept = ("id", "code", "resolution_id", "instrument", "issued_on")
    statement = upsert(table)
    statement = statement.on_conflict_do_update(
        index_elements=["code"],
        set_={column.name: statement.excluded[column.name] for column in table.c if column.name not in kept},
    )
    op.get_bind().execute(statement, rows.indicators)


def _rights() -> None:
    op.execute(VERSIONS_STAY)
    op.execute(
        "CREATE TRIGGER versions_stay BEFORE UPDATE OR DELETE ON target_version "
        "FOR EACH ROW EXECUTE FUNCTION keep_target_version()"
    )
    for table in ("resolution", "indicator", "target_version", "resolution_part", "indicator_change"):
        op.execute(f'GRANT INSERT ON {table} TO "{SERVICE}"')
    op.execute(f'GRANT UPDATE ({CHANGED}) ON indicator TO "{SERVICE}"')
    op.execute(f'GRANT UPDATE (valid_to) ON target_version TO "{SERVICE}"')
    op.execute(f'GRANT UPDATE (valid_to, end_decision, end_decided_on, version) ON resolution TO "{SERVICE}"')
    for table, change in (
        ("resolution", ON_THE_BOARD),
        ("resolution_part", None),
        ("indicator_change", None),
        ("indicator", ON_THE_BOARD),
        ("target_version", ON_THE_BOARD),
        ("congress_term", ON_THE_BOARD),
    ):
        protect(op, SERVICE, table, see="true", add=ON_THE_BOARD, change=change)
    # Migrations still complete what stands in these as their owner, as this one does.
    for table in ("resolution", "indicator", "target_version"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _columns_of(kind: sa.types.TypeEngine[Any], names: str) -> list[sa.ColumnClause[Any]]:
    return [sa.column(name, kind) for name in names.split()]


def _indicator() -> sa.TableClause:
    return sa.table(
        "indicator",
        *_columns_of(ID, "id resolution_id parent_id"),
        *_columns_of(
            sa.Text(),
            "code section name_vi name_en instrument clause quote kind unit direction numerator_vi numerator_en"
            " denominator_vi denominator_en responsible_vi responsible_now_vi responsible_confidence source"
            " data_source_vi data_source_en period_kind time_aggregation reporter_level definition_vi definition_en"
            " editor_note_vi editor_note_en",
        ),
        *_columns_of(ARRAY(sa.Text), "responsible_kinds reporting_kinds reporter_kinds categories"),
        *_columns_of(JSONB(none_as_null=True), "breakdowns formula open_questions"),
        *_columns_of(EXACT, "lower_bound upper_bound"),
        *_columns_of(sa.Boolean(), "whole_numbers evidence_required"),
        sa.column("issued_on", sa.Date),
        sa.column("position", sa.Integer),
    )


def _part() -> sa.TableClause:
    return sa.table(
        "resolution_part",
        sa.column("resolution_id", ID),
        sa.column("position", sa.Integer),
        *_columns_of(sa.Text(), "path heading note_vi note_en"),
    )


def _target_version() -> sa.TableClause:
    return sa.table(
        "target_version",
        *_columns_of(ID, "id indicator_id"),
        sa.column("number", sa.Integer),
        *_columns_of(sa.Text(), "comparator aggregation_scope counting_method decision"),
        *_columns_of(sa.Date(), "valid_from valid_to decided_on baseline_on"),
        *_columns_of(EXACT, "value minimum_coverage baseline_value"),
    )


def _term() -> sa.TableClause:
    return sa.table(
        "congress_term",
        *_columns_of(sa.Text(), "code name_vi name_en source confidence note_vi note_en"),
        *_columns_of(sa.Date(), "first_day last_day"),
    )
