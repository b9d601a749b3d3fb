"""Reads of disputes: what stands against a value, what was answered and decided, for those who may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import fetch
from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.domain.dispute_steps import DECIDING, RUNNING
from targets.domain.disputes import SubjectFacts, ValueFacts
from targets.domain.roles import READERS
from targets.queries.scope import ORGANISATION, boards_of, organisation, organisations_of, roles_towards, sees
from targets.tables import dispute, dispute_change, dispute_kind, dispute_subject, indicator, report

_source = organisation.alias("source")
_subjects = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object("id", dispute_subject.c.subject_id, "kind", dispute_subject.c.subject_kind),
                dispute_subject.c.subject_id,
            ),
            type_=JSONB,
        )
    )
    .where(dispute_subject.c.dispute_id == dispute.c.id)
    .scalar_subquery()
)


def sees_dispute(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor may see a dispute: from the owner's side, the source's, or the board's."""
    return or_(sees(actor), _source.c.path.overlap(organisations_of(actor, *READERS)))


def _disputes(actor: Actor) -> Select[Any]:
    here = and_(organisation.c.kind == ORGANISATION, organisation.c.id == dispute.c.organisation_id)
    there = and_(_source.c.kind == ORGANISATION, _source.c.id == dispute.c.source_organisation_id)
    source = dispute.join(indicator, indicator.c.id == dispute.c.indicator_id).join(organisation, here)
    return (
        select(
            dispute,
            indicator.c.code.label("indicator_code"),
            indicator.c.name_vi.label("indicator_name_vi"),
            organisation.c.data["name"].astext.label("organisation_name"),
            organisation.c.path.label("organisation_path"),
            boards_of(actor).label("boards"),
            _subjects.label("subjects"),
        )
        .select_from(source.outerjoin(_source, there))
        .where(sees_dispute(actor))
    )


async def find_dispute(session: AsyncSession, dispute_id: UUID, actor: Actor) -> Row[Any]:
    """Return a dispute the actor may see. Raises NotFound."""
    row: Row[Any] | None = (await session.execute(_disputes(actor).where(dispute.c.id == dispute_id))).one_or_none()
    if row is None:
        raise NotFound
    return row


def roles_in_dispute(actor: Actor, seen: Row[Any]) -> frozenset[str]:
    """Return the roles that count towards a dispute: deciding is the city's monitoring board's alone."""
    boards = frozenset(seen.boards)
    deciding = {grant.role for grant in actor.grants if grant.organisation in boards} & DECIDING
    return (roles_towards(actor, seen.organisation_path, ()) - DECIDING) | deciding


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFilter:
    """What a list of disputes may be narrowed by."""

    indicator_code: str | None = None
    period: str | None = None
    organisation_id: UUID | None = None
    status: str | None = None
    kind: str | None = None


async def list_disputes(
    session: AsyncSession, window: Window, wanted: DisputeFilter, actor: Actor
) -> Sequence[Row[Any]]:
    """Return one page of the disputes the actor may see, in the order they were raised."""
    statement = _disputes(actor)
    for column, value in (
        (indicator.c.code, wanted.indicator_code),
        (dispute.c.period, wanted.period),
        (dispute.c.organisation_id, wanted.organisation_id),
        (dispute.c.status, wanted.status),
        (dispute.c.kind, wanted.kind),
    ):
        if value is not None:
            statement = statement.where(column == value)
    rows: Sequence[Row[Any]] = (await session.execute(window.select(statement, [dispute.c.id]))).all()
    return rows


async def list_changes(session: AsyncSession, dispute_id: UUID, window: Window) -> Sequence[Row[Any]]:
    """Return one page of a dispute's history, oldest first."""
    statement = select(dispute_change).where(dispute_change.c.dispute_id == dispute_id)
    return (await session.execute(window.select(statement, [dispute_change.c.version]))).all()


async def find_value(
    session: AsyncSession, indicator_code: str, period: str, organisation_id: UUID
) -> ValueFacts | None:
    """Return a value that was submitted or computed; None when there is none (one statement)."""
    statement = "SELECT * FROM value_to_dispute($1, $2, $3::uuid)"
    rows = await fetch(session, statement, indicator_code, period, organisation_id)
    if not rows or rows[0]["numerator"] is None:
        return None
    (row,) = rows
    names = ("indicator_id", "report_id", "report_version", "numerator", "denominator")
    return ValueFacts(**{name: row[name] for name in names}, path=tuple(row["path"] or ()))


async def find_subjects(session: AsyncSession, ids: Sequence[UUID]) -> list[SubjectFacts]:
    """Return what the house was told of these submissions, cases and recommendations (one statement)."""
    rows = await fetch(session, "SELECT * FROM dispute_subjects($1::uuid[])", list(ids))
    return [
        SubjectFacts(row["subject_id"], row["subject_kind"], row["source_organisation_id"], tuple(row["path"] or ()))
        for row in rows
    ]


async def find_place(session: AsyncSession, organisation_id: UUID, actor: Actor) -> Row[Any] | None:
    """Return an organisation's path and the boards at which the actor holds a board's role (one statement)."""
    statement: Select[Any] = select(organisation.c.path, boards_of(actor).label("boards")).where(
        organisation.c.kind == ORGANISATION, organisation.c.id == organisation_id
    )
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    return row


async def minimum_subjects(session: AsyncSession, kind: str) -> int:
    """Return how much a dispute of this kind must rest on; a setting, not law."""
    found = await session.scalar(select(dispute_kind.c.minimum_subjects).where(dispute_kind.c.kind == kind))
    return int(found or 1)


async def corrected_since(session: AsyncSession, seen: Row[Any], version: int | None) -> bool:
    """Say whether the disputed report is approved at this version with other figures than were disputed."""
    if seen.report_id is None or version is None:
        return False
    other = or_(
        report.c.numerator.is_distinct_from(seen.numerator), report.c.denominator.is_distinct_from(seen.denominator)
    )
    statement = select(report.c.id).where(
        report.c.id == seen.report_id, report.c.version == version, report.c.status == "approved", other
    )
    return await session.scalar(statement) is not None


async def next_silent(session: AsyncSession, today: date) -> Row[Any] | None:
    """Return and lock one dispute whose owner is silent past the day; None when there is none left."""
    statement = (
        select(dispute, indicator.c.code.label("indicator_code"))
        .join(indicator, indicator.c.id == dispute.c.indicator_id)
        .where(dispute.c.status.in_(RUNNING), dispute.c.due_on < today)
        .order_by(dispute.c.due_on, dispute.c.id)
        .limit(1)
        .with_for_update(of=dispute, skip_locked=True)
    )
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    return row
