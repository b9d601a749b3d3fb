"""Who may call what; whether a role counts for the report at hand is decided beside the row.

Dependencies run in the order of a route's signature, so `actor` stands first: nobody unknown learns more than 401.
"""

from typing import Annotated

from fastapi import Depends, Request

from servicekit.identity import Actor, allow
from servicekit.service import Runtime

monitoring = allow("monitoring_officer")
entering = allow("reporter", "front_officer")
"""Named, because routes with an Idempotency-Key ask them before they claim the key: first who, then what."""
SignedIn = Annotated[Actor, allow()]
MonitoringOfficer = Annotated[Actor, monitoring]
Entering = Annotated[Actor, entering]
Verifier = Annotated[Actor, allow("verifier")]
Approver = Annotated[Actor, allow("approver")]
Returning = Annotated[Actor, allow("verifier", "approver")]


async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


Process = Annotated[Runtime, Depends(_runtime)]
"""What this process holds: the read copies of calendar and rules."""
