"""Reporting by forms: sign-offs up the tree, evidence, corrections, reopenings by request, reminders."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from servicekit.migrations import hold_append_only
from servicekit.row_security import protect, within
from targets.seeds.forms import form_rows

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SERVICE = "targets"
EXACT = sa.Numeric(28, 10)
ID = UUID(as_uuid=True)
INSTANT = sa.DateTime(timezone=True)
MADE_ID = sa.text("uuidv7()")
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
SEEN = f"{within('organisation_id', 'readers')} OR {ON_THE_BOARD}"
OF_A_VISIBLE_ONE = "EXISTS (SELECT FROM report seen WHERE seen.id = report_id)"


def upgrade() -> None:
    _forms()
    _periods_and_reports()
    _signing()
    _corrections()
    _reopening()
    _reminders()
    _seed()


def _made(name: str, *columns: sa.schema.SchemaItem, key: tuple[str, ...] = ("id",)) -> sa.Table:
    return op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")))


def _to(table: str, column: str, target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, name=op.f(f"fk_{table}_{column}"))


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _forms() -> None:
    _made(
        "form",
        sa.Column("id", ID, nullable=False, server_default=MADE_ID),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("resolution_id", ID, _to("form", "resolution_id", "resolution.id")),
        sa.UniqueConstraint("code", name=op.f("uq_form_code")),
    )
    _made(
        "form_version",
        sa.Column("form_id", ID, _to("form_version", "form_id", "form.id"), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name_vi", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("period_kind", sa.Text, nullable=False),
        sa.Column("reporter_kinds", ARRAY(sa.Text)),
        sa.Column("reporter_level", sa.Text),
        sa.Column("indicators", ARRAY(sa.Text)),
        sa.Column("evidence_for", ARRAY(sa.Text), nullable=False),
        sa.Column("levels", JSONB, nullable=False),
        sa.Column("steps", JSONB, nullable=False),
        sa.Column("expiry_days", sa.Integer),
        sa.Column("open_future", sa.Boolean, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("changed_by", ID),
        key=("form_id", "number"),
    )
    hold_append_only(op, SERVICE, "form_version")


def _periods_and_reports() -> None:
    op.add_column("reporting_period", sa.Column("form_id", ID))
    op.add_column("reporting_period", sa.Column("form_version", sa.Integer))
    op.create_foreign_key(
        op.f("fk_reporting_period_form_id"),
        "reporting_period",
        "form_version",
        ["form_id", "form_version"],
        ["form_id", "number"],
    )
    op.create_index("ix_reporting_period_form_id", "reporting_period", ["form_id", "code"])
    op.create_index("ix_expected_report_organisation_id", "expected_report", ["organisation_id"])
    op.add_column("report", sa.Column("round", sa.Integer, nullable=False, server_default="0"))


def _signing() -> None:
    _made(
        "sign_off",
        sa.Column("report_id", ID, _to("sign_off", "report_id", "report.id"), nullable=False),
        sa.Column("round", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.UniqueConstraint("report_id", "round", "person_id", name="uq_sign_off_one_level_a_person"),
        key=("report_id", "round", "level"),
    )
    hold_append_only(op, SERVICE, "sign_off")
    protect(op, SERVICE, "sign_off", see=OF_A_VISIBLE_ONE, add=OF_A_VISIBLE_ONE)
    _made(
        "evidence",
        sa.Column("id", ID, nullable=False),
        sa.Column("report_id", ID, _to("evidence", "report_id", "report.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("media_type", sa.Text),
        sa.Column("size", sa.Integer),
        sa.Column("storage_key", sa.Text),
        sa.Column("key_sealed", sa.LargeBinary),
        sa.Column("document_number", sa.Text),
        sa.Column("document_date", sa.Date),
        sa.Column("url", sa.Text),
        sa.Column("added_by", ID, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("removed_by", ID),
        sa.Column("removed_at", INSTANT),
        _check("evidence", "kind", "kind IN ('file', 'document')"),
        _check(
            "evidence",
            "file",
            "(kind = 'file') = (sha256 IS NOT NULL AND storage_key IS NOT NULL AND key_sealed IS NOT NULL)",
        ),
        _check("evidence", "document", "(kind = 'document') = (document_number IS NOT NULL)"),
    )
    op.create_index("ix_evidence_report_id", "evidence", ["report_id"])
    protect(op, SERVICE, "evidence", see=OF_A_VISIBLE_ONE, add=OF_A_VISIBLE_ONE, change=OF_A_VISIBLE_ONE)


def _corrections() -> None:
    _made(
        "correction",
        sa.Column("id", ID, nullable=False, server_default=MADE_ID),
        sa.Column("report_id", ID, _to("correction", "report_id", "report.id"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("numerator", EXACT, nullable=False),
        sa.Column("denominator", EXACT),
        sa.Column("breakdown", JSONB, nullable=False),
        sa.Column("counting_method", sa.Text, nullable=False),
        sa.Column("denominator_source", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("requested_by", ID, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("verified_by", ID),
        sa.Column("approved_by", ID),
        sa.Column("refused_by", ID),
        sa.Column("refusal_reason", sa.Text),
        sa.Column("decided_at", INSTANT),
        _check("correction", "status", "status IN ('requested', 'verified', 'approved', 'refused')"),
        _check("correction", "verified_by_second", "verified_by <> requested_by"),
        _check("correction", "approved_by_third", "approved_by <> requested_by AND approved_by <> verified_by"),
    )
    op.create_index("ix_correction_report_id", "correction", ["report_id"])
    op.create_index(
        "uq_correction_waiting",
        "correction",
        ["report_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('requested', 'verified')"),
    )
    protect(op, SERVICE, "correction", see=OF_A_VISIBLE_ONE, add=OF_A_VISIBLE_ONE, change=OF_A_VISIBLE_ONE)


def _reopening() -> None:
    _made(
        "reopen_request",
        sa.Column("id", ID, nullable=False, server_default=MADE_ID),
        sa.Column("period_id", ID, _to("reopen_request", "period_id", "reporting_period.id"), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("organisation_ids", ARRAY(ID), nullable=False),
        sa.Column("until_on", sa.Date, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("requested_by", ID, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("decided_by", ID),
        sa.Column("decided_at", INSTANT),
        sa.Column("decision_reason", sa.Text),
        _check("reopen_request", "status", "status IN ('requested', 'approved', 'refused', 'relocked')"),
        _check("reopen_request", "decided_by_another", "decided_by <> requested_by"),
    )
    op.create_index("ix_reopen_request_period_id", "reopen_request", ["period_id"])
    op.create_index("ix_reopen_request_organisation_id", "reopen_request", ["organisation_id"])
    protect(op, SERVICE, "reopen_request", see=SEEN, add=SEEN, change=ON_THE_BOARD)
    _made(
        "reopening",
        sa.Column("request_id", ID, _to("reopening", "request_id", "reopen_request.id"), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("period_id", ID, _to("reopening", "period_id", "reporting_period.id"), nullable=False),
        sa.Column("until_on", sa.Date, nullable=False),
        sa.Column("relocked_at", INSTANT),
        key=("request_id", "organisation_id"),
    )
    op.create_index("ix_reopening_period_id", "reopening", ["period_id", "organisation_id"])
    # Who may report until when is no secret; opening is the board's, locking again the house's.
    protect(op, SERVICE, "reopening", see="true", add=ON_THE_BOARD)


def _reminders() -> None:
    _made(
        "reminder",
        sa.Column("id", ID, nullable=False, server_default=MADE_ID),
        sa.Column("form_id", ID, _to("reminder", "form_id", "form.id"), nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("to_role", sa.Text, nullable=False),
        sa.Column("to_organisation_id", ID, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("note_code", sa.Text),
        sa.Column("sent_by", ID),
        sa.Column("sent_at", INSTANT, nullable=False),
        _check("reminder", "kind", "kind IN ('due_soon', 'overdue', 'by_hand')"),
        sa.UniqueConstraint("form_id", "period", "organisation_id", "step", name="uq_reminder_once"),
    )
    protect(op, SERVICE, "reminder", see=SEEN, add=ON_THE_BOARD)


def _seed() -> None:
    resolution = op.get_bind().scalar(sa.text("SELECT id FROM resolution WHERE number = '08-NQ/TU'"))
    forms, versions = form_rows(resolution, datetime(2026, 11, 27, tzinfo=UTC))
    op.bulk_insert(_columns("form", {"id": ID, "resolution_id": ID, "code": sa.Text, "version": sa.Integer}), forms)
    kinds = {
        "form_id": ID,
        "number": sa.Integer,
        "reporter_kinds": ARRAY(sa.Text),
        "indicators": ARRAY(sa.Text),
        "evidence_for": ARRAY(sa.Text),
        "levels": JSONB,
        "steps": JSONB,
        "expiry_days": sa.Integer,
        "open_future": sa.Boolean,
        "changed_at": INSTANT,
        **dict.fromkeys(("name_vi", "name_en", "period_kind", "reporter_level"), sa.Text),
    }
    op.bulk_insert(_columns("form_version", kinds), versions)


def _columns(name: str, kinds: dict[str, object]) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, kind) for column, kind in kinds.items()))  # type: ignore[arg-type]
