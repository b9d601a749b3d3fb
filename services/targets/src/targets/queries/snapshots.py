"""Reads of snapshots: those of signed-in readers from the frozen content, those of everybody from its public view."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, case, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.domain.public_view import Published, public_view
from targets.domain.snapshot import Content
from targets.queries.scope import boards_of
from targets.queries.snapshot_content import from_json, hash_of, hidden_from_json, to_json
from targets.tables import published_snapshot, resolution, snapshot

_HEAD: Final = (
    *(column for column in snapshot.c if column.name not in ("content", "hidden", "resolution_id")),
    resolution.c.number.label("resolution"),
)
_PUBLIC_HEAD: Final = tuple(column for column in published_snapshot.c if column.name != "content")


@dataclass(frozen=True, slots=True)
class Frozen:
    """A snapshot with its content in one view; `sha256` is of this view."""

    row: Row[Any]
    content: Content
    sha256: str


async def find_snapshot(session: AsyncSession, snapshot_id: UUID, actor: Actor) -> Row[Any]:
    """Return a snapshot without its content, and the boards the actor holds a role at. Raises NotFound."""
    statement = (
        select(*_HEAD, boards_of(actor).label("boards"))
        .join(resolution, resolution.c.id == snapshot.c.resolution_id)
        .where(snapshot.c.id == snapshot_id)
    )
    return _one(await session.execute(statement))


async def list_snapshots(
    session: AsyncSession, window: Window, actor: Actor, *, kind: str | None, status: str | None
) -> Sequence[Row[Any]]:
    """Return one page of snapshots in the order they were made."""
    statement: Select[Any] = select(*_HEAD, boards_of(actor).label("boards")).join(
        resolution, resolution.c.id == snapshot.c.resolution_id
    )
    for column, value in ((snapshot.c.kind, kind), (snapshot.c.status, status)):
        if value is not None:
            statement = statement.where(column == value)
    rows: Sequence[Row[Any]] = (await session.execute(window.select(statement, [snapshot.c.id]))).all()
    return rows


async def find_frozen(session: AsyncSession, snapshot_id: UUID) -> Frozen:
    """Return a snapshot with its content as it was frozen. Raises NotFound."""
    statement = (
        select(*_HEAD, snapshot.c.content)
        .join(resolution, resolution.c.id == snapshot.c.resolution_id)
        .where(snapshot.c.id == snapshot_id)
    )
    row = _one(await session.execute(statement))
    return Frozen(row, from_json(row.content), row.sha256)


async def find_preview(session: AsyncSession, snapshot_id: UUID) -> Frozen:
    """Return what would be published of a snapshot, or was. Raises NotFound."""
    statement = (
        select(
            *_HEAD,
            snapshot.c.resolution_id,
            snapshot.c.content,
            published_snapshot.c.content.label("published"),
            published_snapshot.c.sha256.label("published_sha256"),
        )
        .join(resolution, resolution.c.id == snapshot.c.resolution_id)
        .outerjoin(published_snapshot, published_snapshot.c.snapshot_id == snapshot.c.id)
        .where(snapshot.c.id == snapshot_id)
    )
    row = _one(await session.execute(statement))
    if row.published is not None:
        return Frozen(row, from_json(row.published), row.published_sha256)
    earlier = await earlier_publications(session, row.resolution_id, row.periods, snapshot_id)
    content, _ = await asyncio.to_thread(public_view, from_json(row.content), earlier)
    return Frozen(row, content, hash_of(to_json(content)))


async def list_published(session: AsyncSession, window: Window) -> Sequence[Row[Any]]:
    """Return one page of what was published, in the order it was made."""
    statement = window.select(select(*_PUBLIC_HEAD), [published_snapshot.c.snapshot_id])
    return (await session.execute(statement)).all()


async def find_published_head(session: AsyncSession, snapshot_id: UUID) -> Row[Any]:
    """Return a published snapshot without its content. Raises NotFound, also for one that is not issued."""
    statement = select(*_PUBLIC_HEAD).where(published_snapshot.c.snapshot_id == snapshot_id)
    return _one(await session.execute(statement))


async def find_published(session: AsyncSession, snapshot_id: UUID) -> Frozen:
    """Return a published snapshot with its public content. Raises NotFound, also for one that is not issued."""
    statement = select(published_snapshot).where(published_snapshot.c.snapshot_id == snapshot_id)
    row = _one(await session.execute(statement))
    return Frozen(row, from_json(row.content), row.sha256)


# One figure with what explains it; the rest of the content stays in the database. The reports of an indicator stand at
# the organisations that gave them.
_FIGURE: Final = """
    WITH kept AS (
      SELECT content, content -> 'figures' -> :key AS figure FROM {table} WHERE {id} = :id
    ), named AS (
      SELECT *, jsonb_build_object('code', figure -> 'indicator', 'period', figure -> 'period') AS given FROM kept
    )
    SELECT figure, content -> 'rule' AS rule, content -> 'places' AS places,
           jsonb_path_query_first(content, '$.indicators[*] ? (@.code == $code)', given) AS indicator,
           jsonb_path_query_first(content, '$.parts[*] ? (@.indicator == $code && @.period == $period)', given) AS part,
           jsonb_path_query_array(
             content, '$.figures.* ? (@.indicator == $code && @.period == $period).reports[*]', given) AS reports
      FROM named
"""
_FROZEN_FIGURE: Final = text(_FIGURE.format(table="snapshot", id="id"))
_PUBLISHED_FIGURE: Final = text(_FIGURE.format(table="published_snapshot", id="snapshot_id"))


async def find_figure(session: AsyncSession, snapshot_id: UUID, key: str) -> Row[Any]:
    """Return one figure of a snapshot with what explains it. Raises NotFound."""
    return _found(await session.execute(_FROZEN_FIGURE, {"id": snapshot_id, "key": key}))


async def find_published_figure(session: AsyncSession, snapshot_id: UUID, key: str) -> Row[Any]:
    """Return one figure of a published snapshot in its public view. Raises NotFound."""
    return _found(await session.execute(_PUBLISHED_FIGURE, {"id": snapshot_id, "key": key}))


async def earlier_publications(
    session: AsyncSession, resolution_id: UUID, periods: Sequence[str], besides: UUID
) -> list[Published]:
    """Return what was issued of the same resolution before, oldest first, where the years meet."""
    code = func.unnest(snapshot.c.periods).column_valued("code")
    # A term names the year it begins in and the one it ends in.
    until = case((func.substr(code, 5, 1) == "T", func.right(code, 4)), else_=func.left(code, 4))
    first, last = min(one[:4] for one in periods), max(one[5:] if one[4:5] == "T" else one[:4] for one in periods)
    statement = (
        select(snapshot.c.content, snapshot.c.hidden)
        .where(
            snapshot.c.resolution_id == resolution_id,
            snapshot.c.status == "issued",
            snapshot.c.id != besides,
            exists().where(func.left(code, 4) <= last, until >= first),
        )
        .order_by(snapshot.c.issued_at, snapshot.c.id)
    )
    rows = (await session.execute(statement)).all()
    return [Published(from_json(row.content), hidden_from_json(row.hidden)) for row in rows]


def _one(result: Any) -> Row[Any]:
    row: Row[Any] | None = result.one_or_none()
    if row is None:
        raise NotFound
    return row


def _found(result: Any) -> Row[Any]:
    row = _one(result)
    if row.figure is None:
        raise NotFound
    return row
