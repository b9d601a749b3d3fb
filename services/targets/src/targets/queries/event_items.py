"""Reads of what other services told of one thing, and of the items behind a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from pydantic import TypeAdapter
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.catalogue import CATALOGUE
from servicekit.pages import Window
from targets.domain.event_items import KINDS, Facts, known
from targets.domain.event_rules import RULES, Share
from targets.seeds.resolution import indicator_id
from targets.tables import contribution, event_item

FIRST_EVENTS: Final[Mapping[str, str]] = {
    "submission": "feedback.submission.received.v1",
    "case": "oversight.case.opened.v1",
    "recommendation": "oversight.recommendation.served.v1",
    "draft": "oversight.draft.received.v1",
    "criticism": "oversight.criticism.issued.v1",
    "opinion": "oversight.opinion.accepted.v1",
}
"""With which event an item of a kind begins."""
CODES: Final[Mapping[UUID, str]] = {indicator_id(code): code for code in RULES}
_READERS: Final[dict[str, TypeAdapter[Any]]] = {kind: TypeAdapter(facts) for kind, facts in KINDS.items()}


class UnknownItem(Exception):
    """A thing of whose beginning no event ever told."""


@dataclass(frozen=True, slots=True)
class ItemKey:
    """Which thing an item is about: what the event's subject is, and for recommendations which addressee."""

    kind: str
    subject_id: UUID
    addressee_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """The item's own id, which follows from the thing."""
        return self.subject_id if self.addressee_id is None else uuid5(self.subject_id, str(self.addressee_id))


def told_by_nobody(code: str) -> bool:
    """Say whether an indicator is made of events that no service tells yet."""
    rule = RULES.get(code)
    return rule is not None and not CATALOGUE[FIRST_EVENTS[rule[0].kind]].told


def read_facts(kind: str, stored: Mapping[str, Any]) -> Facts:
    """Return stored facts as the rules read them."""
    facts: Facts = _READERS[kind].validate_python(stored)
    return facts


def write_facts(facts: Facts) -> dict[str, Any]:
    """Return facts as they are stored: only what is known."""
    kept = known(facts)
    return {name: value for name, value in _READERS[facts.kind].dump_python(facts, mode="json").items() if name in kept}


async def find_item(session: AsyncSession, item_id: UUID) -> Row[Any]:
    """Return an item, locked until the transaction ends. Raises UnknownItem."""
    row = (await session.execute(select(event_item).where(event_item.c.id == item_id).with_for_update())).one_or_none()
    if row is None:
        raise UnknownItem
    return row


async def find_contributions(session: AsyncSession, item_ids: Sequence[UUID]) -> dict[UUID, dict[str, Share]]:
    """Return what these items add, by item and indicator."""
    found: dict[UUID, dict[str, Share]] = {item_id: {} for item_id in item_ids}
    statement = select(contribution).where(contribution.c.item_id == func.any(list(item_ids)))
    for row in (await session.execute(statement)).all():
        share = Share(row.period, row.numerator, row.denominator, row.counted, row.expected)
        found[row.item_id][CODES[row.indicator_id]] = share
    return found


async def list_items(
    session: AsyncSession, window: Window, *, indicator_id: UUID, period: str, organisation_id: UUID | None
) -> Sequence[Row[Any]]:
    """Return one page of the visible items behind a figure, of the whole or of one organisation (one statement)."""
    share = (contribution.c.numerator, contribution.c.denominator, contribution.c.counted, contribution.c.expected)
    statement = (
        select(event_item, *share)
        .join(contribution, contribution.c.item_id == event_item.c.id)
        .where(contribution.c.indicator_id == indicator_id, contribution.c.period == period)
    )
    if organisation_id is not None:
        statement = statement.where(event_item.c.path.contains([organisation_id]))
    return (await session.execute(window.select(statement, [event_item.c.id]))).all()
