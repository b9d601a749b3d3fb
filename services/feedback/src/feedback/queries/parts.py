"""Rows that belong to a submission, gathered into its own row, so that one statement reads the whole item."""

from sqlalchemy import JSON, Boolean, Uuid, literal_column
from sqlalchemy.dialects.postgresql import ARRAY

LINES = literal_column(
    "(SELECT coalesce(json_agg(json_build_object('id', l.id, 'at', l.at, 'action', l.action, 'status', l.status,"
    " 'organisation_id', l.organisation_id, 'code', l.code, 'note', encode(l.note_sealed, 'hex'))"
    " ORDER BY l.version, l.at), '[]') FROM submission_line l WHERE l.submission_id = submission.id)",
    JSON,
).label("lines")
"""The timeline, oldest first; notes are still sealed, in hex."""

FILES = literal_column(
    "(SELECT coalesce(json_agg(json_build_object('id', a.id, 'sha256', a.sha256, 'media_type', a.media_type,"
    " 'size', a.size) ORDER BY a.id), '[]') FROM attachment a WHERE a.submission_id = submission.id)",
    JSON,
).label("files")
"""The photos."""

FRONT_PATH = literal_column(
    "(SELECT r.path FROM reference r WHERE r.kind = 'organisation' AND r.id = submission.front_organisation_id)",
    ARRAY(Uuid),
).label("front_path")
"""The Front committee and the organisations above it."""

HAS_IDENTITY = literal_column("submission.identity_mode <> 'anonymous'", Boolean).label("has_identity")
"""Whether a name was left. Asked of the item: the vault itself shows no row to who may not reveal."""
