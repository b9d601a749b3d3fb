"""Keep what other services tell of one thing, and with it the figures of every indicator it counts for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.tables import reference
from targets.actions.compute_value import Addition, add_to_figures
from targets.domain.event_items import Facts
from targets.domain.event_rules import Share, changes, shares
from targets.queries.event_items import ItemKey, find_contributions, find_item, read_facts, write_facts
from targets.queries.scope import ORGANISATION
from targets.seeds.resolution import indicator_id
from targets.tables import event_item

Change = Callable[[Any, UUID | None], Facts]
"""(facts, the organisation it counts for) → the facts after an event."""
Touched = Sequence[tuple[UUID, Sequence[UUID] | None, Facts]]
"""(item, path, facts as they are now)."""
# What stands already as it should is not written again.
_TAKE_AWAY = text(
    """
    DELETE FROM contribution c WHERE c.item_id = ANY(CAST(:items AS uuid[])) AND NOT EXISTS (
      SELECT FROM jsonb_to_recordset(:given) AS g(item_id uuid, indicator_id uuid, period text, numerator int,
                                                  denominator int, counted int, expected int)
       WHERE (g.item_id, g.indicator_id, g.period, g.numerator, g.denominator, g.counted, g.expected)
             = (c.item_id, c.indicator_id, c.period, c.numerator, c.denominator, c.counted, c.expected))
    """
).bindparams(bindparam("given", type_=JSONB))
_CONTRIBUTE = text(
    """
    INSERT INTO contribution
    SELECT g.* FROM jsonb_to_recordset(:given) AS g(item_id uuid, indicator_id uuid, period text, numerator int,
                                                    denominator int, counted int, expected int)
     WHERE NOT EXISTS (
       SELECT FROM contribution c WHERE c.item_id = g.item_id AND c.indicator_id = g.indicator_id)
    """
).bindparams(bindparam("given", type_=JSONB))
_OF_CASE = text("SELECT pg_advisory_xact_lock(hashtextextended('case:' || :case, 0))")


class ReferenceNotReady(ConnectionError):
    """The registry's organisations have not arrived here yet; a matter of the moment, so the event comes again."""


async def path_of(session: AsyncSession, organisation_id: UUID) -> list[UUID]:
    """Return an organisation and everyone above it, topmost first. Raises ReferenceNotReady until it is known here."""
    path = await session.scalar(
        select(reference.c.path).where(reference.c.kind == ORGANISATION, reference.c.id == organisation_id)
    )
    if path is None:
        raise ReferenceNotReady
    return list(path) or [organisation_id]


async def start_item(
    session: AsyncSession,
    key: ItemKey,
    facts: Facts,
    *,
    organisation_id: UUID | None,
    case_id: UUID | None = None,
    now: datetime,
) -> None:
    """Begin an item of an organisation, None when it is not known yet. Raises ReferenceNotReady."""
    path = None if organisation_id is None else await path_of(session, organisation_id)
    made = await session.scalar(
        insert(event_item)
        .values(
            id=key.id,
            kind=key.kind,
            subject_id=key.subject_id,
            addressee_id=key.addressee_id,
            case_id=case_id,
            organisation_id=organisation_id,
            path=path,
            facts=write_facts(facts),
            clock_on=facts.clock_on,
            changed_at=now,
        )
        .on_conflict_do_nothing()
        .returning(event_item.c.id)
    )
    if made is not None and shares(facts):
        await count_anew(session, [(key.id, path, facts)], now=now)


async def change_item(session: AsyncSession, key: ItemKey, change: Change, *, now: datetime) -> None:
    """Change an item by one event, and what it adds. Raises UnknownItem when it was never begun."""
    row = await find_item(session, key.id)
    before = read_facts(row.kind, row.facts)
    after = change(before, row.organisation_id)
    if after == before:
        return
    await session.execute(
        update(event_item)
        .where(event_item.c.id == row.id)
        .values(facts=write_facts(after), clock_on=after.clock_on, changed_at=now)
    )
    await count_anew(session, [(row.id, row.path, after)], now=now)


async def organisation_of_case(session: AsyncSession, case_id: UUID) -> UUID | None:
    """Return the body that presides over a case, None while the case is not known.

    Until the transaction ends nobody else begins this case or asks for it, so one of the two sees the other.
    """
    await session.execute(_OF_CASE, {"case": str(case_id)})
    statement = select(event_item.c.organisation_id).where(event_item.c.id == case_id, event_item.c.kind == "case")
    found: UUID | None = await session.scalar(statement)
    return found


async def place_recommendations(session: AsyncSession, case_id: UUID, organisation_id: UUID, *, now: datetime) -> None:
    """Give the recommendations that came before their case the body that presides over it. Raises ReferenceNotReady."""
    await session.execute(_OF_CASE, {"case": str(case_id)})
    path = await path_of(session, organisation_id)
    rows = await session.execute(
        update(event_item)
        .where(event_item.c.case_id == case_id, event_item.c.organisation_id.is_(None))
        .values(organisation_id=organisation_id, path=path, changed_at=now)
        .returning(event_item.c.id, event_item.c.kind, event_item.c.facts)
    )
    await count_anew(session, [(row.id, path, read_facts(row.kind, row.facts)) for row in rows.all()], now=now)


async def count_anew(session: AsyncSession, items: Touched, *, now: datetime) -> None:
    """Write what locked items add now, and move the figures by the difference to what they added before."""
    placed = [(item, path, shares(facts)) for item, path, facts in items if path is not None]
    if not placed:
        return
    stood = await find_contributions(session, [item for item, _, _ in placed])
    changed = [one for one in placed if one[2] != stood[one[0]]]
    if not changed:
        return
    additions: list[Addition] = []
    for item, path, new in changed:
        additions += spread(path, changes(stood[item], new))
    await write_contributions(session, {item: new for item, _, new in changed})
    await add_to_figures(session, additions, now=now)


async def write_contributions(session: AsyncSession, given: Mapping[UUID, Mapping[str, Share]]) -> None:
    """Let exactly these contributions stand for these items (two statements)."""
    rows = [
        {"item_id": str(item), "indicator_id": str(indicator_id(code)), **asdict(share)}
        for item, by_code in given.items()
        for code, share in by_code.items()
    ]
    await session.execute(_TAKE_AWAY, {"items": list(given), "given": rows})
    await session.execute(_CONTRIBUTE, {"given": rows})


def spread(path: Sequence[UUID], changed: Iterable[tuple[str, Share]]) -> list[Addition]:
    """Return the additions for an organisation, everyone above it, and the whole."""
    return [Addition(code, organisation, share) for code, share in changed for organisation in (*path, None)]
