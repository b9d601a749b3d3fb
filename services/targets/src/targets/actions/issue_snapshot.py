"""Issue a snapshot (ban hành): a second person signs it, and its public view is published with it."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.errors import NotFound, StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from targets import publish
from targets.domain.public_view import public_view
from targets.domain.snapshot_steps import STEPS
from targets.queries.scope import boards_of, roles_towards
from targets.queries.snapshot_content import from_json, hash_of, hidden_to_json, to_json
from targets.queries.snapshots import earlier_publications
from targets.tables import published_snapshot, resolution, snapshot


@dataclass(frozen=True, slots=True)
class Document:
    """Number and date of the document the snapshot is issued with."""

    number: str
    issued_on: date


# Two issued at once would each leave out cells the other shows; the second waits and sees the first.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('issue_snapshot:' || :resolution, 0))")


async def issue_snapshot(
    session: AsyncSession, snapshot_id: UUID, document: Document, *, version: int, actor: Actor, now: datetime
) -> None:
    """Issue a draft for the monitoring board.

    Raises NotFound, Forbidden and MakerDoesNotIssue (403), StaleVersion (412), StepNotAllowed (409), and AlreadyExists
    (by the unique key) when the document's number was used.
    """
    statement = (
        select(snapshot, resolution.c.number.label("resolution"), boards_of(actor).label("boards"))
        .join(resolution, resolution.c.id == snapshot.c.resolution_id)
        .where(snapshot.c.id == snapshot_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    roles = roles_towards(actor, (), row.boards)
    permit(STEPS, "issue", roles)
    if row.version != version:
        raise StaleVersion
    step = decide(STEPS, row.status, "issue", roles, {"actor": actor.id, "made_by": row.made_by})
    await session.execute(_ONE_AT_A_TIME, {"resolution": str(row.resolution_id)})
    earlier = await earlier_publications(session, row.resolution_id, row.periods, snapshot_id)
    # Seconds of arithmetic for many indicators: beside the loop, so that other requests go on.
    public, hidden = await asyncio.to_thread(public_view, from_json(row.content), earlier)
    stored = to_json(public)
    changed = await session.execute(
        update(snapshot)
        .where(snapshot.c.id == snapshot_id, snapshot.c.version == version, snapshot.c.status == row.status)
        .values(
            status=step.target,
            version=version + 1,
            number=document.number,
            issued_on=document.issued_on,
            issued_at=now,
            issued_by=actor.id,
            hidden=hidden_to_json(hidden),
        )
        .returning(snapshot.c.id)
    )
    if changed.one_or_none() is None:
        raise StaleVersion
    await session.execute(
        insert(published_snapshot).values(
            snapshot_id=snapshot_id,
            kind=row.kind,
            title=row.title,
            resolution=row.resolution,
            periods=row.periods,
            supersedes=row.supersedes,
            number=document.number,
            issued_on=document.issued_on,
            content=stored,
            sha256=hash_of(stored),
        )
    )
    await audit.write(
        session,
        action="snapshot.issue",
        subject_type="snapshot",
        subject_id=snapshot_id,
        actor=actor,
        now=now,
        details={"version": version + 1, "sha256": row.sha256, "public_sha256": hash_of(stored)},
    )
    event = publish.snapshot_issued(
        snapshot_id,
        kind=row.kind,
        resolution=row.resolution,
        periods=row.periods,
        issued_on=document.issued_on,
        sha256=hash_of(stored),
    )
    await outbox.record(session, event=event, now=now)
