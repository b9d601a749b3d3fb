"""Validation rules, and what they and the limits of outliers find in a period's reports."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from servicekit.clock import Now
from servicekit.db import FactSession, ReadSession, WriteSession
from servicekit.errors import AlreadyExists, NotFound
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Uuid
from servicekit.working_days import local_date
from targets.actions import change_rule
from targets.api.access import MonitoringOfficer, Reader, monitoring
from targets.api.period_answers import AskedPeriod
from targets.api.validation_models import (
    FindingAnswer,
    NewRuleBody,
    OutlierAnswer,
    RuleAnswer,
    RuleBody,
    ViolationAnswer,
)
from targets.domain.period_refusals import NotOnePeriod
from targets.domain.refusals import RuleIncomplete, UnknownIndicator, UnknownPeriod
from targets.queries import findings, validation
from targets.queries.calendar import named_period
from targets.queries.findings import Finding

router: APIRouter = new_router("targets", "validation")


@router.get("/validation", **answers(InvalidCursor, UnknownPeriod, NotOnePeriod))
async def list_findings(
    actor: Reader,
    pages: PageQuery,
    session: ReadSession,
    now: Now,
    period: AskedPeriod,
    indicator_code: Annotated[Code | None, Query()] = None,
) -> Page[FindingAnswer]:
    """List reports that break a rule or lie far from others, with the numbers behind.

    A page looks at `limit` reports and shows those of them against which something speaks: it may be empty while
    there is a next one. A value is compared with what the caller may see.
    """
    span = await named_period(session, period, local_date(now))
    window = pages.window("targets.findings", {"period": span.code, "indicator": indicator_code})
    rows = await findings.page_of_reports(session, window, actor, period=span.code, indicator_code=indicator_code)
    cursor = window.page(rows, position=lambda row: (row.id,), item=lambda row: row).next_cursor
    found = await findings.find_findings(session, rows[: window.limit], span)
    return Page(items=[_finding(one) for one in found], next_cursor=cursor)


def _finding(found: Finding) -> FindingAnswer:
    row = found.report
    return FindingAnswer(
        report_id=row.id,
        indicator_code=row.indicator_code,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        status=row.status,
        numerator=row.numerator,
        denominator=row.denominator,
        note=row.note,
        violations=[ViolationAnswer.of(one) for one in found.violations],
        outliers=[OutlierAnswer.of(compared_with, one) for compared_with, one in found.outliers],
    )


@router.get("/validation-rules", **answers(InvalidCursor))
async def list_validation_rules(actor: Reader, pages: PageQuery, session: FactSession) -> Page[RuleAnswer]:
    """List the validation rules by code."""
    window = pages.window("targets.rules")
    rows = await validation.list_rules(session, window)
    return window.page(rows, position=lambda row: (row.code,), item=RuleAnswer.of)


@router.get("/validation-rules/{rule_id}", **answers(NotFound))
async def read_validation_rule(actor: Reader, rule_id: Uuid, response: Response, session: FactSession) -> RuleAnswer:
    """Return a validation rule."""
    row = await validation.find_rule(session, rule_id)
    set_etag(response, row.version)
    return RuleAnswer.of(row)


@router.post(
    "/validation-rules",
    status_code=201,
    dependencies=[monitoring, Idempotent],
    **answers(AlreadyExists, UnknownIndicator, RuleIncomplete),
)
async def add_validation_rule(
    actor: MonitoringOfficer, given: NewRuleBody, response: Response, session: WriteSession, now: Now
) -> RuleAnswer:
    """Add a rule; it is asked of every value entered from now on."""
    row = await change_rule.add_rule(session, given.code, given.terms(), actor=actor, now=now)
    set_etag(response, row.version)
    return RuleAnswer.of(row)


@router.put("/validation-rules/{rule_id}", **answers(UnknownIndicator, RuleIncomplete))
async def change_validation_rule(
    actor: MonitoringOfficer,
    rule_id: Uuid,
    given: RuleBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> RuleAnswer:
    """Say a rule anew, or end it with `active_to`; values entered before keep what they were warned of then."""
    row = await change_rule.change_rule(session, rule_id, given.terms(), version=version, actor=actor, now=now)
    set_etag(response, row.version)
    return RuleAnswer.of(row)
