"""Requests that can be asked without being done: the same checks, nothing stored, the Idempotency-Key left free."""

from typing import Annotated

from fastapi import Query, Request

from servicekit.clock import Now
from servicekit.db import WriteSession
from servicekit.idempotency import TheKey, claim_key
from servicekit.text import FlagParam

DryRun = Annotated[FlagParam, Query(description="Answer what it would come to and every problem, and store nothing.")]


async def claim_unless_dry(
    request: Request, session: WriteSession, now: Now, key: TheKey, dry_run: DryRun = False
) -> None:
    """Claim the key, but for a dry run: the real one has the same body."""
    if not dry_run:
        await claim_key(request, session, now, key)
