"""Reads of reminders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.pages import Window
from targets.queries.scope import ORGANISATION, organisation
from targets.tables import form, reminder


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderFilter:
    """What a list of reminders may be narrowed by."""

    form_code: str | None = None
    period: str | None = None
    organisation_id: UUID | None = None
    kind: str | None = None
    to_role: str | None = None


async def list_reminders(session: AsyncSession, window: Window, wanted: ReminderFilter) -> Sequence[Row[Any]]:
    """Return one page of the reminders the caller may see, in the order they were sent."""
    statement = (
        select(reminder, form.c.code.label("form_code"), organisation.c.data["name"].astext.label("organisation_name"))
        .join(form, form.c.id == reminder.c.form_id)
        .join(organisation, and_(organisation.c.kind == ORGANISATION, organisation.c.id == reminder.c.organisation_id))
    )
    for column, value in (
        (form.c.code, wanted.form_code),
        (reminder.c.period, wanted.period),
        (reminder.c.organisation_id, wanted.organisation_id),
        (reminder.c.kind, wanted.kind),
        (reminder.c.to_role, wanted.to_role),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return (await session.execute(window.select(statement, [reminder.c.id]))).all()
