"""Keep what a row of calendar, law or succession said before it is changed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry.tables import EarlierWord


def keep_word(session: AsyncSession, row: Any, now: datetime) -> None:
    """Add the present content of a row to its history; called before the row is changed."""
    content = {
        column.name: _plain(getattr(row, column.name))
        for column in row.__table__.columns
        if column.name not in ("id", "version")
    }
    session.add(EarlierWord(subject_id=row.id, version=row.version, content=content, replaced_at=now))


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value
