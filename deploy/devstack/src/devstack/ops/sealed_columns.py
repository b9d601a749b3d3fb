"""Every encrypted column of the house and the place its values are sealed for, so that keys can be changed.

`{key}` stands for the row's primary key and `{delivery_id}` for that column of the row. A column that is missing here
is found at the start of a rotation, which then refuses to begin.
"""

from collections.abc import Mapping
from dataclasses import dataclass

CONVENTION = r"%\_sealed"
"""How sealed columns are named (SQL LIKE)."""


@dataclass(frozen=True, eq=False)
class SealedTable:
    """A table with sealed columns; `key_type` is "uuid" or "bigint", `besides` the column that places name."""

    service: str
    name: str
    places: Mapping[str, str]
    key: str = "id"
    key_type: str = "uuid"
    besides: str | None = None


SEALED = (
    SealedTable(
        "registry",
        "account",
        {
            "name_sealed": "account.name_sealed/{key}",
            "totp_sealed": "account.totp_sealed/{key}",
            "totp_pending_sealed": "account.totp_pending_sealed/{key}",
        },
    ),
    SealedTable("registry", "identity_provider", {"credential_sealed": "identity_provider.credential_sealed/{key}"}),
    SealedTable("registry", "foreign_sign_in", {"verifier_sealed": "foreign_sign_in.verifier_sealed/{key}"}),
    SealedTable(
        "feedback",
        "submission",
        {
            "content_sealed": "submission.content_sealed/{key}",
            "receipt_sealed": "submission.receipt_sealed/{key}",
        },
    ),
    SealedTable(
        "feedback", "identity_vault", {"contact_sealed": "identity_vault.contact_sealed/{key}"}, key="submission_id"
    ),
    SealedTable("feedback", "submission_line", {"note_sealed": "submission_line.note_sealed/{key}"}),
    # The files themselves are sealed with keys of their own; these are those keys.
    SealedTable("feedback", "attachment", {"key_sealed": "attachment.key_sealed/{key}"}),
    SealedTable("targets", "evidence", {"key_sealed": "evidence.key_sealed/{key}"}),
    SealedTable(
        "webhooks",
        "endpoint",
        {"secret_sealed": "endpoint.secret/{key}", "old_secret_sealed": "endpoint.secret/{key}"},
    ),
    SealedTable(
        "webhooks",
        "attempt",
        {"response_sealed": "attempt.response/{delivery_id}"},
        key_type="bigint",
        besides="delivery_id",
    ),
)


def tables_of(service: str) -> tuple[SealedTable, ...]:
    """The sealed tables of one service; none for a service that seals nothing."""
    return tuple(table for table in SEALED if table.service == service)
