"""Changes of an indicator by the monitoring board: target versions, answers to open questions, its description."""

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.clock import Now
from servicekit.db import FactSession, WriteSession
from servicekit.errors import NotFound, StaleVersion
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Code, Key
from servicekit.working_days import local_date
from targets.actions.answer_question import answer_question
from targets.actions.describe_indicator import describe_indicator
from targets.actions.set_target import set_target
from targets.api.access import MonitoringOfficer, Reader, monitoring
from targets.api.indicator_answers import IndicatorAnswer
from targets.api.indicator_models import (
    AnswerBody,
    DescriptionBody,
    IndicatorChangeAnswer,
    NewTargetBody,
    TargetSetAnswer,
    ended_version,
)
from targets.domain import resolution_refusals as refusals
from targets.domain.refusals import NothingToChange
from targets.queries import indicators as queries

router = new_router("targets", "indicators")
_VERSIONS = (refusals.BadTarget, refusals.TargetOverlap, refusals.JudgedAlready)


@router.post(
    "/indicators/{code}/targets",
    status_code=201,
    dependencies=[monitoring, Idempotent],
    **answers(NotFound, *_VERSIONS),
)
async def create_target(
    actor: MonitoringOfficer, code: Code, given: NewTargetBody, response: Response, session: WriteSession, now: Now
) -> TargetSetAnswer:
    """Set a new version of the target. The open version ends the day before; no version is edited or deleted.

    Refused where it would reach into a period that is over and was judged: that period keeps its version.
    """
    number, ended = await set_target(session, code, given.target(), actor=actor, now=now)
    indicator = await _indicator(session, code, response, now)
    return TargetSetAnswer(number=number, ended=ended_version(ended), indicator=indicator)


@router.put(
    "/indicators/{code}/questions/{key}",
    **answers(
        NotFound,
        StaleVersion,
        refusals.UnknownAnswer,
        refusals.WordsMissing,
        refusals.TargetDateMissing,
        *_VERSIONS,
    ),
)
async def put_answer(
    actor: MonitoringOfficer,
    code: Code,
    key: Key,
    given: AnswerBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> TargetSetAnswer:
    """Answer what the text leaves open. An answer that changes judging makes a new target version from `valid_from`."""
    made = await answer_question(session, code, key, given.given(), version=version, actor=actor, now=now)
    number, ended = made or (None, None)
    indicator = await _indicator(session, code, response, now)
    return TargetSetAnswer(number=number, ended=ended_version(ended), indicator=indicator)


@router.patch(
    "/indicators/{code}",
    **answers(NotFound, StaleVersion, NothingToChange, refusals.BadDescription),
)
async def describe(
    actor: MonitoringOfficer,
    code: Code,
    given: DescriptionBody,
    response: Response,
    session: WriteSession,
    now: Now,
    version: ExpectedVersion,
) -> IndicatorAnswer:
    """Change how the indicator is described; what it is and the text's words stay."""
    await describe_indicator(session, code, given.given(), version=version, actor=actor, now=now)
    return await _indicator(session, code, response, now)


@router.get("/indicators/{code}/changes", **answers(NotFound, InvalidCursor))
async def list_changes(
    actor: Reader, code: Code, pages: PageQuery, session: FactSession
) -> Page[IndicatorChangeAnswer]:
    """List every change of the indicator, oldest first: targets, answers, descriptions."""
    row = await queries.find_indicator(session, code)
    window = pages.window("targets.indicator_changes", {"indicator": row.id})
    rows = await queries.list_changes(session, row.id, window)
    return window.page(rows, position=lambda row: (row.version,), item=IndicatorChangeAnswer.of)


async def _indicator(session: AsyncSession, code: str, response: Response, now: Now) -> IndicatorAnswer:
    row = await queries.find_indicator(session, code)
    targets = await queries.find_targets(session, [row.id])
    set_etag(response, row.version)
    return IndicatorAnswer.of(row, targets.get(row.id, []), local_date(now))
