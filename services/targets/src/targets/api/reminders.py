"""Reminders (đôn đốc): what was sent to whom, and one sent by hand."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import NotFound
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Code, Instant, Key, LegalDate, Uuid
from targets.actions.remind import remind_by_hand
from targets.api.access import MonitoringOfficer, Reader, monitoring
from targets.domain import refusals, reporting_refusals
from targets.queries import reminders as queries
from targets.queries.calendar import coded_period

router: APIRouter = new_router("targets", "reminders")
ReminderKind = Literal["due_soon", "overdue", "by_hand"]


class RemindBody(ApiModel):
    """Whom to remind (without: everyone who misses something), and why, as a code."""

    organisation_ids: Annotated[list[Uuid], Field(min_length=1, max_length=500)] | None = None
    note_code: Key


class ReminderAnswer(Answer):
    """One reminder: to which rung of the ladder, of how many missing values."""

    id: Uuid
    form_code: str
    period: str
    organisation_id: Uuid
    organisation_name: str
    step: str
    kind: ReminderKind
    to_role: str
    to_organisation_id: Uuid
    due_on: LegalDate
    missing: int
    note_code: str | None
    sent_by: Uuid | None
    """Null: the house sent it at its time."""
    sent_at: Instant

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored reminder."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class RemindedAnswer(Answer):
    """Which units were reminded."""

    organisation_ids: list[Uuid]


@router.get("/reminders", **answers(InvalidCursor))
async def list_reminders(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    form: Annotated[Code | None, Query()] = None,
    period: Annotated[Code | None, Query()] = None,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    kind: Annotated[ReminderKind | None, Query()] = None,
    to_role: Annotated[Key | None, Query()] = None,
) -> Page[ReminderAnswer]:
    """List the reminders of the units the caller may see, in the order they were sent."""
    wanted = queries.ReminderFilter(
        form_code=form, period=period, organisation_id=organisation_id, kind=kind, to_role=to_role
    )
    filters = {"form": form, "period": period, "organisation": organisation_id, "kind": kind, "role": to_role}
    window = pages.window("targets.reminders", filters)
    rows = await queries.list_reminders(session, window, wanted)
    return window.page(rows, position=lambda row: (row.id,), item=ReminderAnswer.of)


@router.post(
    "/forms/{code}/periods/{period}/remind",
    status_code=201,
    dependencies=[monitoring, Idempotent],
    **answers(NotFound, refusals.UnknownPeriod, reporting_refusals.AlreadyReminded),
)
async def remind_units(
    actor: MonitoringOfficer, code: Code, period: Code, given: RemindBody, session: WriteSession, now: Now
) -> RemindedAnswer:
    """Remind units that miss something, each at most once a day."""
    told = await remind_by_hand(
        session,
        code,
        await coded_period(session, period),
        given.organisation_ids,
        note_code=given.note_code,
        actor=actor,
        now=now,
    )
    return RemindedAnswer(organisation_ids=[row.organisation_id for row in told])
