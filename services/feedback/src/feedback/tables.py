"""All tables of this service. Columns ending in `_sealed` are AES-GCM, bound to their table, column and row.

    submission ──1:n── submission_line   what the sender sees, one line per change of state or reveal
        ├────1:0..1── identity_vault     name and contact, apart from the content; none for anonymous senders
        └────0..1:n── attachment         photos; without a submission until one claims them

Nothing here says from where or with what device something was sent, and no row points to an account.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from servicekit.db import new_metadata
from servicekit.tables import add_recounting

metadata = new_metadata()
add_recounting(metadata)
_instant = DateTime(timezone=True)

submission = Table(
    "submission",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("secret_hmac", LargeBinary, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text),
    Column("identity_mode", Text, nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("front_organisation_id", Uuid, nullable=False),
    Column("holder_organisation_id", Uuid, nullable=False),
    Column("received_at", _instant, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("content_sealed", LargeBinary, nullable=False),
    Column("receipt_sealed", LargeBinary, nullable=False),
    Column("consent_purpose", Text, nullable=False),
    Column("consent_text_version", Text, nullable=False),
    Column("status_due_on", Date, nullable=False),
    Column("status_due_provisional", Boolean, nullable=False),
    Column("status_rule_version", Integer, nullable=False),
    Column("accepted_on", Date),
    Column("anchor_on", Date),
    Column("due_on", Date),
    Column("due_provisional", Boolean),
    Column("rule_key", Text),
    Column("rule_version", Integer),
    Column("outcome", Text),
    Column("answered_on", Date),
    # Of the first answer, which a second round does not change.
    Column("first_answered_on", Date),
    Column("first_due_on", Date),
    Column("case_id", Uuid),
    CheckConstraint("version > 0", name="version_positive"),
    CheckConstraint(
        "status IN ('submitted', 'classified', 'accepted', 'refused', 'guided_out', 'assigned', 'answered',"
        " 'confirmed', 'disputed')",
        name="status_known",
    ),
    Index("ix_submission_front", "front_organisation_id", "received_at", "id"),
    Index("ix_submission_holder", "holder_organisation_id", "received_at", "id"),
    Index("ix_submission_received", "received_at", "id"),
)

identity_vault = Table(
    "identity_vault",
    metadata,
    Column("submission_id", ForeignKey("submission.id", ondelete="CASCADE"), primary_key=True),
    Column("contact_sealed", LargeBinary, nullable=False),
)

submission_line = Table(
    "submission_line",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("submission_id", ForeignKey("submission.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", _instant, nullable=False),
    Column("action", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("organisation_id", Uuid),
    Column("code", Text),
    Column("note_sealed", LargeBinary),
    Index("ix_submission_line_submission", "submission_id", "version", "at"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Checked at commit: photos are claimed first, because the receipt in the submission's row names their hashes.
    Column(
        "submission_id",
        ForeignKey("submission.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
    ),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("storage_key", Text, nullable=False, unique=True),
    Column("key_sealed", LargeBinary, nullable=False),
    Column("created_at", _instant, nullable=False),
    Index("ix_attachment_submission", "submission_id"),
    Index("ix_attachment_unclaimed", "created_at", postgresql_where=text("submission_id IS NULL")),
)
