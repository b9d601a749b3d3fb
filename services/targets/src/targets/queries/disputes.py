"""Which values are disputed: the one place every surface asks, for one figure or for all of a page."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from targets.domain.disputes import DisputedValue, OpenDisputes

_OPEN = "SELECT * FROM open_disputes($1::uuid[], $2::date, $3::date, $4::uuid)"


async def open_disputes(
    session: AsyncSession,
    *,
    indicator_ids: Sequence[UUID] | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    organisation_id: UUID | None = None,
) -> OpenDisputes:
    """Return the values whose owner owes reasons, as far as they may stand in what is shown (one statement).

    Narrowed by indicators, by periods that touch these days, and to what lies at or below an organisation; None is all.
    A formula's figure contains the disputed values of the indicators it names.

    Public facts: that a value is disputed is shown to everybody who sees the value. Why, and by whom, is not here.
    """
    ids = None if indicator_ids is None else list(indicator_ids)
    rows = await fetch(session, _OPEN, ids, first_day, last_day, organisation_id)
    return OpenDisputes.of(
        DisputedValue(
            indicator_id=row["indicator_id"],
            period=row["period"],
            first_day=row["first_day"],
            last_day=row["last_day"],
            organisation_id=row["organisation_id"],
            disputes=row["disputes"],
            path=tuple(row["path"] or ()),
        )
        for row in rows
    )
