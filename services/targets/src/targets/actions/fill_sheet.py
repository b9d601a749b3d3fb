"""Store many values of one unit's sheet at once: all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import DomainError, Forbidden, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.actions.check_values import hold_all_to_rules
from targets.actions.draft_report import NewReport, draft_of
from targets.actions.revise_report import Correction, revision_of
from targets.actions.write_report import Change, add_reports, store_changes, tell_changes
from targets.domain.figures import Figures
from targets.domain.period_steps import OPEN
from targets.domain.periods import Period
from targets.domain.refusals import PeriodClosed, RuleBroken
from targets.domain.report_steps import ENTERING
from targets.domain.reporting_refusals import SheetRefused
from targets.domain.reports import ReportFacts
from targets.queries.forms import find_form
from targets.queries.sheets import SheetLine, find_sheet, hold_sheet, sheet_version


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetValue:
    """What is entered for one indicator; None leaves what is there."""

    indicator_code: str
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    breakdown: Mapping[str, Decimal] | None = None
    counting_method: str | None = None
    denominator_source: str | None = None
    note: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class _Plan:
    """What a sheet's values come to."""

    drafts: list[ReportFacts] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of it."""

    entered: int
    changed: int
    unchanged: int
    lines: Sequence[SheetLine]


async def fill_sheet(
    session: AsyncSession,
    code: str,
    period: Period,
    organisation_id: UUID,
    values: Sequence[SheetValue],
    *,
    version: int,
    actor: Actor,
    now: datetime,
) -> Filled:
    """Store the values and return the sheet. What says the same as before is ignored.

    Raises NotFound, Forbidden, StaleVersion, PeriodClosed, or SheetRefused with the problems of every value by the
    code of its indicator; then nothing is stored.
    """
    form, _ = await find_form(session, code, actor)
    await hold_sheet(session, form, period, organisation_id)
    lines = await find_sheet(session, form, period, organisation_id, actor)
    if lines[0].around.roles.isdisjoint(ENTERING):
        raise Forbidden
    if sheet_version(lines) != version:
        raise StaleVersion
    if all(line.around.period_status(local_date(now)) != OPEN for line in lines):
        raise PeriodClosed
    plan = _plan({line.around.indicator.code: line for line in lines}, values, actor, now)
    if not plan.errors:
        await _hold(session, plan)
    if plan.errors:
        raise SheetRefused(errors=plan.errors)
    if plan.drafts:
        drafts = await add_reports(session, plan.drafts, now=now)
        await tell_changes(session, [Change(None, draft, "enter") for draft in drafts], actor=actor, now=now)
    if plan.changes:
        await store_changes(session, plan.changes, actor=actor, now=now)
    lines = await find_sheet(session, form, period, organisation_id, actor)
    return Filled(len(plan.drafts), len(plan.changes), plan.unchanged, lines)


async def _hold(session: AsyncSession, plan: _Plan) -> None:
    """Hold all values against the validation rules, and against each other."""
    entered = [*plan.drafts, *(change.after for change in plan.changes)]
    held = await hold_all_to_rules(session, entered)
    for report, broken in held:
        plan.errors += problems_of(report.around.indicator.code, RuleBroken(errors=broken)) if broken else []
    reports = [report for report, _ in held]
    plan.drafts = reports[: len(plan.drafts)]
    plan.changes = [
        replace(change, after=after) for change, after in zip(plan.changes, reports[len(plan.drafts) :], strict=True)
    ]


def _plan(lines: Mapping[str, SheetLine], values: Sequence[SheetValue], actor: Actor, now: datetime) -> _Plan:
    plan = _Plan()
    seen: set[str] = set()
    for value in values:
        code = value.indicator_code
        if code in seen:
            plan.errors.append(_problem(code, "twice", "Chỉ tiêu bị gửi hai lần.", "This indicator was sent twice."))
        elif code not in lines:
            plan.errors.append(
                _problem(code, "not_on_sheet", "Chỉ tiêu không có trong biểu.", "This indicator is not on the sheet.")
            )
        else:
            _plan_one(plan, lines[code], value, actor, now)
        seen.add(code)
    return plan


def _plan_one(plan: _Plan, line: SheetLine, value: SheetValue, actor: Actor, now: datetime) -> None:
    try:
        if line.report is None:
            if line.around.period_status(local_date(now)) != OPEN:
                raise PeriodClosed
            plan.drafts.append(_draft(line, value, actor, now))
            return
        given = Correction(
            numerator=value.numerator,
            denominator=value.denominator,
            breakdown=value.breakdown,
            counting_method=value.counting_method,
            denominator_source=value.denominator_source,
            note=value.note,
            reason=value.reason,
        )
        same = given.applied(line.report).values() == line.report.values()
        change = None if same else revision_of(line.report, given, now=now)
        if change is None:
            plan.unchanged += 1
        else:
            plan.changes.append(change)
    except _MissingNumerator:
        text = ("Thiếu số liệu.", "The value is missing.")
        plan.errors.append(_problem(value.indicator_code, "numerator_missing", *text))
    except DomainError as problem:
        plan.errors += problems_of(value.indicator_code, problem)


class _MissingNumerator(Exception):
    """A first value without a number."""


def _draft(line: SheetLine, value: SheetValue, actor: Actor, now: datetime) -> ReportFacts:
    if value.numerator is None:
        raise _MissingNumerator
    around = line.around
    given = NewReport(
        indicator_code=value.indicator_code,
        period=around.period.code,
        organisation_id=around.organisation_id,
        figures=Figures(value.numerator, value.denominator, value.breakdown or {}),
        counting_method=value.counting_method,
        denominator_source=value.denominator_source,
        note=value.note,
    )
    return draft_of(around, given, evidence_needed=line.evidence_needed and not line.evidence, actor=actor, now=now)


def problems_of(indicator_code: str, problem: DomainError) -> list[dict[str, Any]]:
    """Return what an error says about one indicator: its fields, or itself."""
    if problem.errors:
        return [
            {**one, "field": f"{indicator_code}.{one['field']}", "vi": one.get("vi", ""), "en": one.get("en", "")}
            for one in problem.errors
        ]
    return [_problem(indicator_code, problem.code, problem.text("vi"), problem.text("en"))]


def _problem(indicator_code: str, code: str, vi: str, en: str) -> dict[str, Any]:
    return {"field": indicator_code, "code": code, "vi": vi, "en": en}
