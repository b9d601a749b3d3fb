"""Change what an endpoint wants, switch it on or off, or give it a new secret; each by compare-and-set."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.encryption import Keyring, seal
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import SYSTEM, decide
from servicekit.signatures import new_secret
from webhooks import publish, queries
from webhooks.actions.register_endpoint import secret_context
from webhooks.domain.endpoint_steps import ACTIVE, OWNERS, STEPS
from webhooks.domain.event_filters import check_filters
from webhooks.tables import Endpoint

OVERLAP = timedelta(hours=24)
"""How long the old secret still signs beside the new one."""


async def change_endpoint(
    session: AsyncSession,
    endpoint_id: UUID,
    *,
    expected: int,
    url: str | None,
    description: str | None,
    filters: Collection[str] | None,
    known_types: Collection[str],
    actor: Actor,
    now: datetime,
) -> Endpoint:
    """Change the given parts. Raises NotFound, StaleVersion or UnknownEventType."""
    await queries.one_endpoint(session, endpoint_id, actor.organisations(*OWNERS))
    wanted: dict[str, Any] = {"url": url, "description": description}
    wanted["filters"] = check_filters(filters, known_types) if filters is not None else None
    values = {name: value for name, value in wanted.items() if value is not None}
    endpoint = await _write(session, endpoint_id, expected, values)
    await _note(session, "endpoint.changed", endpoint_id, actor, now, {"fields": sorted(values)})
    return endpoint


async def switch_endpoint(
    session: AsyncSession, endpoint_id: UUID, action: str, *, expected: int, actor: Actor, now: datetime
) -> Endpoint:
    """Take the owner's step "enable", "disable" or "delete". Raises NotFound, StepNotAllowed or StaleVersion."""
    endpoint = await queries.one_endpoint(session, endpoint_id, actor.organisations(*OWNERS))
    step = decide(STEPS, endpoint.status, action, actor.roles(), {})
    active = step.target == ACTIVE
    values: dict[str, Any] = {"status": step.target, "sequence": endpoint.sequence + 1, "failing_since": None}
    values["disabled_reason"] = None if active else "owner"
    changed = await _write(session, endpoint_id, expected, values)
    event = (
        publish.endpoint_enabled(endpoint_id, changed.sequence)
        if active
        else publish.endpoint_disabled(endpoint_id, changed.sequence, "owner")
    )
    await outbox.record(session, event=event, now=now)
    await _note(session, f"endpoint.{action}", endpoint_id, actor, now, {})
    return changed


async def give_up(session: AsyncSession, endpoint: Endpoint, reason: publish.Reason, now: datetime) -> None:
    """Switch an endpoint off because it is gone or failed for five days; does nothing when it already is."""
    if endpoint.status != ACTIVE:
        return
    step = decide(STEPS, endpoint.status, "give_up", {SYSTEM}, {})
    values = {"status": step.target, "disabled_reason": reason, "sequence": endpoint.sequence + 1}
    changed = await _write(session, endpoint.id, endpoint.version, values)
    await outbox.record(session, event=publish.endpoint_disabled(endpoint.id, changed.sequence, reason), now=now)
    await _note(session, "endpoint.give_up", endpoint.id, None, now, {"reason": reason})


async def rotate_secret(
    session: AsyncSession, keyring: Keyring, endpoint_id: UUID, *, expected: int, actor: Actor, now: datetime
) -> tuple[Endpoint, str]:
    """Give the endpoint a new secret; the old one signs beside it for a day. Raises NotFound or StaleVersion."""
    endpoint = await queries.one_endpoint(session, endpoint_id, actor.organisations(*OWNERS))
    secret = new_secret()
    values = {
        "secret_sealed": seal(keyring, secret, secret_context(endpoint_id)),
        "old_secret_sealed": endpoint.secret_sealed,
        "old_secret_until": now + OVERLAP,
    }
    changed = await _write(session, endpoint_id, expected, values)
    await _note(session, "endpoint.secret_rotated", endpoint_id, actor, now, {})
    return changed, secret


async def _write(session: AsyncSession, endpoint_id: UUID, expected: int, values: dict[str, Any]) -> Endpoint:
    change = (
        update(Endpoint)
        .where(Endpoint.id == endpoint_id, Endpoint.version == expected)
        .values(**values, version=expected + 1)
        .returning(Endpoint)
        .execution_options(populate_existing=True)
    )
    endpoint = (await session.execute(change)).scalar_one_or_none()
    if endpoint is None:
        raise StaleVersion
    return endpoint


async def _note(
    session: AsyncSession, action: str, endpoint_id: UUID, actor: Actor | None, now: datetime, details: dict[str, Any]
) -> None:
    await audit.write(
        session,
        action=action,
        subject_type="endpoint",
        subject_id=endpoint_id,
        actor=actor,
        now=now,
        details=details,
    )
