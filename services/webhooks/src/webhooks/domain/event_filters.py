"""Which events an endpoint gets: exact types, or everything of a service with "feedback.*"."""

from collections.abc import Collection, Iterable

from webhooks.domain.errors import UnknownEventType


def check_filters(filters: Iterable[str], known: Collection[str]) -> list[str]:
    """Return the filters sorted and once each. Raises UnknownEventType. An empty list lets everything through."""
    wanted = sorted(set(filters))
    services = {name.split(".", 1)[0] for name in known}
    for entry in wanted:
        if entry not in known and not (entry.endswith(".*") and entry[:-2] in services):
            raise UnknownEventType
    return wanted


def patterns(event_type: str) -> list[str]:
    """Return the filter entries that let this event through."""
    return [event_type, f"{event_type.split('.', 1)[0]}.*"]
