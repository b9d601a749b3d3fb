"""Disputes over values: what they rest on, what was answered and decided, and which values are marked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from servicekit.row_security import facts, protect, run_as_house, within

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

SERVICE = "targets"
EXACT = sa.Numeric(28, 10)
INSTANT = sa.DateTime(timezone=True)
ID = UUID(as_uuid=True)
# Boards of the former districts are in the registry too; only the city's counts.
ON_THE_BOARD = (
    "EXISTS (SELECT FROM reference board WHERE board.kind = 'organisation'"
    " AND board.id = ANY ((SELECT app_ids('board'))::uuid[])"
    " AND board.data ->> 'kind' = 'mass_mobilisation_board' AND board.data ->> 'level' = 'city')"
)
SEEN = f"{within('organisation_id', 'readers')} OR {within('source_organisation_id', 'readers')} OR {ON_THE_BOARD}"
OF_A_VISIBLE_ONE = "EXISTS (SELECT FROM dispute seen WHERE seen.id = dispute_id)"
KINDS = (
    ("feedback_cluster", 3, "no_legal_figure", "Không tìm thấy quy định; mặc định có thể cấu hình."),
    ("oversight_finding", 1, "no_legal_figure", "Một kết luận giám sát hoặc kiến nghị đã ban hành là đủ."),
)
# What a request may ask of the house: whether it was told of these things, and whose they are.
SUBJECTS = """
CREATE FUNCTION dispute_subjects(ids uuid[]) RETURNS TABLE (
  subject_id uuid, subject_kind text, source_organisation_id uuid, path uuid[]) LANGUAGE sql STABLE AS $$
    SELECT DISTINCT ON (i.subject_id) i.subject_id, i.kind, i.organisation_id, i.path
      FROM event_item i
     WHERE i.subject_id = ANY (ids) AND i.organisation_id IS NOT NULL
       AND (i.kind IN ('submission', 'recommendation') OR i.kind = 'case' AND i.facts ->> 'concluded_on' IS NOT NULL)
     ORDER BY i.subject_id, i.id
$$
"""
VALUE = """
CREATE FUNCTION value_to_dispute(of_indicator text, of_period text, of_organisation uuid) RETURNS TABLE (
  indicator_id uuid, report_id uuid, report_version int, numerator numeric, denominator numeric, path uuid[])
  LANGUAGE sql STABLE AS $$
    SELECT i.id, r.id, r.version, COALESCE(r.numerator, v.numerator),
           CASE WHEN r.id IS NULL THEN v.denominator ELSE r.denominator END, o.path
      FROM indicator i
      JOIN reference o ON o.kind = 'organisation' AND o.id = of_organisation
      LEFT JOIN reporting_period p ON p.indicator_id = i.id AND p.code = of_period
      LEFT JOIN report r ON r.period_id = p.id AND r.organisation_id = of_organisation AND r.status <> 'draft'
      LEFT JOIN roll_up v ON v.indicator_id = i.id AND v.period = of_period
                         AND v.organisation_id = of_organisation AND i.source <> 'reports'
     WHERE i.code = of_indicator
$$
"""
# Which values are marked is public, as the values are; why, and what was answered, is not. A formula's figure contains
# what is contained in the indicators it names, in any version: older periods are computed by older ones.
MARKED = r"""
CREATE FUNCTION open_disputes(of_indicators uuid[], from_day date, to_day date, below uuid) RETURNS TABLE (
  indicator_id uuid, period text, first_day date, last_day date, organisation_id uuid, disputes bigint, path uuid[])
  LANGUAGE sql STABLE AS $$
    WITH RECURSIVE contained (shown, part) AS (
      SELECT i.id, i.id FROM indicator i WHERE of_indicators IS NULL OR i.id = ANY (of_indicators)
      UNION
      SELECT c.shown, p.id
        FROM contained c
        JOIN indicator f ON f.id = c.part AND f.source = 'formula',
             regexp_matches(
               concat_ws(' ', CAST(f.formula AS text),
                         (SELECT string_agg(concat_ws(' ', v.numerator, v.denominator), ' ')
                            FROM formula_version v WHERE v.indicator_id = f.id)),
               '[A-Za-z][A-Za-z0-9_]*(?:[-.][A-Za-z0-9_]+)*', 'g') AS named
        JOIN indicator p ON p.code = regexp_replace(named[1], '\.(numerator|denominator)$', '')
    )
    SELECT c.shown, d.period, d.first_day, d.last_day, d.organisation_id, count(*), o.path
      FROM dispute d
      JOIN contained c ON c.part = d.indicator_id
      LEFT JOIN reference o ON o.kind = 'organisation' AND o.id = d.organisation_id
     WHERE d.status IN ('open', 'overdue', 'rejected')
       AND (from_day IS NULL OR d.last_day >= from_day) AND (to_day IS NULL OR d.first_day <= to_day)
       AND (below IS NULL OR d.organisation_id = below OR o.path @> ARRAY[below])
     GROUP BY c.shown, d.period, d.first_day, d.last_day, d.organisation_id, o.path
$$
"""
CONTAINED = """
CREATE FUNCTION disputed_values(of_indicator uuid, from_day date, to_day date, below uuid) RETURNS bigint
  LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM open_disputes(ARRAY[of_indicator], from_day, to_day, below) d
     WHERE d.first_day >= from_day AND d.last_day <= to_day
$$
"""


def upgrade() -> None:
    # Reading a whole resolution for one organisation: its rows beside each other, the newest period of a kind first.
    op.create_index(
        "ix_roll_up_of_organisation", "roll_up", ["organisation_id", "indicator_id", "period_kind", "last_day"]
    )
    # For the whole an index of its own: PostgreSQL does not see that rows behind IS NULL are in order.
    op.create_index(
        "ix_roll_up_of_whole",
        "roll_up",
        ["indicator_id", "period_kind", "last_day"],
        postgresql_where=sa.text("organisation_id IS NULL"),
    )
    _kinds()
    _disputes()
    _changes()
    # The owner may not even plan a query over rows that policies hide; the house, which runs these, may.
    op.execute("SET LOCAL check_function_bodies = off")
    for text, signature in (
        (SUBJECTS, "dispute_subjects(uuid[])"),
        (VALUE, "value_to_dispute(text, text, uuid)"),
        (MARKED, "open_disputes(uuid[], date, date, uuid)"),
        (CONTAINED, "disputed_values(uuid, date, date, uuid)"),
    ):
        op.execute(text)
        run_as_house(op, SERVICE, signature)
    op.execute('REVOKE UPDATE, DELETE, TRUNCATE ON dispute_change FROM "targets_house"')
    protect(op, SERVICE, "dispute", see=SEEN, add=SEEN, change=SEEN)
    protect(op, SERVICE, "dispute_subject", see=OF_A_VISIBLE_ONE, add=OF_A_VISIBLE_ONE)
    protect(op, SERVICE, "dispute_change", see=OF_A_VISIBLE_ONE, add=OF_A_VISIBLE_ONE)
    facts(op, SERVICE, "dispute_kind")


def _kinds() -> None:
    """What a dispute may rest on; how many submissions make a cluster is a setting, not law."""
    op.create_table(
        "dispute_kind",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("minimum_subjects", sa.Integer, nullable=False),
        sa.Column("confidence", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.CheckConstraint("minimum_subjects >= 1", name=op.f("ck_dispute_kind_minimum_subjects")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_dispute_kind")),
    )
    names = ("kind", "minimum_subjects", "confidence", "source")
    table = sa.table("dispute_kind", *(sa.column(name) for name in names))
    op.bulk_insert(table, [dict(zip(names, row, strict=True)) for row in KINDS])


def _disputes() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", ID, nullable=False, server_default=sa.text("uuidv7()")),
        sa.Column("kind", sa.Text, sa.ForeignKey("dispute_kind.kind", name=op.f("fk_dispute_kind")), nullable=False),
        sa.Column(
            "indicator_id", ID, sa.ForeignKey("indicator.id", name=op.f("fk_dispute_indicator_id")), nullable=False
        ),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("source_organisation_id", ID, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("report_id", ID, sa.ForeignKey("report.id", name=op.f("fk_dispute_report_id"))),
        sa.Column("report_version", sa.Integer),
        sa.Column("numerator", EXACT),
        sa.Column("denominator", EXACT),
        sa.Column("raised_by", ID, nullable=False),
        sa.Column("raised_on", sa.Date, nullable=False),
        sa.Column("anchor_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("due_provisional", sa.Boolean, nullable=False),
        sa.Column("rule_key", sa.Text, nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("overdue_on", sa.Date),
        sa.Column("answer", sa.Text),
        sa.Column("answer_text", sa.Text),
        sa.Column("answer_report_version", sa.Integer),
        sa.Column("answered_by", ID),
        sa.Column("answered_on", sa.Date),
        sa.Column("decided_by", ID),
        sa.Column("decided_on", sa.Date),
        sa.Column("decision_text", sa.Text),
        sa.Column("closed_on", sa.Date),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'overdue', 'answered', 'accepted', 'rejected', 'closed')",
            name=op.f("ck_dispute_status"),
        ),
        sa.CheckConstraint("answer IN ('figure_stands', 'figure_corrected')", name=op.f("ck_dispute_answer")),
        sa.CheckConstraint("answered_by <> raised_by", name=op.f("ck_dispute_answered_by_another")),
        sa.CheckConstraint(
            "decided_by <> answered_by AND decided_by <> raised_by", name=op.f("ck_dispute_decided_by_another")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    op.create_index("ix_dispute_organisation_id", "dispute", ["organisation_id"])
    # The marks are asked for on every surface, and few of all disputes wait for an answer.
    op.create_index(
        "ix_dispute_marked",
        "dispute",
        ["indicator_id", "period"],
        postgresql_where=sa.text("status IN ('open', 'overdue', 'rejected')"),
    )
    op.create_index(
        "ix_dispute_running",
        "dispute",
        ["due_on"],
        postgresql_where=sa.text("status IN ('open', 'rejected')"),
    )
    op.create_table(
        "dispute_subject",
        sa.Column("value_id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column(
            "dispute_id", ID, sa.ForeignKey("dispute.id", name=op.f("fk_dispute_subject_dispute_id")), nullable=False
        ),
        # The same evidence disputes a value once, whatever became of it.
        sa.PrimaryKeyConstraint("value_id", "subject_id", name=op.f("pk_dispute_subject")),
    )
    op.create_index("ix_dispute_subject_dispute_id", "dispute_subject", ["dispute_id"])


def _changes() -> None:
    op.create_table(
        "dispute_change",
        sa.Column(
            "dispute_id", ID, sa.ForeignKey("dispute.id", name=op.f("fk_dispute_change_dispute_id")), nullable=False
        ),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("status_before", sa.Text),
        sa.Column("status_after", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("text", sa.Text),
        sa.PrimaryKeyConstraint("dispute_id", "version", name=op.f("pk_dispute_change")),
    )
    # What was said in a dispute is evidence: neither the application nor the owner changes it afterwards.
    op.execute('REVOKE UPDATE, DELETE, TRUNCATE ON dispute_change FROM "targets"')
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
