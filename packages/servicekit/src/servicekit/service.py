"""What a service is made of, and what one running process of it holds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from sqlalchemy import MetaData

from servicekit.clock import Clock
from servicekit.db import Database
from servicekit.encryption import Keyring
from servicekit.identity import TokenVerifier
from servicekit.row_scope import Groups
from servicekit.settings import ServiceSettings

if TYPE_CHECKING:
    from servicekit.inbox import Consumer
    from servicekit.nats_bus import Bus
    from servicekit.outbox import Waker
    from servicekit.reference import ReferenceBook
    from servicekit.worker import Job

PublicRoutes = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Service:
    """The parts of one service; `public` names the (method, path) pairs that need no sign-in.

    `prepare` runs once per process before it serves: it may add to `Runtime.parts` what is this service's own
    (a file store, a signer) and may replace the token verifier (the registry verifies with its own keys).
    `commands` are this service's own of `python -m <service>`; each returns what is printed.
    `groups` are the groups of roles by which this service's row-level security asks (servicekit.row_scope).
    `commands` are the service's own besides those of servicekit.commands: each says in a line what it did.
    """

    name: str
    title: str
    settings: type[ServiceSettings]
    metadata: MetaData
    routers: tuple[APIRouter, ...]
    public: PublicRoutes
    consumers: "tuple[Consumer, ...]" = ()
    jobs: "tuple[Job, ...]" = ()
    references: tuple[str, ...] = ()
    groups: Groups = field(default_factory=dict)
    prepare: "Callable[[Runtime], Awaitable[None]] | None" = None
    commands: "Mapping[str, Callable[[Runtime], Awaitable[str]]]" = field(default_factory=dict)


@dataclass
class Runtime:
    """Everything one process of a service shares between its requests, consumers and jobs."""

    service: Service
    settings: Any
    database: Database
    clock: Clock
    keyring: Keyring
    verifier: TokenVerifier
    bus: "Bus"
    waker: "Waker"
    book: "ReferenceBook"
    health: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> Any:
        """Return what `prepare` stored under this name."""
        return self.parts[name]
