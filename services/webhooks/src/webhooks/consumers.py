"""Every event that may leave the house becomes deliveries; the registry's facts are copied besides."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.catalogue import CATALOGUE
from servicekit import reference
from servicekit.inbox import Consumer, Event, Handler
from webhooks.actions.queue_deliveries import queue_deliveries

SOURCES = ("registry", "targets", "feedback", "oversight")
REFERENCES = ("organisation", "organisation_succession", "unit", "calendar_day", "calendar_year", "deadline_rule")
"""Every kind, though only organisations are asked for: what the registry was seeded with makes no event, and without
the snapshot's versions the first change of such a fact would look like a gap."""
_COPIES = reference.handlers(REFERENCES)


async def deliver(session: AsyncSession, event: Event, now: datetime) -> None:
    """Queue an event; a registry fact this service keeps a copy of is copied in the same transaction."""
    copy = _COPIES.get(event.type)
    if copy is not None:
        await copy(session, event, now)
    await queue_deliveries(session, event, now)


def _handlers(source: str) -> dict[str, Handler]:
    return {event.name: deliver for event in CATALOGUE.values() if event.outside and event.owner == source}


CONSUMERS = tuple(Consumer(f"webhooks-{source}", source.upper(), _handlers(source)) for source in SOURCES)
