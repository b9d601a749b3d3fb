"""Take over items from their owner as it shows them, where the events are lost or too old."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import bindparam

from servicekit.events import source_of
from servicekit.tables import reference
from targets.actions.keep_item import ReferenceNotReady
from targets.domain.event_items import Facts
from targets.queries.event_items import ItemKey, write_facts
from targets.queries.scope import ORGANISATION
from targets.tables import event_item


@dataclass(frozen=True, slots=True)
class Shown:
    """One item as its owner shows it, and of which version of its subject."""

    key: ItemKey
    version: int
    organisation_id: UUID
    facts: Facts
    case_id: UUID | None = None


# The inbox goes on after these versions. The rows are locked, so no event of these subjects is applied meanwhile.
_PROGRESS: Final = text(
    """
    INSERT INTO inbox_progress AS p (consumer, source, subject, sequence)
    SELECT :consumer, :source, s.subject, s.sequence
      FROM unnest(CAST(:subjects AS uuid[]), CAST(:versions AS int[])) AS s(subject, sequence) ORDER BY s.subject
    ON CONFLICT (consumer, source, subject) DO UPDATE SET sequence = GREATEST(p.sequence, excluded.sequence)
    RETURNING p.subject, COALESCE(old.sequence, 0) AS before
    """
)
# The body an item counts for, and what was above it, stay as they were when it came. A first due day the owner no
# longer knows is kept.
_STORE: Final = text(
    """
    INSERT INTO event_item AS i (id, kind, subject_id, addressee_id, case_id, organisation_id, path, facts, clock_on,
                                 changed_at)
    SELECT d.*, :now FROM jsonb_to_recordset(:shown) AS d(id uuid, kind text, subject_id uuid, addressee_id uuid,
                          case_id uuid, organisation_id uuid, path uuid[], facts jsonb, clock_on date)
    ON CONFLICT (id) DO UPDATE
       SET case_id = COALESCE(i.case_id, excluded.case_id),
           organisation_id = COALESCE(i.organisation_id, excluded.organisation_id),
           path = COALESCE(i.path, excluded.path),
           facts = excluded.facts || CASE WHEN excluded.facts ? 'answered_on' AND NOT excluded.facts ? 'due_on'
                     THEN jsonb_strip_nulls(jsonb_build_object('due_on', i.facts -> 'due_on')) ELSE '{}' END,
           clock_on = excluded.clock_on, changed_at = excluded.changed_at
    """
).bindparams(bindparam("shown", type_=JSONB))


async def take_over(session: AsyncSession, shown: Sequence[Shown], *, consumer: str, owner: str, now: datetime) -> int:
    """Store one page of items and return how many; figures follow by `recompute`.

    What an event has moved on meanwhile stays as it is. Raises ReferenceNotReady for an organisation not known here.
    """
    if not shown:
        return 0
    versions = {one.key.subject_id: one.version for one in shown}
    rows = await session.execute(
        _PROGRESS,
        {
            "consumer": consumer,
            "source": source_of(owner),
            "subjects": list(versions),
            "versions": list(versions.values()),
        },
    )
    newer = {row.subject for row in rows.all() if row.before > versions[row.subject]}
    taken = [one for one in shown if one.key.subject_id not in newer]
    paths = await _paths(session, {one.organisation_id for one in taken})
    await session.execute(_STORE, {"shown": [_row(one, paths) for one in taken], "now": now})
    if newer:
        await session.execute(update(event_item).where(event_item.c.subject_id.in_(newer)).values(changed_at=now))
    return len(taken)


async def forget_others(session: AsyncSession, kind: str, *, now: datetime) -> int:
    """Delete the items of a kind that their owner did not show in the run of `now`, and return how many."""
    statement = delete(event_item).where(event_item.c.kind == kind, event_item.c.changed_at < now)
    gone = await session.execute(statement.returning(event_item.c.id))
    return len(gone.all())


async def _paths(session: AsyncSession, organisations: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    wanted = set(organisations)
    statement = select(reference.c.id, reference.c.path).where(
        reference.c.kind == ORGANISATION, reference.c.id.in_(wanted)
    )
    found = {row.id: list(row.path) or [row.id] for row in (await session.execute(statement)).all()}
    if found.keys() < wanted:
        raise ReferenceNotReady
    return found


def _row(one: Shown, paths: dict[UUID, list[UUID]]) -> dict[str, Any]:
    key, clock_on = one.key, one.facts.clock_on
    return {
        "id": str(key.id),
        "kind": key.kind,
        "subject_id": str(key.subject_id),
        "addressee_id": None if key.addressee_id is None else str(key.addressee_id),
        "case_id": None if one.case_id is None else str(one.case_id),
        "organisation_id": str(one.organisation_id),
        "path": [str(step) for step in paths[one.organisation_id]],
        "facts": write_facts(one.facts),
        "clock_on": None if clock_on is None else clock_on.isoformat(),
    }
