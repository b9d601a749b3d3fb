"""Who may call what; whether a role counts for the report at hand is decided beside the row."""

from typing import Annotated

from fastapi import Depends, Request

from servicekit.identity import Actor, allow
from servicekit.service import Runtime

SignedIn = Annotated[Actor, allow()]
MonitoringOfficer = Annotated[Actor, allow("monitoring_officer")]
Entering = Annotated[Actor, allow("reporter", "front_officer")]
Verifier = Annotated[Actor, allow("verifier")]
Approver = Annotated[Actor, allow("approver")]
Returning = Annotated[Actor, allow("verifier", "approver")]


async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


Process = Annotated[Runtime, Depends(_runtime)]
"""What this process holds: the read copies of calendar and rules."""
