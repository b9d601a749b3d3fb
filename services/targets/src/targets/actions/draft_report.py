"""Enter a report as a draft: one organisation's figures for one indicator and period."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import AlreadyExists, Forbidden
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.actions.check_values import hold_to_rules
from targets.actions.write_report import Change, add_reports, tell_changes
from targets.domain.approval import Signing
from targets.domain.entering import UNCONFIGURED_METHOD, Place, refuse_place
from targets.domain.figures import Figures
from targets.domain.periods import names_term, parse_period
from targets.domain.refusals import (
    ComputedIndicator,
    PeriodNotOpened,
    UnknownIndicator,
    UnknownOrganisation,
)
from targets.domain.report_steps import DRAFT, ENTERING
from targets.domain.reports import ReportFacts, Surroundings
from targets.queries.entering import Entry, find_entry, find_missing

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
    if not names_term(given.period):  # which terms there are is data; an unknown one has no reporting period
        parse_period(given.period)
    entry = await find_entry(session, given.indicator_code, given.period, given.organisation_id, actor)
    if entry is None:
        raise await _why_not(session, given)
    _check(entry, local_date(now))
    made = draft_of(entry.around, given, evidence_needed=entry.evidence_needed, actor=actor, now=now)
    made = await hold_to_rules(session, made)
    [draft] = await add_reports(session, [made], now=now)
    await tell_changes(session, [Change(None, draft, "enter")], actor=actor, now=now)
    return draft


def draft_of(
    around: Surroundings, given: NewReport, *, evidence_needed: bool, actor: Actor, now: datetime
) -> ReportFacts:
    """Return the draft of a report that does not exist yet. Raises BadFigures."""
    around.check(given.figures)
    return ReportFacts(
        id=_NOBODY,
        status=DRAFT,
        version=1,
        told=0,
        figures=given.figures,
        counting_method=given.counting_method or around.asked.counting_method or UNCONFIGURED_METHOD,
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
        signing=Signing(actor=actor.id, had_a_hand=True),
        evidence_missing=evidence_needed,
    )


def _check(entry: Entry, today: date) -> None:
    around = entry.around
    if around.roles.isdisjoint(ENTERING):
        raise Forbidden
    refused = refuse_place(
        Place(
            period_status=around.period_status(today),
            last_day=around.period.last_day,
            organisation=entry.organisation,
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
