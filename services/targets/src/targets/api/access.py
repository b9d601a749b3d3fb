"""Who may call what; whether a role counts for the report at hand is decided beside the row.

Dependencies run in the order of a route's signature, so `actor` stands first: nobody unknown learns more than 401.
"""

from typing import Annotated

from fastapi import Depends, Request

from servicekit.files import FileStore
from servicekit.identity import Actor, allow
from servicekit.law_book import Law
from targets.api.dashboard_lines import KeptLines
from targets.domain.dispute_steps import ANSWERING, DECIDING, RAISING
from targets.domain.reopening_steps import ASKING
from targets.domain.roles import READERS
from targets.queries.lineage import LineageBook

monitoring = allow("monitoring_officer")
entering = allow("reporter", "front_officer")
raising = allow(*sorted(RAISING))
"""Named, because routes with an Idempotency-Key ask them before they claim the key: first who, then what."""
asking = allow(*sorted(ASKING))
Asking = Annotated[Actor, asking]
Reader = Annotated[Actor, allow(*sorted(READERS))]
MonitoringOfficer = Annotated[Actor, monitoring]
Entering = Annotated[Actor, entering]
verifying = allow("verifier")
approving = allow("approver")
returning = allow("verifier", "approver")
Verifier = Annotated[Actor, verifying]
Approver = Annotated[Actor, approving]
Returning = Annotated[Actor, returning]
Raising = Annotated[Actor, raising]
Answering = Annotated[Actor, allow(*sorted(ANSWERING))]
Deciding = Annotated[Actor, allow(*sorted(DECIDING))]


async def _law(request: Request) -> Law:
    law: Law = request.app.state.runtime.part("law")
    return law


async def _files(request: Request) -> FileStore:
    files: FileStore = request.app.state.runtime.part("files")
    return files


TheFiles = Annotated[FileStore, Depends(_files)]
"""Where evidence is kept, sealed."""
TheLaw = Annotated[Law, Depends(_law)]
"""The registry's deadline rules and calendar, as far as they are known here."""


async def _lineage(request: Request) -> LineageBook:
    lineage: LineageBook = request.app.state.runtime.part("lineage")
    return lineage


TheLineage = Annotated[LineageBook, Depends(_lineage)]
"""Who took over from whom, as far as the registry told."""


async def _lines(request: Request) -> KeptLines:
    lines: KeptLines = request.app.state.runtime.part("dashboard_lines")
    return lines


TheLines = Annotated[KeptLines, Depends(_lines)]
"""The lines of dashboards as they were last written."""
