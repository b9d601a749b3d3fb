"""People and systems of a body that goes on under another name or parent go on with it."""

from collections import Counter
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from registry.domain.restructuring import Plan
from servicekit import audit
from servicekit.identity import Actor

_GRANTS: Final = text(
    """
    INSERT INTO role_grant
      (id, account_id, api_client_id, role, organisation_id, valid_from, valid_to, granted_by, created_at)
    SELECT gen_random_uuid(), g.account_id, g.api_client_id, g.role, CAST(:after AS uuid), greatest(g.valid_from, :day),
           g.valid_to, :actor, :now
      FROM role_grant g
     WHERE g.organisation_id = :before AND g.ended_at IS NULL AND (g.valid_to IS NULL OR g.valid_to >= :day)
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_HOLDERS: Final = (
    text(
        "UPDATE account SET organisation_id = :after, version = version + 1"
        " WHERE organisation_id = :before RETURNING id"
    ),
    text(
        "UPDATE api_client SET organisation_id = :after, version = version + 1"
        " WHERE organisation_id = :before RETURNING id"
    ),
)


async def let_accounts_follow(session: AsyncSession, made: Plan, day: date, *, actor: Actor, now: datetime) -> None:
    """Give the successor of each renamed or moved body its roles from that day on, and its accounts and clients.

    Only where one body goes on as one: who of two merged ones may do what in the new one is for a person to decide.
    """
    formed_from = Counter(link.successor_id for link in made.links)
    for link in made.links:
        if link.kind not in ("RENAME", "CONTINUE") or formed_from[link.successor_id] != 1:
            continue
        pair = {"before": link.predecessor_id, "after": link.successor_id}
        roles = (await session.execute(_GRANTS, pair | {"day": day, "actor": actor.id, "now": now})).all()
        holders = [row for statement in _HOLDERS for row in (await session.execute(statement, pair)).all()]
        if roles or holders:
            await audit.write(
                session,
                action="organisation.holders_followed",
                subject_type="organisation",
                subject_id=link.successor_id,
                actor=actor,
                now=now,
                details={"roles": len(roles), "holders": len(holders)},
            )
