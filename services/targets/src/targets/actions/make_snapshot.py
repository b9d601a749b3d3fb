"""Freeze the figures of a resolution for a review: copy every one with its origin, and draft the snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.domain.freezing import figure_of, grouped, indicator_facts, part_of, places_of, reported_by
from targets.domain.periods import parse_period
from targets.domain.snapshot import FORMAT, Content, Figure, Part, ReportBehind, ResolutionFacts
from targets.domain.snapshot_refusals import NothingToFreeze, UnknownResolution, UnknownSnapshot
from targets.domain.snapshot_steps import DRAFT, ISSUED
from targets.domain.suppression import SmallCellRule
from targets.queries.indicators import as_target, ended_before, find_targets, target_on
from targets.queries.snapshot_content import hash_of, to_json
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
    codes = sorted({parse_period(code).code for code in wanted.periods})
    found = await find_resolution(session, wanted.resolution, actor)
    if found is None:
        raise UnknownResolution(errors=[{"field": "resolution", "code": "unknown_resolution"}])
    if not found.at_board:
        raise Forbidden
    if wanted.supersedes is not None:
        await _check_superseded(session, wanted.supersedes, found.id)
    rule = await find_rule(session)
    sources = await read_sources(session, found.id, codes)
    content = await _content(session, found, codes, rule, sources, local_date(now))
    if not content.parts:
        raise NothingToFreeze
    stored = to_json(content)
    sha256 = hash_of(stored)
    made = await session.execute(
        insert(snapshot)
        .values(
            kind=wanted.kind,
            title=wanted.title,
            resolution_id=found.id,
            periods=codes,
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
        details={"kind": wanted.kind, "periods": codes, "sha256": sha256, "version": 1},
    )
    return snapshot_id


async def _check_superseded(session: AsyncSession, snapshot_id: UUID, resolution_id: UUID) -> None:
    statement = select(snapshot.c.id).where(
        snapshot.c.id == snapshot_id, snapshot.c.resolution_id == resolution_id, snapshot.c.status == ISSUED
    )
    if (await session.execute(statement)).one_or_none() is None:
        raise UnknownSnapshot(errors=[{"field": "supersedes", "code": "unknown_snapshot"}])


async def _content(
    session: AsyncSession,
    resolution: Any,
    codes: Sequence[str],
    rule: SmallCellRule,
    sources: Sources,
    today: date,
) -> Content:
    targets = await find_targets(session, [row.id for row in sources.indicators])
    opened = {(row.indicator_id, row.code): row for row in sources.periods}
    owing = grouped((row.period_id, row) for row in sources.reports)
    summed = grouped(((row.indicator_id, row.period), row) for row in sources.figures)
    parts: list[Part] = []
    figures: dict[str, Figure] = {}
    for row in sources.indicators:
        versions = targets.get(row.id, [])
        for code in codes:
            span = parse_period(code)
            if not reported_by(row, span):
                continue
            period = opened.get((row.id, code))
            owed = owing.get(period.id, []) if period else []
            behind = grouped(
                (one.organisation_id, ReportBehind(str(one.id), one.version, str(one.organisation_id)))
                for one in owed
                if one.id is not None
            )
            target = target_on(versions, span.last_day)
            status = "computed" if row.source != "reports" else period.status if period else "not_opened"
            missing = [one.organisation_id for one in owed if one.id is None]
            parts.append(part_of(row, code, status, target, missing))
            for one in summed.get((row.id, code), []):
                figure = figure_of(
                    one,
                    row,
                    as_target(target),
                    behind.get(one.organisation_id, []),
                    sources.disputes.get((row.id, code, one.organisation_id), ()),
                    ended_before=ended_before(versions, span.first_day),
                    today=today,
                )
                figures[figure.key] = figure
    return Content(
        format=FORMAT,
        resolution=ResolutionFacts(resolution.number, resolution.title, resolution.issued_on, resolution.issued_by),
        periods=tuple(codes),
        made_on=today,
        rule=rule,
        indicators=tuple(map(indicator_facts, sources.indicators)),
        parts=tuple(parts),
        places=places_of(sources.organisations),
        figures=figures,
    )
