"""What a section of a set-up file changes, and what every section needs of the request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from registry.passwords import SecretHasher
from servicekit.encryption import Keyring
from servicekit.identity import Actor

Kind = Literal["add", "change", "end", "same"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after, as shown to people; None where there was or will be nothing."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the shown difference; `shown_once` holds a code or secret that is kept nowhere."""

    section: str
    key: str
    kind: Kind
    differences: tuple[Difference, ...] = ()
    shown_once: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """Who sets up, when, and in which transaction."""

    session: AsyncSession
    actor: Actor
    now: datetime
    keyring: Keyring
    hasher: SecretHasher


def compared(section: str, key: str, pairs: Iterable[tuple[str, Any, Any]], *, new: bool = False) -> Change:
    """Return the line for a thing whose fields are (name, before, after); "same" when none differs."""
    differing = tuple(Difference(name, _text(before), _text(after)) for name, before, after in pairs if before != after)
    return Change(section, key, "add" if new else "change" if differing else "same", differing)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
