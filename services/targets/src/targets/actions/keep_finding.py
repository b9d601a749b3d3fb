"""Keep which cases and recommendations of oversight may contradict a value, from its events."""

from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from targets.tables import oversight_finding


async def keep_case(
    session: AsyncSession,
    case_id: UUID,
    *,
    presiding_organisation_id: UUID | None = None,
    concluded_on: date | None = None,
) -> None:
    """Note who presides over a case, or the day its conclusion was signed; from then on a dispute may rest on it."""
    told = {"presiding_organisation_id": presiding_organisation_id, "known_on": concluded_on}
    said = {name: value for name, value in told.items() if value is not None}
    made = insert(oversight_finding).values(id=case_id, kind="case", case_id=case_id, **said)
    await session.execute(made.on_conflict_do_update(index_elements=["id"], set_=said))


async def keep_recommendation(
    session: AsyncSession, recommendation_id: UUID, *, case_id: UUID, served_on: date
) -> None:
    """Note a recommendation that was served; a dispute may rest on it as soon as its case is known."""
    made = insert(oversight_finding).values(
        id=recommendation_id, kind="recommendation", case_id=case_id, known_on=served_on
    )
    await session.execute(made.on_conflict_do_nothing())
