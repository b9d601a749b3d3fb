"""Reads of past imports, their conflicts, and the places a template is filled in for."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.identity import Actor
from servicekit.pages import Window
from targets.domain.report_steps import ENTERING
from targets.domain.roles import READERS
from targets.queries.scope import ORGANISATION, at_board, organisation, organisations_of
from targets.tables import data_import, expected_report, import_conflict, indicator, reporting_period


def _sees_import(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor stands at or above every organisation the importer could enter for.

    Above one of several would not do: the rows that had conflicts are shown as they came.
    """
    one = func.unnest(data_import.c.organisation_ids).column_valued("one")
    covered = exists().where(
        organisation.c.kind == ORGANISATION,
        organisation.c.id == one,
        organisation.c.path.overlap(organisations_of(actor, *READERS)),
    )
    return or_(not_(select(one).where(not_(covered)).exists()), at_board(actor))


async def list_imports(session: AsyncSession, window: Window, actor: Actor) -> Sequence[Row[Any]]:
    """Return one page of the imports the actor may see, newest first."""
    statement = window.select(select(data_import).where(_sees_import(actor)), [data_import.c.id], descending=True)
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows


async def find_import(session: AsyncSession, import_id: UUID, actor: Actor) -> Row[Any]:
    """Return an import. Raises NotFound, also for one that is not visible to the actor."""
    statement = select(data_import).where(data_import.c.id == import_id, _sees_import(actor))
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


def _conflicts(import_id: UUID) -> Select[Any]:
    return select(import_conflict).where(import_conflict.c.import_id == import_id)


async def list_conflicts(session: AsyncSession, import_id: UUID, window: Window) -> Sequence[Row[Any]]:
    """Return one page of the problems of an import, by line."""
    statement = window.select(_conflicts(import_id), [import_conflict.c.number])
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows


async def all_conflicts(session: AsyncSession, import_id: UUID) -> Sequence[Row[Any]]:
    """Return every problem of an import; there are never more than a file may have."""
    statement = _conflicts(import_id).order_by(import_conflict.c.number)
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows


async def template_places(
    session: AsyncSession, actor: Actor, *, period: str, indicators: Sequence[str], most: int
) -> Sequence[Row[Any]]:
    """Return who owes which report in a period, as far as the actor may enter it; all indicators when none is named."""
    statement: Select[Any] = (
        select(
            indicator.c.code.label("indicator_code"),
            indicator.c.name_vi.label("indicator_name"),
            indicator.c.kind,
            indicator.c.categories,
            organisation.c.id.label("organisation_id"),
            organisation.c.data["unit_code"].astext.label("unit_code"),
            organisation.c.data["kind"].astext.label("organisation_kind"),
            organisation.c.data["name"].astext.label("organisation_name"),
        )
        .select_from(
            reporting_period.join(indicator, indicator.c.id == reporting_period.c.indicator_id)
            .join(expected_report, expected_report.c.period_id == reporting_period.c.id)
            .join(
                organisation,
                and_(organisation.c.kind == ORGANISATION, organisation.c.id == expected_report.c.organisation_id),
            )
        )
        .where(
            reporting_period.c.code == period,
            reporting_period.c.status == "open",
            organisation.c.path.overlap(organisations_of(actor, *ENTERING)),
        )
        .order_by(indicator.c.code, organisation.c.data["unit_code"].astext, organisation.c.id)
        .limit(most)
    )
    if indicators:
        statement = statement.where(indicator.c.code.in_(indicators))
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows
