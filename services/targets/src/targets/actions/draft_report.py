"""Enter a report as a draft: one organisation's figures for one indicator and period."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import AlreadyExists, Forbidden
from servicekit.identity import Actor
from targets.actions.check_values import check_entry, warning_rows
from targets.actions.write_report import stored, tell
from targets.domain.entering import UNCONFIGURED_METHOD, Place, refuse_place
from targets.domain.figures import Figures, check_figures
from targets.domain.periods import parse_period
from targets.domain.refusals import (
    ComputedIndicator,
    PeriodNotOpened,
    UnknownIndicator,
    UnknownOrganisation,
)
from targets.domain.report_steps import DRAFT, ENTERING
from targets.domain.reports import ReportFacts
from targets.queries.reports import Entry, find_entry, find_missing
from targets.tables import report

_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """What a unit enters; `counting_method` None means the one configured for the target."""

    indicator_code: str
    period: str
    organisation_id: UUID
    figures: Figures
    counting_method: str | None = None
    denominator_source: str | None = None
    note: str | None = None


async def draft_report(session: AsyncSession, given: NewReport, *, actor: Actor, now: datetime) -> ReportFacts:
    """Store the draft and return it.

    Raises UnknownPeriod, UnknownIndicator, ComputedIndicator, UnknownOrganisation, PeriodNotOpened (422), NotFound
    (an organisation outside the actor's), OrganisationNotValid, OrganisationNotExpected, BadFigures, RuleBroken (422),
    PeriodClosed and AlreadyExists (409).
    """
    parse_period(given.period)
    entry = await find_entry(session, given.indicator_code, given.period, given.organisation_id, actor)
    if entry is None:
        raise await _why_not(session, given)
    _check(entry)
    around = entry.around
    check_figures(given.figures, around.indicator.rule)
    found = await check_entry(
        session,
        given.figures,
        indicator=given.indicator_code,
        period=given.period,
        organisation_id=given.organisation_id,
    )
    draft = ReportFacts(
        id=_NOBODY,
        status=DRAFT,
        version=1,
        told=0,
        figures=given.figures,
        counting_method=given.counting_method or around.counting_method or UNCONFIGURED_METHOD,
        denominator_source=given.denominator_source,
        note=given.note,
        return_reason=None,
        entered_by=actor.id,
        submitted_by=None,
        submitted_on=None,
        held_to=None,
        verified_by=None,
        approved_by=None,
        approved_on=None,
        created_at=now,
        changed_at=now,
        around=around,
        warnings=tuple(warning_rows(found)),
    )
    made = await session.execute(
        insert(report)
        .values(
            period_id=around.period.id,
            organisation_id=given.organisation_id,
            created_at=now,
            **stored(draft),
        )
        .returning(report.c.id)
    )
    draft = replace(draft, id=made.scalar_one())
    await tell(session, None, draft, action="enter", reason=None, event=None, actor=actor, now=now)
    return draft


def _check(entry: Entry) -> None:
    around = entry.around
    if around.roles.isdisjoint(ENTERING):
        raise Forbidden
    refused = refuse_place(
        Place(
            period_status=around.period.status,
            last_day=around.period.last_day,
            valid_from=entry.valid_from,
            valid_to=entry.valid_to,
            expected=entry.expected,
        )
    )
    if refused is not None:
        raise refused
    if entry.exists:
        raise AlreadyExists


async def _why_not(session: AsyncSession, given: NewReport) -> Exception:
    missing = await find_missing(session, given.indicator_code, given.organisation_id)
    if missing.indicator:
        return UnknownIndicator(errors=[{"field": "indicator_code", "code": "unknown_indicator"}])
    if missing.computed:
        return ComputedIndicator()
    if missing.organisation:
        return UnknownOrganisation(errors=[{"field": "organisation_id", "code": "unknown_organisation"}])
    return PeriodNotOpened(errors=[{"field": "period", "code": "period_not_opened"}])
