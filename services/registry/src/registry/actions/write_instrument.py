"""Add and change legal instruments and their provisions; what they said before is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry.actions.keep_word import keep_word
from registry.domain import ids
from registry.domain.errors import SpanReversed, UnknownInstrument
from registry.tables import LegalInstrument, LegalProvision
from servicekit import audit
from servicekit.errors import NotFound, StaleVersion
from servicekit.identity import Actor


@dataclass(frozen=True, slots=True)
class InstrumentContent:
    """What is known of an instrument; its official number is its identity and does not change."""

    title: str
    issued_on: date | None
    valid_from: date | None
    valid_to: date | None
    status: str
    replaced_by_id: UUID | None
    confidence: str
    source: str
    note: str | None


@dataclass(frozen=True, slots=True)
class ProvisionContent:
    """What a provision says, in our own short words, and from when to when."""

    summary: str
    valid_from: date | None
    valid_to: date | None


async def add_instrument(
    session: AsyncSession, code: str, content: InstrumentContent, *, actor: Actor, now: datetime
) -> LegalInstrument:
    """Store a new instrument. Raises AlreadyExists (by its number), SpanReversed, UnknownInstrument."""
    row = LegalInstrument(id=ids.instrument_id(code), code=code, version=0)
    await _check_successor(session, row.id, content.replaced_by_id)
    session.add(row)
    await _write(session, "legal_instrument", row, asdict(content), actor=actor, now=now)
    return row


async def change_instrument(
    session: AsyncSession,
    instrument_id: UUID,
    content: InstrumentContent,
    *,
    expected: int,
    actor: Actor,
    now: datetime,
) -> LegalInstrument:
    """Say anew what is known. Raises NotFound, StaleVersion, SpanReversed, UnknownInstrument."""
    row = await session.scalar(select(LegalInstrument).where(LegalInstrument.id == instrument_id).with_for_update())
    _check(row, expected)
    await _check_successor(session, instrument_id, content.replaced_by_id)
    keep_word(session, row, now)
    await _write(session, "legal_instrument", row, asdict(content), actor=actor, now=now)
    assert row is not None
    return row


async def add_provision(
    session: AsyncSession,
    instrument_id: UUID,
    *,
    article: str,
    clause: str,
    content: ProvisionContent,
    actor: Actor,
    now: datetime,
) -> LegalProvision:
    """Store a new provision. Raises NotFound, AlreadyExists (by article and clause), SpanReversed."""
    instrument = await session.get(LegalInstrument, instrument_id)
    if instrument is None:
        raise NotFound
    provision_id = ids.provision_id(instrument.code, article, clause)
    row = LegalProvision(id=provision_id, instrument_id=instrument_id, article=article, clause=clause, version=0)
    session.add(row)
    await _write(session, "legal_provision", row, asdict(content), actor=actor, now=now)
    return row


async def change_provision(
    session: AsyncSession, provision_id: UUID, content: ProvisionContent, *, expected: int, actor: Actor, now: datetime
) -> LegalProvision:
    """Say anew what a provision says. Raises NotFound, StaleVersion, SpanReversed."""
    row = await session.scalar(select(LegalProvision).where(LegalProvision.id == provision_id).with_for_update())
    _check(row, expected)
    keep_word(session, row, now)
    await _write(session, "legal_provision", row, asdict(content), actor=actor, now=now)
    assert row is not None
    return row


def _check(row: Any, expected: int) -> None:
    if row is None:
        raise NotFound
    if row.version != expected:
        raise StaleVersion


async def _check_successor(session: AsyncSession, own: UUID, successor: UUID | None) -> None:
    if successor is not None and (successor == own or await session.get(LegalInstrument, successor) is None):
        raise UnknownInstrument(errors=[{"field": "body.replaced_by_id", "code": UnknownInstrument.code}])


async def _write(
    session: AsyncSession, kind: str, row: Any, values: Mapping[str, Any], *, actor: Actor, now: datetime
) -> None:
    first, last = values["valid_from"], values["valid_to"]
    if first is not None and last is not None and last < first:
        raise SpanReversed(errors=[{"field": "body.valid_to", "code": SpanReversed.code}])
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    await session.flush()
    await audit.write(
        session,
        action=f"{kind}.changed",
        subject_type=kind,
        subject_id=row.id,
        actor=actor,
        now=now,
        details={"version": row.version},
    )
