"""Make a form, or give it a new version; periods that are open keep the version they were opened with."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, StaleVersion
from servicekit.identity import Actor
from targets.domain.forms import Form, check_form
from targets.domain.refusals import UnknownIndicator
from targets.domain.reporting_refusals import BadForm
from targets.queries.forms import find_form
from targets.queries.scope import board_role
from targets.tables import form, form_version, indicator, resolution


async def create_form(
    session: AsyncSession, given: Form, *, resolution_number: str | None, actor: Actor, now: datetime
) -> Form:
    """Store a new form. Raises Forbidden, BadForm, UnknownIndicator or AlreadyExists (by the unique key)."""
    if not await session.scalar(select(board_role(actor, "monitoring_officer"))):
        raise Forbidden
    resolution_id = await _resolution(session, resolution_number)
    await _check(session, made := replace(given, resolution_id=resolution_id))
    statement = insert(form).values(code=made.code, version=1, resolution_id=resolution_id).returning(form.c.id)
    made = replace(made, id=(await session.execute(statement)).scalar_one(), version=1)
    await _store(session, made, action="form.create", actor=actor, now=now)
    return made


async def change_form(
    session: AsyncSession, code: str, changes: dict[str, Any], *, version: int, actor: Actor, now: datetime
) -> Form:
    """Store a new version of a form. Raises NotFound, Forbidden, StaleVersion, BadForm or UnknownIndicator."""
    before, at_board = await find_form(session, code, actor)
    if not at_board:
        raise Forbidden
    if before.version != version:
        raise StaleVersion
    after = replace(before, **changes, version=version + 1)
    await _check(session, after)
    written = await session.execute(
        update(form)
        .where(form.c.id == before.id, form.c.version == version)
        .values(version=version + 1)
        .returning(form.c.id)
    )
    if written.one_or_none() is None:
        raise StaleVersion
    await _store(session, after, action="form.change", actor=actor, now=now)
    return after


async def _resolution(session: AsyncSession, number: str | None) -> UUID | None:
    if number is None:
        return None
    found: UUID | None = await session.scalar(select(resolution.c.id).where(resolution.c.number == number))
    if found is None:
        problem = {
            "field": "resolution",
            "code": "unknown_resolution",
            "vi": "Không có nghị quyết mang số này.",
            "en": "No resolution has this number.",
        }
        raise BadForm(errors=[problem])
    return found


async def _check(session: AsyncSession, given: Form) -> None:
    check_form(given)
    codes = sorted({*(given.indicators or ()), *given.evidence_for})
    if not codes:
        return
    wanted: ColumnElement[Any] = func.unnest(literal(codes, indicator.c.reporting_kinds.type)).column_valued("code")
    unknown = select(wanted).where(wanted.not_in(select(indicator.c.code)))
    missing = (await session.scalars(unknown)).all()
    if missing:
        raise UnknownIndicator(errors=[{"field": "indicators", "code": "unknown_indicator"} for _ in missing])


async def _store(session: AsyncSession, after: Form, *, action: str, actor: Actor, now: datetime) -> None:
    await session.execute(
        insert(form_version).values(
            form_id=after.id,
            number=after.version,
            name_vi=after.name_vi,
            name_en=after.name_en,
            period_kind=after.period_kind,
            reporter_kinds=None if after.reporter_kinds is None else list(after.reporter_kinds),
            reporter_level=after.reporter_level,
            indicators=None if after.indicators is None else list(after.indicators),
            evidence_for=list(after.evidence_for),
            levels=[_plain(level) for level in after.levels],
            steps=[_plain(step) for step in after.steps],
            expiry_days=after.expiry_days,
            open_future=after.open_future,
            changed_at=now,
            changed_by=actor.id,
        )
    )
    await audit.write(
        session,
        action=action,
        subject_type="form",
        subject_id=after.id,
        actor=actor,
        now=now,
        details={"code": after.code, "version": after.version},
    )


def _plain(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__slots__ if getattr(part, name) is not None}
