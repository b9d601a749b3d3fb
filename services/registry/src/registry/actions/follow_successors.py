"""People and systems of a body that goes on under another name or parent go on with it."""

from collections import Counter
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.restructuring import Plan
from servicekit import audit
from servicekit.db import fetch
from servicekit.identity import Actor


async def let_accounts_follow(session: AsyncSession, made: Plan, day: date, *, actor: Actor, now: datetime) -> None:
    """Give the successor of each renamed or moved body its roles from that day on, and its accounts and clients.

    Only where one body goes on as one: who of two merged ones may do what in the new one is for a person to decide.
    """
    formed_from = Counter(link.successor_id for link in made.links)
    for link in made.links:
        if link.kind not in ("RENAME", "CONTINUE") or formed_from[link.successor_id] != 1:
            continue
        pair = link.predecessor_id, link.successor_id
        # Done by the house: who restructures need not be allowed to see everybody who holds a role there.
        [followed] = await fetch(session, "SELECT * FROM follow_successor($1, $2, $3, $4)", *pair, day, now)
        if followed["roles"] or followed["holders"]:
            await audit.write(
                session,
                action="organisation.holders_followed",
                subject_type="organisation",
                subject_id=link.successor_id,
                actor=actor,
                now=now,
                details=dict(followed),
            )
