"""Who may call what; whether a role counts for the report at hand is decided beside the row.

Dependencies run in the order of a route's signature, so `actor` stands first: nobody unknown learns more than 401.
"""

from typing import Annotated

from fastapi import Depends, Request

from servicekit.identity import Actor, allow
from servicekit.law_book import Law
from targets.domain.dispute_steps import ANSWERING, DECIDING, RAISING
from targets.domain.roles import READERS

monitoring = allow("monitoring_officer")
entering = allow("reporter", "front_officer")
raising = allow(*sorted(RAISING))
"""Named, because routes with an Idempotency-Key ask them before they claim the key: first who, then what."""
Reader = Annotated[Actor, allow(*sorted(READERS))]
MonitoringOfficer = Annotated[Actor, monitoring]
Entering = Annotated[Actor, entering]
Verifier = Annotated[Actor, allow("verifier")]
Approver = Annotated[Actor, allow("approver")]
Raising = Annotated[Actor, raising]
Answering = Annotated[Actor, allow(*sorted(ANSWERING))]
Deciding = Annotated[Actor, allow(*sorted(DECIDING))]
Returning = Annotated[Actor, allow("verifier", "approver")]


async def _law(request: Request) -> Law:
    law: Law = request.app.state.runtime.part("law")
    return law


TheLaw = Annotated[Law, Depends(_law)]
"""The registry's deadline rules and calendar, as far as they are known here."""
