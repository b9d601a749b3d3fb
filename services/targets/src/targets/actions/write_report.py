"""What every change of reports writes, one or thousands in the same few statements: history, sign-off, audit, event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit, outbox
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.outbox import EventDraft
from targets.domain.approval import Level
from targets.domain.reports import ReportFacts, breakdown_text, difference
from targets.tables import report, report_change, sign_off


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one report; `level` is the level of the form that signed it off."""

    before: ReportFacts | None
    after: ReportFacts
    action: str
    reason: str | None = None
    event: EventDraft | None = None
    level: Level | None = None


_COLUMNS = (
    "status", "version", "told", "counting_method", "denominator_source", "note", "return_reason", "entered_by",
    "submitted_by", "submitted_on", "held_to", "verified_by", "approved_by", "approved_on", "changed_at", "round",
)  # fmt: skip
_FIGURES = ("numerator", "denominator", "breakdown", "warnings")
_OVER = (
    update(report)
    .where(
        report.c.id == bindparam("of_id"),
        report.c.version == bindparam("of_version"),
        report.c.status == bindparam("of_status"),
    )
    .values({name: bindparam(f"to_{name}") for name in (*_COLUMNS, *_FIGURES)})
)


def stored(after: ReportFacts) -> dict[str, Any]:
    """Return the columns of a report that a change may touch."""
    return {
        **{name: getattr(after, name) for name in _COLUMNS},
        "numerator": after.figures.numerator,
        "denominator": after.figures.denominator,
        "breakdown": breakdown_text(after.figures.breakdown),
        "warnings": list(after.warnings),
    }


async def add_reports(session: AsyncSession, drafts: Sequence[ReportFacts], *, now: datetime) -> list[ReportFacts]:
    """Insert new reports and return them with their ids (one statement)."""
    rows = [
        {
            "period_id": draft.around.period.id,
            "organisation_id": draft.around.organisation_id,
            "created_at": now,
            **stored(draft),
        }
        for draft in drafts
    ]
    made = await session.execute(insert(report).returning(report.c.id, sort_by_parameter_order=True), rows)
    return [replace(draft, id=found) for draft, found in zip(drafts, made.scalars(), strict=True)]


async def store_changes(session: AsyncSession, changes: Sequence[Change], *, actor: Actor, now: datetime) -> None:
    """Write the changes of stored reports and all they leave behind; whoever calls has read them `to_change`.

    Raises StaleVersion when somebody else was faster with a single one; of several the rows must have been locked.
    """
    over = [
        {
            "of_id": change.before.id,
            "of_version": change.before.version,
            "of_status": change.before.status,
            **{f"to_{name}": value for name, value in stored(change.after).items()},
        }
        for change in changes
        if change.before is not None
    ]
    if len(over) == 1:
        written = await session.execute(_OVER.returning(report.c.id), over[0])
        if written.one_or_none() is None:
            raise StaleVersion
    elif over:
        await session.execute(_OVER, over)
    await tell_changes(session, changes, actor=actor, now=now)


async def tell_changes(session: AsyncSession, changes: Sequence[Change], *, actor: Actor, now: datetime) -> None:
    """Write the history lines (old value, who, why), the sign-offs, the audit entries and the events."""
    await session.execute(insert(report_change), [_line(change, actor, now) for change in changes])
    signed = [_signed(change, change.level, actor, now) for change in changes if change.level is not None]
    if signed:
        await session.execute(insert(sign_off), signed)
    await audit.write_all(session, [_entry(change) for change in changes], actor=actor, now=now)
    await outbox.record_all(session, [change.event for change in changes if change.event is not None], now=now)


def _line(change: Change, actor: Actor, now: datetime) -> dict[str, Any]:
    before, after = change.before, change.after
    old, new = difference({} if before is None else before.values(), after.values())
    return {
        "report_id": after.id,
        "version": after.version,
        "at": now,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": change.action,
        "status_before": None if before is None else before.status,
        "status_after": after.status,
        "values_before": old,
        "values_after": new,
        "reason": change.reason,
    }


def _signed(change: Change, level: Level, actor: Actor, now: datetime) -> dict[str, Any]:
    after = change.after
    return {
        "report_id": after.id,
        "round": after.round,
        "level": level.key,
        "organisation_id": after.signing.mine[level.key],
        "person_id": actor.id,
        "at": now,
    }


def _entry(change: Change) -> audit.Entry:
    after = change.after
    around = after.around
    return audit.Entry(
        action=f"report.{change.action}",
        subject_type="report",
        subject_id=after.id,
        details={
            "indicator": around.indicator.code,
            "period": around.period.code,
            "organisation": str(around.organisation_id),
            "status": after.status,
            "version": after.version,
            **({"level": change.level.key} if change.level else {}),
        },
    )
