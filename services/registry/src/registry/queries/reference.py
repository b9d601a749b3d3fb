"""Pages of public facts for the read copies of the other services."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.tables import CalendarDay, CalendarYear, DeadlineRule, Organisation, OrganisationSuccession, Unit
from servicekit.pages import Window

_STATEMENTS: Final[dict[str, tuple[Select[Any], Any]]] = {
    "unit": (select(*Unit.__table__.c), Unit.id),
    "organisation": (
        select(*Organisation.__table__.c, Unit.code.label("unit_code")).join(Unit, Unit.id == Organisation.unit_id),
        Organisation.id,
    ),
    "organisation_succession": (select(*OrganisationSuccession.__table__.c), OrganisationSuccession.id),
    "calendar_day": (select(*CalendarDay.__table__.c), CalendarDay.id),
    "calendar_year": (select(*CalendarYear.__table__.c), CalendarYear.id),
    "deadline_rule": (select(*DeadlineRule.__table__.c), DeadlineRule.id),
}


async def facts(session: AsyncSession, kind: str, window: Window) -> Sequence[Any]:
    """Return one page of rows of a kind, by id (one statement)."""
    statement, key = _STATEMENTS[kind]
    rows: Sequence[Any] = (await session.execute(window.select(statement, [key]))).all()
    return rows
