"""Freeze the figures of a resolution for a review: copy every one with its origin, and draft the snapshot."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.domain.freezing import indicator_facts, places_of, reported_by
from targets.domain.periods import Period, parse_period
from targets.domain.snapshot import FORMAT, Content, Figure, Part, ResolutionFacts
from targets.domain.snapshot_refusals import NothingToFreeze, UnknownResolution, UnknownSnapshot
from targets.domain.snapshot_steps import DRAFT, ISSUED
from targets.domain.suppression import SmallCellRule
from targets.queries.calendar import terms_for
from targets.queries.indicators import find_targets
from targets.queries.snapshot_content import hash_of, to_json
from targets.queries.snapshot_judging import Judging
from targets.queries.snapshot_sources import Sources, find_resolution, find_rule, read_sources
from targets.tables import snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSnapshot:
    """What a snapshot is to be of."""

    kind: str
    title: str
    resolution: str
    periods: Sequence[str]
    supersedes: UUID | None = None


async def make_snapshot(session: AsyncSession, wanted: NewSnapshot, *, actor: Actor, now: datetime) -> UUID:
    """Draft a snapshot and return its id.

    Raises UnknownPeriod, UnknownResolution, UnknownSnapshot, NothingToFreeze (422) and Forbidden (403).
    """
    terms = await terms_for(session, *wanted.periods)
    spans = [parse_period(code, terms) for code in sorted(set(wanted.periods))]
    found = await find_resolution(session, wanted.resolution, actor)
    if found is None:
        raise UnknownResolution(errors=[{"field": "resolution", "code": "unknown_resolution"}])
    if not found.at_board:
        raise Forbidden
    if wanted.supersedes is not None:
        await _check_superseded(session, wanted.supersedes, found.id)
    rule = await find_rule(session, local_date(now))
    sources = await read_sources(session, found.id, spans)
    targets = await find_targets(session, [row.id for row in sources.indicators])
    # A second of arithmetic for a whole resolution: beside the loop, so that other requests go on.
    stored = await asyncio.to_thread(_stored, found, spans, rule, sources, targets, local_date(now))
    if not stored["parts"]:
        raise NothingToFreeze
    sha256 = await asyncio.to_thread(hash_of, stored)
    made = await session.execute(
        insert(snapshot)
        .values(
            kind=wanted.kind,
            title=wanted.title,
            resolution_id=found.id,
            periods=[span.code for span in spans],
            supersedes=wanted.supersedes,
            status=DRAFT,
            version=1,
            made_at=now,
            made_by=actor.id,
            content=stored,
            sha256=sha256,
        )
        .returning(snapshot.c.id)
    )
    snapshot_id: UUID = made.scalar_one()
    await audit.write(
        session,
        action="snapshot.make",
        subject_type="snapshot",
        subject_id=snapshot_id,
        actor=actor,
        now=now,
        details={"kind": wanted.kind, "periods": [span.code for span in spans], "sha256": sha256, "version": 1},
    )
    return snapshot_id


async def _check_superseded(session: AsyncSession, snapshot_id: UUID, resolution_id: UUID) -> None:
    statement = select(snapshot.c.id).where(
        snapshot.c.id == snapshot_id, snapshot.c.resolution_id == resolution_id, snapshot.c.status == ISSUED
    )
    if (await session.execute(statement)).one_or_none() is None:
        raise UnknownSnapshot(errors=[{"field": "supersedes", "code": "unknown_snapshot"}])


def _stored(
    resolution: Any,
    spans: Sequence[Period],
    rule: SmallCellRule,
    sources: Sources,
    targets: Mapping[UUID, Sequence[Any]],
    today: date,
) -> dict[str, Any]:
    """Put the content together as it is stored."""
    judging = Judging(sources, today)
    parts: list[Part] = []
    figures: dict[str, Figure] = {}
    for row in sources.indicators:
        for span in filter(partial(reported_by, row), spans):
            part, found = judging.freeze(row, span, targets.get(row.id, []))
            parts.append(part)
            figures |= {figure.key: figure for figure in found}
    named = {figure.organisation for figure in figures.values()} | {one for part in parts for one in part.missing}
    content = Content(
        format=FORMAT,
        resolution=ResolutionFacts(resolution.number, resolution.title, resolution.issued_on, resolution.issued_by),
        periods=tuple(span.code for span in spans),
        made_on=today,
        rule=rule,
        indicators=tuple(map(indicator_facts, sources.indicators)),
        parts=tuple(parts),
        places=places_of([one for one in sources.organisations if str(one.id) in named]),
        figures=figures,
    )
    return to_json(content)
