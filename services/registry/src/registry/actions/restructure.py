"""Restructure units and bodies on a day: one transaction in which all of it happens, or none."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from registry import publish
from registry.actions.end_access import revoke_holders
from registry.actions.follow_successors import let_accounts_follow
from registry.actions.refused_history import told
from registry.domain import ids
from registry.domain.errors import OutsideYourOrganisations
from registry.domain.organisation_kinds import split_name
from registry.domain.restructuring import Change, Link, Plan, Row
from registry.domain.restructuring_plan import plan
from registry.queries.restructuring import Reach, committees_at, reach
from registry.tables import Organisation, OrganisationSuccession, Unit, UnitSuccession
from servicekit import audit
from servicekit.identity import Actor
from servicekit.outbox import event_write, record
from servicekit.vietnamese import plain, sort_key
from servicekit.working_days import local_date
from servicekit.writes import write_together


@dataclass(frozen=True, slots=True)
class Restructuring:
    """What was decided: the day it takes effect, the instrument, how surely it was read, and the changes."""

    happened_on: date
    legal_basis: str
    confidence: str
    changes: tuple[Change, ...]


async def restructure(
    session: AsyncSession, wanted: Restructuring, *, dry_run: bool, actor: Actor, now: datetime
) -> tuple[Plan, dict[UUID, Row]]:
    """Return what the restructuring comes to, with every row it knows of; store it unless this is a dry run.

    A dry run does all of it and takes it back, so that it is refused exactly when the real one would be.
    Raises OutsideYourOrganisations and the errors of `domain/history_errors.py`.
    """
    # One at a time: each is checked against what the one before has left.
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('registry.restructure'))"))
    found = await reach(session, wanted.changes, wanted.happened_on)
    rows = found.rows()
    digest = hashlib.sha256(repr(wanted).encode()).hexdigest()
    made = plan(wanted.changes, rows, wanted.happened_on, lambda number: ids.restructured_id(digest, number))
    await _check_access(session, made, rows, actor, wanted.happened_on)
    savepoint = await session.begin_nested()
    try:
        await _store(session, wanted, made, found, actor=actor, now=now)
        # The database has the last word, and before the answer is made.
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except DBAPIError as error:
        raise told(error) from error
    await (savepoint.rollback() if dry_run else savepoint.commit())
    return made, {**rows, **{row.id: row for row in made.started}}


async def _check_access(session: AsyncSession, made: Plan, rows: dict[UUID, Row], actor: Actor, on: date) -> None:
    """Bodies must stand at or below an organisation the actor administers; a unit is its people's committee's.

    What ends must stand below one: nobody renames or dissolves the own body, unless it stands at the top.
    """
    mine = actor.organisations("administrator")
    touched = [rows[each] for each in made.touched]
    if any(row.thing == "organisation" and mine.isdisjoint(row.path) for row in touched):
        raise OutsideYourOrganisations
    if any(row.thing == "organisation" and mine.isdisjoint(row.path[:-1] or row.path) for row in made.ended):
        raise OutsideYourOrganisations
    units = [row for row in touched if row.thing == "unit"]
    if units:
        committees = await committees_at(session, {step for unit in units for step in unit.path}, on)
        for unit in units:
            if all(mine.isdisjoint(committees.get(step, ())) for step in unit.path):
                raise OutsideYourOrganisations


async def _store(
    session: AsyncSession, wanted: Restructuring, made: Plan, found: Reach, *, actor: Actor, now: datetime
) -> None:
    ended: list[Unit | Organisation] = [(found.units | found.organisations)[row.id] for row in made.ended]
    for thing in ended:
        thing.valid_to = wanted.happened_on - timedelta(days=1)
        thing.ended_by = wanted.legal_basis
        thing.version += 1
    await session.flush()  # before anything begins in their place: the exclusion constraints are not deferred
    started = [_begun(row, wanted) for row in made.started]
    successions = [_succession(link, wanted) for link in made.links]
    for table in (Unit, Organisation, UnitSuccession, OrganisationSuccession):  # what is referred to goes first
        session.add_all([thing for thing in (*started, *successions) if isinstance(thing, table)])
        await session.flush()
    codes = {own: unit.code for own, unit in found.units.items()}
    codes |= {row.id: row.code for row in made.started if row.thing == "unit"}
    await _tell(session, ended, "ended", codes, actor=actor, now=now)
    await _tell(session, started, "added", codes, actor=actor, now=now)
    for succession in successions:
        if isinstance(succession, OrganisationSuccession):
            await record(session, event=publish.changed("organisation_succession", succession), now=now)
    await let_accounts_follow(session, made, wanted.happened_on, actor=actor, now=now)
    # An end on a later day is in every token issued that day (domain/token_life).
    if wanted.happened_on - timedelta(days=1) <= local_date(now):
        await revoke_holders(session, [row.id for row in made.ended if row.thing == "organisation"], now=now)


def _begun(row: Row, wanted: Restructuring) -> Unit | Organisation:
    common = {
        "id": row.id,
        "name": row.name,
        "level": row.level,
        "parent_id": row.parent_id,
        "path": list(row.path),
        "valid_from": row.valid_from,
        "valid_to": None,
        "start_known": True,
        "plain_name": plain(row.name),
        "sort_key": sort_key(row.name),
        "source": wanted.legal_basis,
        "version": 1,
    }
    if row.thing == "unit":
        return Unit(**common, code=row.code, type=split_name(row.name)[0].lower())
    return Organisation(**common, kind=row.kind, unit_id=row.unit_id)


def _succession(link: Link, wanted: Restructuring) -> UnitSuccession | OrganisationSuccession:
    common = {
        "id": ids.succession_id(link.predecessor_id, link.successor_id),
        "version": 1,
        "predecessor_id": link.predecessor_id,
        "successor_id": link.successor_id,
        "happened_on": wanted.happened_on,
        "legal_basis": wanted.legal_basis,
        "confidence": wanted.confidence,
        "ratio": link.share.ratio,
        "ratio_source": link.share.ratio_source,
    }
    if link.thing == "unit":
        return UnitSuccession(**common, share=link.kind)
    return OrganisationSuccession(**common, kind=link.kind, inherited=link.share.inherited)


async def _tell(
    session: AsyncSession,
    things: Iterable[Unit | Organisation],
    step: str,
    codes: dict[UUID, str],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    for thing in things:
        if isinstance(thing, Unit):
            noun, event = "unit", publish.unit_changed(thing)
        else:
            noun, event = "organisation", publish.organisation_changed(thing, codes[thing.unit_id])
        entry = audit.entry_write(
            action=f"{noun}.{step}",
            subject_type=noun,
            subject_id=thing.id,
            actor=actor,
            now=now,
            details={"version": thing.version},
        )
        await write_together(session, entry, event_write(event, now=now))
