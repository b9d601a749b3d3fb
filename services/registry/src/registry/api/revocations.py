"""Whose access ended before their tokens did, for every process of the house that verifies tokens."""

from typing import Annotated

from fastapi import Query

from registry.api.access import HouseService
from registry.domain.revocation import RevocationReason
from registry.queries.access import revocations_since
from servicekit.clock import Now
from servicekit.db import ReadSession
from servicekit.routes import new_router
from servicekit.text import Answer, Coded, Instant, Uuid

router = new_router("registry", "revocations")


class RevocationAnswer(Answer):
    """A session's tokens are no good; without a session, those of the account or client issued before the moment."""

    subject_id: Uuid
    session_id: Uuid | None
    revoked_at: Instant
    expires_at: Instant
    reason: RevocationReason


class RevocationsAnswer(Answer):
    """What was revoked since the cursor (some may repeat), and the cursor to ask with next."""

    items: list[RevocationAnswer]
    cursor: str


@router.get("/revocations")
async def list_revocations(
    session: ReadSession,
    _: HouseService,
    now: Now,
    since: Annotated[str | None, Coded(r"[0-9]{1,18}", max_length=18), Query()] = None,
) -> RevocationsAnswer:
    """Return whose access was revoked since the cursor of an earlier answer; without one, all that still counts."""
    rows, cursor = await revocations_since(session, int(since) if since else None, now)
    return RevocationsAnswer(items=[RevocationAnswer.model_validate(row) for row in rows], cursor=str(cursor))
