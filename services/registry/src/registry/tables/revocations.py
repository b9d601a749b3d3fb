"""Access that ended before its tokens did."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.registry_table import Id, Line, RegistryTable

Instant = DateTime(timezone=True)


class Revocation(RegistryTable):
    """The tokens of a session are no good; without a session, those of the account or client from before the moment.

    Kept until no such token can be alive. `transaction_id` is PostgreSQL's number of the transaction that wrote the
    row: readers ask for what their last snapshot could not see yet, so a late commit is never missed.
    """

    __tablename__ = "revocation"

    id: Mapped[Id] = mapped_column(server_default=text("uuidv7()"))
    subject_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    revoked_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[Line]
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    transaction_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"), index=True
    )

    __table_args__ = (
        UniqueConstraint("subject_id", "session_id", name="uq_revocation_whose", postgresql_nulls_not_distinct=True),
    )
