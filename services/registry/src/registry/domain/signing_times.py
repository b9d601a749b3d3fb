"""Which signing key signs at a moment, and which are published: each key signs from its time until the next one's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol, TypeVar


class Timed(Protocol):
    """Something that signs from a moment on."""

    @property
    def signs_from(self) -> datetime:
        """The first moment."""


Key = TypeVar("Key", bound=Timed)


def signing(keys: Sequence[Key], now: datetime) -> Key:
    """Return the key that signs now: the latest that has begun, or the first of all while none has."""
    ordered = sorted(keys, key=lambda key: key.signs_from)
    begun = [key for key in ordered if key.signs_from <= now]
    return begun[-1] if begun else ordered[0]


def published(keys: Sequence[Key], now: datetime, *, tokens_live: timedelta) -> list[Key]:
    """Return the keys that verify: the signing one, those still to come, and those whose last token may live yet."""
    current = signing(keys, now)
    ordered = sorted(keys, key=lambda key: key.signs_from)
    coming = [key for key in ordered if key.signs_from > now and key is not current]
    former = [
        key
        for key, successor in pairwise(ordered)
        if key is not current and key not in coming and successor.signs_from + tokens_live > now
    ]
    return [current, *coming, *former]
