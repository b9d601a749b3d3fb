"""Tell units what is missing: by itself at the steps of a form, or by hand once a day."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from servicekit import audit, outbox
from servicekit.errors import Forbidden, NotFound
from servicekit.identity import Actor
from servicekit.working_days import Calendar, add_working_days, local_date
from targets import publish
from targets.domain.forms import read_steps
from targets.domain.period_steps import OPEN
from targets.domain.periods import Period
from targets.domain.reminders import BY_HAND, DUE_SOON, OVERDUE, RUNGS, UNIT, ReminderStep, reached
from targets.domain.reporting_refusals import AlreadyReminded
from targets.queries.forms import find_form
from targets.queries.signing import FORM_OF_PERIOD
from targets.tables import form, form_version, reporting_period

# Once for each unit, form, period and step, however often it runs: the unique key decides. Whoever has handed in
# everything is not told anything.
_REMIND: Final = text(
    """
    INSERT INTO reminder (form_id, period, organisation_id, step, kind, to_role, to_organisation_id, due_on, missing,
                          note_code, sent_by, sent_at)
    SELECT p.form_id, p.code, e.organisation_id, :step, :kind, :to_role,
           CASE CAST(:rung AS text)
             WHEN 'city_front' THEN coalesce((SELECT a.id FROM reference a
                  WHERE a.kind = 'organisation' AND a.id = ANY (o.path) AND a.data ->> 'kind' = 'front_committee'
                    AND a.data ->> 'level' = 'city' LIMIT 1), o.path[1])
             WHEN 'board' THEN coalesce((SELECT b.id FROM reference b
                  WHERE b.kind = 'organisation' AND b.data ->> 'kind' = 'mass_mobilisation_board'
                    AND b.data ->> 'level' = 'city' AND coalesce(b.data ->> 'valid_to', '9999') >= CAST(:today AS text)
                  ORDER BY b.id LIMIT 1), o.path[1])
             ELSE e.organisation_id END,
           min(p.due_on), count(*), CAST(:note_code AS text), CAST(:sent_by AS uuid), :now
      FROM reporting_period p
      JOIN expected_report e ON e.period_id = p.id
      JOIN reference o ON o.kind = 'organisation' AND o.id = e.organisation_id
      LEFT JOIN report r ON r.period_id = p.id AND r.organisation_id = e.organisation_id
     WHERE p.form_id = :form_id AND p.code = :period AND p.status = 'open'
       AND (r.status IS NULL OR r.status IN ('draft', 'returned'))
       AND (CAST(:units AS uuid[]) IS NULL OR e.organisation_id = ANY (CAST(:units AS uuid[])))
     GROUP BY p.form_id, p.code, e.organisation_id, o.path
     ORDER BY e.organisation_id
    ON CONFLICT ON CONSTRAINT uq_reminder_once DO NOTHING
    RETURNING id, period, organisation_id, step, to_role, to_organisation_id, due_on, missing
    """
).bindparams(bindparam("units", type_=ARRAY(Uuid())))


async def remind_due(session: AsyncSession, *, calendar: Calendar, now: datetime) -> int:
    """Take the step that every open form period has reached and return how many units were reminded."""
    today = local_date(now)
    sent = 0
    for row in (await session.execute(_RUNNING)).all():
        step = reached(read_steps(row.steps), row.due_on, today, partial(add_working_days, calendar))
        if step is not None:
            told = await _send(session, row.form_id, row.period, step, kind=step.kind, today=today, now=now)
            await _tell(session, row.code, told, kind=step.kind, actor=audit.house("targets"), now=now)
            sent += len(told)
    return sent


_RUNNING: Final = (
    select(
        form.c.id.label("form_id"),
        form.c.code,
        reporting_period.c.code.label("period"),
        form_version.c.steps,
        func.min(reporting_period.c.due_on).label("due_on"),
    )
    .join(form_version, FORM_OF_PERIOD)
    .join(form, form.c.id == form_version.c.form_id)
    .where(reporting_period.c.status == OPEN)
    .group_by(form.c.id, form.c.code, reporting_period.c.code, form_version.c.number, form_version.c.steps)
    .order_by(form.c.code, reporting_period.c.code)
)


async def remind_by_hand(
    session: AsyncSession,
    code: str,
    period: Period,
    organisation_ids: Sequence[UUID] | None,
    *,
    note_code: str,
    actor: Actor,
    now: datetime,
) -> Sequence[Row[Any]]:
    """Remind the units named, or all that miss something; each at most once a day, whoever asks.

    Raises NotFound, Forbidden, or AlreadyReminded when nobody is left to be reminded today.
    """
    found, at_board = await find_form(session, code, actor)
    if not at_board:
        raise Forbidden
    today = local_date(now)
    due_on = await session.scalar(
        select(func.min(reporting_period.c.due_on)).where(
            reporting_period.c.form_id == found.id, reporting_period.c.code == period.code
        )
    )
    if due_on is None:
        raise NotFound
    step = ReminderStep(f"hand_{today.isoformat()}", 0, UNIT)
    told = await _send(
        session,
        found.id,
        period.code,
        step,
        kind=BY_HAND,
        today=today,
        now=now,
        units=organisation_ids,
        note_code=note_code,
        sent_by=actor.id,
    )
    if not told:
        raise AlreadyReminded
    await _tell(session, code, told, kind=DUE_SOON if today <= due_on else OVERDUE, actor=actor, now=now)
    return told


async def _send(
    session: AsyncSession,
    form_id: UUID,
    period: str,
    step: ReminderStep,
    *,
    kind: str,
    today: date,
    now: datetime,
    units: Sequence[UUID] | None = None,
    note_code: str | None = None,
    sent_by: UUID | None = None,
) -> Sequence[Row[Any]]:
    given = {
        "form_id": form_id,
        "period": period,
        "step": step.key,
        "kind": kind,
        "rung": step.to,
        "to_role": RUNGS[step.to],
        "today": today.isoformat(),
        "now": now,
        "units": None if units is None else list(units),
        "note_code": note_code,
        "sent_by": sent_by,
    }
    return (await session.execute(_REMIND, given)).all()


async def _tell(
    session: AsyncSession, form_code: str, told: Sequence[Row[Any]], *, kind: str, actor: Actor, now: datetime
) -> None:
    events = [publish.report_reminder(row, form_code, kind) for row in told]
    await outbox.record_all(session, events, now=now)
    entries = [
        audit.Entry(
            "report.remind",
            "reminder",
            row.id,
            details={"form": form_code, "period": row.period, "step": row.step, "organisation": row.organisation_id},
        )
        for row in told
    ]
    await audit.write_all(session, entries, actor=actor, now=now)
