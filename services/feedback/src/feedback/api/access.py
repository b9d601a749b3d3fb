"""Who may call what, and the parts of the process a route hands to its action."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from feedback.domain.intake import REVEALERS, STAFF
from feedback.queries.directory import Directory
from feedback.sealing import Keys
from servicekit.db import Database
from servicekit.files import FileStore
from servicekit.identity import Actor, allow
from servicekit.law_book import Law

Staff = Annotated[Actor, allow(*STAFF)]
"""Anybody who works on submissions; which ones they see is decided in SQL."""
Intake = Annotated[Actor, allow("intake_officer", "front_officer")]
"""Cán bộ tiếp nhận: classifies, accepts, guides out, assigns."""
Head = Annotated[Actor, allow("head")]
"""Người đứng đầu: refuses."""
Answerer = Annotated[Actor, allow("handler", "head")]
"""Answers for the body that holds the item."""
Revealer = Annotated[Actor, allow(*sorted(REVEALERS))]
"""May look at who sent something, with a reason."""
HouseService = Annotated[Actor, allow("service")]
"""Another service of the house."""


@dataclass(frozen=True, slots=True)
class Office:
    """What one process of this service shares between its requests; made once at the start."""

    database: Database
    """For the two hottest routes, which are one statement; the others take a session."""
    keys: Keys
    files: FileStore
    law: Law
    directory: Directory
    issuer: str
    event_delay_seconds: int
    wake: Callable[[], None]
    """Tells the relay that something was committed, where no `WriteSession` does."""

    def event_delay(self) -> timedelta:
        """Draw how long an anonymous sender's event waits, so that it cannot be lined up with an access log."""
        return timedelta(milliseconds=secrets.randbelow(self.event_delay_seconds * 1000 + 1))


async def _office(request: Request) -> Office:
    office: Office = request.app.state.runtime.parts["office"]
    return office


TheOffice = Annotated[Office, Depends(_office)]
