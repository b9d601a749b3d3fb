"""The handler of an event that changes one item: which one, and how its facts are afterwards."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Fact
from servicekit.inbox import Event, Handler
from targets.actions.keep_item import change_item
from targets.domain.event_items import Facts
from targets.queries.event_items import ItemKey

F = TypeVar("F", bound=Fact)
I = TypeVar("I", bound=Facts)  # noqa: E741


def changes(kind: type[I], fact: type[F], change: Callable[[I, F, UUID | None], I]) -> Handler:
    """Return the handler that changes the item of the event's subject.

    `change` gets the facts so far, what the event says, and the organisation the item counts for. A fact that names one
    of several organisations of its subject (`organisation_id`) changes the item of that one.
    """

    async def handle(session: AsyncSession, event: Event, now: datetime) -> None:
        said = fact.model_validate(event.data)
        key = ItemKey(kind.kind, event.subject, getattr(said, "organisation_id", None))

        def applied(facts: Any, organisation: UUID | None) -> Facts:
            return change(facts, said, organisation)

        await change_item(session, key, applied, now=now)

    return handle
