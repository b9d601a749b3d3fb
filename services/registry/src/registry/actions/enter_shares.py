"""Enter or correct which share of a unit or a body went to each of those that took a part of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from registry import publish
from registry.actions.keep_word import keep_word
from registry.actions.refused_history import told
from registry.domain.history_errors import NotItsSuccessor, WholeHasNoShare
from registry.domain.unit_shares import UNKNOWN, BodyShare, Known, inherited
from registry.queries.history import Thing
from registry.queries.shares import split_bodies, successors
from registry.tables import OrganisationSuccession, UnitSuccession
from servicekit import audit
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.outbox import record
from servicekit.scalars import write_exact

Succession = UnitSuccession | OrganisationSuccession
_PARTS = ("part", "remainder", "SPLIT")


@dataclass(frozen=True, slots=True)
class _Word:
    """Who says it, why (a code) and when."""

    actor: Actor
    reason: str
    now: datetime


def shares_version(successions: Iterable[Succession]) -> int:
    """Return the version of all shares of one predecessor: each change of one of them raises it."""
    return sum(succession.version for succession in successions)


async def enter_shares(
    session: AsyncSession,
    thing: Thing,
    predecessor: UUID,
    shares: Mapping[UUID, Known],
    *,
    expected: int,
    reason: str,
    actor: Actor,
    now: datetime,
) -> list[Any]:
    """Store shares by successor and return rows (succession, successor); those not named stay as they are.

    What the bodies of a unit have no share of their own for follows (`domain/unit_shares.py`).
    Raises NotFound, StaleVersion, NotItsSuccessor, WholeHasNoShare, SharesAboveWhole.
    """
    # As a restructuring does: one at a time, each checked against what the one before has left.
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('registry.restructure'))"))
    rows = list(await successors(session, thing, predecessor))
    successions = {row[0].successor_id: row[0] for row in rows}
    if shares_version(successions.values()) != expected:
        raise StaleVersion
    by = _Word(actor, reason, now)
    for place, (successor, known) in enumerate(shares.items()):
        succession = successions.get(successor)
        if succession is None:
            raise NotItsSuccessor(errors=[{"field": f"body.shares.{place}.successor_id", "code": NotItsSuccessor.code}])
        if _kind(succession) not in _PARTS:
            raise WholeHasNoShare(errors=[{"field": f"body.shares.{place}.ratio", "code": WholeHasNoShare.code}])
        await _say(session, succession, known, own=known != UNKNOWN, by=by)
    await _let_bodies_follow(session, thing, predecessor, by)
    try:
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # the sum is the database's to judge
    except DBAPIError as error:
        raise told(error) from error
    return rows


async def _say(session: AsyncSession, succession: Succession, known: Known, *, own: bool, by: _Word) -> None:
    """Store what is known of one share, with all that a change leaves behind; what is said already is left alone."""
    before = _known(succession)
    is_body = isinstance(succession, OrganisationSuccession)
    inherits = is_body and not own and known != UNKNOWN
    if known == before and getattr(succession, "inherited", False) == inherits:
        return
    keep_word(session, succession, by.now)
    succession.ratio, succession.ratio_source = known.ratio, known.ratio_source
    if isinstance(succession, OrganisationSuccession):
        succession.inherited = inherits
    succession.version += 1
    await session.flush()
    noun = "organisation_succession" if is_body else "unit_succession"
    await audit.write(
        session,
        action=f"{noun}.share_{'inherited' if inherits else 'entered'}",
        subject_type=noun,
        subject_id=succession.id,
        actor=by.actor,
        now=by.now,
        reason=by.reason,
        details={"version": succession.version, "ratio_before": _digits(before), "ratio": _digits(known)},
    )
    if is_body:
        await record(session, event=publish.changed("organisation_succession", succession), now=by.now)


async def _let_bodies_follow(session: AsyncSession, thing: Thing, predecessor: UUID, by: _Word) -> None:
    found = await split_bodies(session, thing, predecessor)
    shares = [
        BodyShare(row[0].id, row[0].predecessor_id, _known(row[0]), row[0].inherited, _known(row)) for row in found
    ]
    follow = inherited(shares)
    for row in found:
        if row[0].id in follow:
            await _say(session, row[0], follow[row[0].id], own=False, by=by)
        elif row[0].inherited:
            await _say(session, row[0], UNKNOWN, own=False, by=by)


def _kind(succession: Succession) -> str:
    return succession.share if isinstance(succession, UnitSuccession) else succession.kind


def _known(row: Any) -> Known:
    return Known(row.ratio, row.ratio_source)


def _digits(known: Known) -> str | None:
    return None if known.ratio is None else write_exact(known.ratio)
