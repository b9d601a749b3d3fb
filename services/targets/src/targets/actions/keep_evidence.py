"""Add evidence to a report, a file or a document's number and date, or take it off again."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, NotFound, StepNotAllowed, TooLarge
from servicekit.files import FileStore
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.domain.evidence import MAX_BYTES, MOST, media_type
from targets.domain.period_steps import OPEN
from targets.domain.refusals import PeriodClosed
from targets.domain.report_steps import DRAFT, ENTERING, RETURNED
from targets.domain.reporting_refusals import TooMuchEvidence
from targets.domain.reports import ReportFacts
from targets.queries.reports import find_report
from targets.tables import evidence


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is kept elsewhere."""

    number: str
    dated: date
    url: str | None


async def add_file(
    session: AsyncSession,
    report_id: UUID,
    data: bytes,
    *,
    public: bool,
    files: FileStore,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Store a file, sealed, and return its id.

    If the commit fails after the file was put, it is unreadable rubbish: its key was only in the row. Raises NotFound,
    Forbidden, PeriodClosed, TooLarge, NotEvidence or TooMuchEvidence.
    """
    await _may_add(session, report_id, actor, now)
    if len(data) > MAX_BYTES:
        raise TooLarge
    kind = media_type(data)
    evidence_id = uuid4()
    stored = await files.put(evidence_id, data)
    row = {
        "kind": "file",
        "sha256": hashlib.sha256(data).hexdigest(),
        "media_type": kind,
        "size": len(data),
        "storage_key": stored.storage_key,
        "key_sealed": stored.key_sealed,
    }
    await _store(session, evidence_id, report_id, row, public=public, actor=actor, now=now)
    return evidence_id


async def add_document(
    session: AsyncSession, report_id: UUID, given: Document, *, public: bool, actor: Actor, now: datetime
) -> UUID:
    """Store a reference and return its id. Raises NotFound, Forbidden, PeriodClosed or TooMuchEvidence."""
    await _may_add(session, report_id, actor, now)
    evidence_id = uuid4()
    row = {"kind": "document", "document_number": given.number, "document_date": given.dated, "url": given.url}
    await _store(session, evidence_id, report_id, row, public=public, actor=actor, now=now)
    return evidence_id


async def remove_evidence(session: AsyncSession, evidence_id: UUID, *, actor: Actor, now: datetime) -> UUID:
    """Take evidence off a report that is not handed in, and return the report's id; row and file stay, marked.

    Raises NotFound, Forbidden, PeriodClosed or StepNotAllowed.
    """
    report_id = await session.scalar(
        select(evidence.c.report_id).where(evidence.c.id == evidence_id, evidence.c.removed_at.is_(None))
    )
    if report_id is None:
        raise NotFound
    report = await _change(session, report_id, actor, now)
    if report.status not in (DRAFT, RETURNED):
        raise StepNotAllowed(action="remove_evidence", status=report.status)
    await session.execute(
        update(evidence).where(evidence.c.id == evidence_id).values(removed_by=actor.id, removed_at=now)
    )
    await _audit(session, "evidence.remove", evidence_id, report_id, actor, now, {})
    return UUID(int=report_id.int)


async def _change(session: AsyncSession, report_id: UUID, actor: Actor, now: datetime) -> ReportFacts:
    report = await find_report(session, report_id, actor, to_change=True)
    if report.around.roles.isdisjoint(ENTERING):
        raise Forbidden
    if report.around.period_status(local_date(now)) != OPEN:
        raise PeriodClosed
    return report


async def _may_add(session: AsyncSession, report_id: UUID, actor: Actor, now: datetime) -> None:
    await _change(session, report_id, actor, now)
    kept = await session.scalar(
        select(func.count())
        .select_from(evidence)
        .where(evidence.c.report_id == report_id, evidence.c.removed_at.is_(None))
    )
    if (kept or 0) >= MOST:
        raise TooMuchEvidence(most=MOST)


async def _store(
    session: AsyncSession,
    evidence_id: UUID,
    report_id: UUID,
    row: dict[str, Any],
    *,
    public: bool,
    actor: Actor,
    now: datetime,
) -> None:
    await session.execute(
        insert(evidence).values(
            id=evidence_id, report_id=report_id, public=public, added_by=actor.id, added_at=now, **row
        )
    )
    details: dict[str, Any] = {name: row[name] for name in ("kind", "sha256", "media_type", "size") if name in row}
    await _audit(session, "evidence.add", evidence_id, report_id, actor, now, details)


async def _audit(
    session: AsyncSession,
    action: str,
    evidence_id: UUID,
    report_id: UUID,
    actor: Actor,
    now: datetime,
    details: dict[str, Any],
) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="evidence",
        subject_id=evidence_id,
        actor=actor,
        now=now,
        details={"report": str(report_id), **details},
    )
