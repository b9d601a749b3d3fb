"""Snapshots for their readers: make, list, read, trace a figure, compare, issue."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy import Row

from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists, NotFound, StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Uuid
from targets.actions import issue_snapshot as issuing
from targets.actions import make_snapshot as making
from targets.api.access import Approver, MonitoringOfficer, Reader, monitoring
from targets.api.snapshot_answers import (
    ChangeAnswer,
    FigureKey,
    IssueBody,
    NewSnapshotBody,
    SnapshotAnswer,
    SnapshotKind,
    SnapshotStatus,
)
from targets.api.snapshot_figures import FigureAnswer
from targets.domain import snapshot_refusals as refusals
from targets.domain.refusals import UnknownPeriod
from targets.domain.snapshot import Change, changes
from targets.domain.snapshot_wording import formula
from targets.queries import snapshots as queries
from targets.queries.snapshot_content import FrozenFigure

router: APIRouter = new_router("targets", "snapshots")


@router.post(
    "/snapshots",
    status_code=201,
    dependencies=[monitoring, Idempotent],
    **answers(UnknownPeriod, refusals.UnknownResolution, refusals.UnknownSnapshot, refusals.NothingToFreeze),
)
async def create_snapshot(
    actor: MonitoringOfficer,
    given: NewSnapshotBody,
    response: Response,
    session: WriteSession,
    now: Now,
) -> SnapshotAnswer:
    """Freeze every figure of a resolution in these periods as a draft; later corrections change nothing in it."""
    wanted = making.NewSnapshot(
        kind=given.kind,
        title=given.title,
        resolution=given.resolution,
        periods=given.periods,
        supersedes=given.supersedes,
    )
    snapshot_id = await making.make_snapshot(session, wanted, actor=actor, now=now)
    row = await queries.find_snapshot(session, snapshot_id, actor)
    set_etag(response, row.version)
    return SnapshotAnswer.of(row, actor)


@router.get("/snapshots", **answers(InvalidCursor))
async def list_snapshots(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    kind: Annotated[SnapshotKind | None, Query()] = None,
    status: Annotated[SnapshotStatus | None, Query()] = None,
) -> Page[SnapshotAnswer]:
    """List the snapshots in the order they were made."""
    window = pages.window("targets.snapshots", {"kind": kind, "status": status})
    rows = await queries.list_snapshots(session, window, actor, kind=kind, status=status)
    return window.page(rows, position=lambda row: (row.id,), item=lambda row: SnapshotAnswer.of(row, actor))


@router.get("/snapshots/{snapshot_id}", **answers(NotFound))
async def read_snapshot(actor: Reader, snapshot_id: Uuid, response: Response, session: ReadSession) -> SnapshotAnswer:
    """Return a snapshot; its figures are in its exports and documents, and one by one under `figures`."""
    row = await queries.find_snapshot(session, snapshot_id, actor)
    set_etag(response, row.version)
    return SnapshotAnswer.of(row, actor)


@router.get("/snapshots/{snapshot_id}/figures/{key}", **answers(NotFound))
async def read_figure(actor: Reader, snapshot_id: Uuid, key: FigureKey, session: ReadSession) -> FigureAnswer:
    """Return one figure with its formula, its inputs, and the reports behind it in the versions that were counted."""
    return figure_answer(await queries.find_figure(session, snapshot_id, key))


@router.get("/snapshots/{snapshot_id}/changes", **answers(NotFound, InvalidCursor, refusals.UnknownSnapshot))
async def list_changes_since(
    actor: Reader,
    snapshot_id: Uuid,
    pages: PageQuery,
    session: ReadSession,
    since: Annotated[Uuid, Query(description="The earlier snapshot")],
) -> Page[ChangeAnswer]:
    """List value by value what differs from an earlier snapshot of the same resolution."""
    window = pages.window("targets.changes", {"snapshot": snapshot_id, "since": since})
    later = await queries.find_frozen(session, snapshot_id)
    try:
        earlier = await queries.find_frozen(session, since)
    except NotFound:
        raise refusals.UnknownSnapshot(errors=[{"field": "since", "code": "unknown_snapshot"}]) from None
    if earlier.row.resolution != later.row.resolution:
        raise refusals.UnknownSnapshot(errors=[{"field": "since", "code": "unknown_snapshot"}])
    found = changes(earlier.content, later.content)
    rows = [one for one in found if window.position is None or _place(one) > window.position]
    return window.page(rows, position=_place, item=ChangeAnswer.of)


def _place(change: Change) -> tuple[str, str]:
    return change.key, change.name


@router.post("/snapshots/{snapshot_id}/issue", **answers(StepNotAllowed, AlreadyExists, refusals.MakerDoesNotIssue))
async def issue_snapshot(
    actor: Approver,
    snapshot_id: Uuid,
    given: IssueBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> SnapshotAnswer:
    """Issue a draft with number and date of its document; never by who made it. Its public view is readable at once."""
    document = issuing.Document(given.number, given.issued_on)
    await issuing.issue_snapshot(session, snapshot_id, document, version=version, actor=actor, now=now)
    row = await queries.find_snapshot(session, snapshot_id, actor)
    set_etag(response, row.version)
    return SnapshotAnswer.of(row, actor)


def figure_answer(row: Row[Any]) -> FigureAnswer:
    """Show a figure as it was found."""
    found = FrozenFigure.of(row)
    return FigureAnswer.of(
        found.figure,
        found.indicator,
        found.part,
        found.rule,
        organisation=found.organisation,
        formula=formula(found.indicator, found.part.target, found.figure.measure),
    )
