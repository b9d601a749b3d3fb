"""The route on which an auditor reads the audit: who did what, when and why, newest first.

    routers = (…, audit_router("feedback"))        # GET /api/v1/feedback/audit

An entry belongs to no organisation, so only those who hold the role at a topmost organisation may read: they are
responsible for everything an entry can speak of.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import Forbidden
from servicekit.identity import Actor, allow
from servicekit.pages import InvalidCursor, Page, PageQuery, Window
from servicekit.routes import answers, new_router
from servicekit.tables import audit_entry
from servicekit.text import Answer, Coded, Instant, Key, Uuid
from servicekit.working_days import local_date

AUDIT_READERS: Final = frozenset({"auditor", "data_protection_officer"})
AuditReader = Annotated[Actor, allow(*sorted(AUDIT_READERS))]
ActionName = Annotated[str, Coded("[a-z][a-z0-9_.-]*")]
IsTop = Callable[[Request, AsyncSession, Collection[UUID]], Awaitable[bool]]
"""Says whether one of these organisations stands at the top."""


class AuditAtTheTop(Forbidden):
    """The role is held, but not where the whole audit is anybody's business."""

    code = "audit_at_the_top"
    vi = "Nhật ký kiểm toán chỉ dành cho kiểm toán viên cấp thành phố. Hãy liên hệ kiểm toán viên cấp thành phố."
    en = "The audit is for auditors of the city. Ask an auditor who holds the role at an organisation of the city."


class AuditEntryAnswer(Answer):
    """One entry: codes and ids only; what people wrote never stands in the audit."""

    id: UUID
    at: datetime
    action: str
    subject_type: str
    subject_id: UUID
    actor_kind: str
    actor_id: UUID | None
    reason: str | None
    details: dict[str, Any]


async def top_in_book(request: Request, session: AsyncSession, organisations: Collection[UUID]) -> bool:
    """Look the organisations up in the copy of the registry's facts; what went into another body does not count."""
    runtime = request.app.state.runtime
    today = local_date(runtime.clock.now()).isoformat()
    facts = [runtime.book.get("organisation", organisation) for organisation in organisations]
    return any(
        fact is not None and fact["parent_id"] is None and (fact["valid_to"] is None or fact["valid_to"] >= today)
        for fact in facts
    )


def audit_router(service: str, is_top: IsTop = top_in_book) -> APIRouter:
    """Return the router of one service's audit."""
    router = new_router(service, "audit")

    @router.get("/audit", **answers(InvalidCursor, AuditAtTheTop))
    async def list_audit(
        request: Request,
        actor: AuditReader,
        pages: PageQuery,
        subject_type: Annotated[Key | None, Query()] = None,
        subject_id: Annotated[Uuid | None, Query()] = None,
        actor_id: Annotated[Uuid | None, Query()] = None,
        action: Annotated[ActionName | None, Query()] = None,
        since: Annotated[Instant | None, Query(description="From this moment on.")] = None,
        until: Annotated[Instant | None, Query(description="Before this moment.")] = None,
    ) -> Page[AuditEntryAnswer]:
        """List the audit, newest first; for auditors and data protection officers of the city."""
        equal = {"subject_type": subject_type, "subject_id": subject_id, "actor_id": actor_id, "action": action}
        window = pages.window(f"{service}.audit", {**equal, "since": since, "until": until})
        # As the house: requests see nothing of the audit.
        async with request.app.state.runtime.database.read() as session:
            if not await is_top(request, session, actor.organisations(*AUDIT_READERS)):
                raise AuditAtTheTop
            rows = await _entries(session, window, equal, since, until)
        return window.page(rows, position=lambda row: (row.at, row.id), item=AuditEntryAnswer.model_validate)

    return router


async def _entries(
    session: AsyncSession, window: Window, equal: dict[str, Any], since: datetime | None, until: datetime | None
) -> Sequence[Row[Any]]:
    statement = select(audit_entry)
    for name, wanted in equal.items():
        if wanted is not None:
            statement = statement.where(audit_entry.c[name] == wanted)
    if since is not None:
        statement = statement.where(audit_entry.c.at >= since)
    if until is not None:
        statement = statement.where(audit_entry.c.at < until)
    page = window.select(statement, [audit_entry.c.at, audit_entry.c.id], descending=True)
    return (await session.execute(page)).all()
