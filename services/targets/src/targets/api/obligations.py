"""What is owed and not done: the to-do list of a unit."""

from datetime import date
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import ReadSession
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Code, LegalDate, Uuid
from servicekit.working_days import local_date
from targets.api.access import Reader
from targets.domain.reopening_steps import open_on
from targets.domain.wording import REPORT_STATUSES
from targets.queries import completeness as queries

router: APIRouter = new_router("targets", "obligations")


class ObligationAnswer(Answer):
    """One value that is owed; `missing` says what is still to be done: value, evidence, correction, submission."""

    organisation_id: Uuid
    organisation_name: str
    form_code: str | None
    indicator_code: str
    indicator_name_vi: str
    indicator_name_en: str
    period_id: Uuid
    period: str
    due_on: LegalDate
    due_provisional: bool
    overdue: bool
    open: bool
    """Whether it can be entered today: the period is open, or reopened for this unit."""
    reopened_until: LegalDate | None
    report_id: Uuid | None
    status: str | None
    status_vi: str | None
    missing: list[str]

    @classmethod
    def of(cls, row: Row[Any], today: date) -> Self:
        """Show one line."""
        return cls(
            organisation_id=row.organisation_id,
            organisation_name=row.organisation_name,
            form_code=row.form_code,
            indicator_code=row.indicator_code,
            indicator_name_vi=row.name_vi,
            indicator_name_en=row.name_en,
            period_id=row.period_id,
            period=row.period,
            due_on=row.due_on,
            due_provisional=row.due_provisional,
            overdue=row.due_on < today,
            open=open_on(row.period_status, row.reopened_until, today),
            reopened_until=row.reopened_until,
            report_id=row.report_id,
            status=row.status,
            status_vi=REPORT_STATUSES[row.status][0] if row.status else None,
            missing=_missing(row),
        )


def _missing(row: Row[Any]) -> list[str]:
    first = {None: "value", "returned": "correction"}.get(row.status)
    evidence = ["evidence"] if row.evidence_needed and not row.evidence else []
    return [*([first] if first else []), *evidence, "submission"]


@router.get("/obligations", **answers(InvalidCursor))
async def list_obligations(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    now: Now,
    organisation_id: Annotated[Uuid | None, Query()] = None,
    form: Annotated[Code | None, Query()] = None,
) -> Page[ObligationAnswer]:
    """List who owes what for which period, until when, and what is missing; the earliest due day first."""
    window = pages.window("targets.obligations", {"organisation": organisation_id, "form": form})
    rows = await queries.list_obligations(session, window, organisation_id=organisation_id, form_code=form, actor=actor)
    today = local_date(now)
    return window.page(
        rows,
        position=lambda row: (row.due_on, row.period_id, row.organisation_id),
        item=lambda row: ObligationAnswer.of(row, today),
    )
