"""Dispute the values that a conclusion of oversight names, as its event comes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, get_args
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.deadlines import Counted, count, rule_on
from servicekit.recount import read_law
from servicekit.working_days import local_date
from targets.actions.keep_item import ReferenceNotReady
from targets.actions.raise_dispute import NewDispute, store_dispute
from targets.domain.dispute_steps import RULE
from targets.domain.disputes import ReasonCode
from targets.domain.periods import Period
from targets.domain.refusals import UnknownPeriod
from targets.queries.calendar import coded_period
from targets.queries.dispute_files import find_subjects, find_value

TEXT: Final = "Kết luận giám sát nêu số liệu này chưa đúng; xem hồ sơ giám sát được dẫn."
_KNOWN: Final = frozenset(get_args(ReasonCode))


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value as a conclusion names it."""

    indicator_code: str
    period: str
    organisation_id: UUID
    reason_code: str


async def attach_finding(session: AsyncSession, case_id: UUID, values: Iterable[NamedValue], *, now: datetime) -> None:
    """Raise a dispute for every value of a concluded case that was reported or computed.

    A value that is not there is noted in the audit: nothing is marked that nobody reported. Raises ReferenceNotReady
    while the case's Front committee or the rule has not arrived here; the event then comes again.
    """
    # Named twice is once: the same evidence disputes a value once.
    given = {(one.indicator_code, one.period, one.organisation_id): one for one in values}
    if not given:
        return
    subjects = await find_subjects(session, [case_id])
    if not subjects:
        raise ReferenceNotReady
    counted = await _counted(session, local_date(now))
    for one in given.values():
        period = await _period(session, one)
        value = await find_value(session, one.indicator_code, one.period, one.organisation_id) if period else None
        if period is None or value is None:
            await _not_there(session, case_id, one, now)
            continue
        await store_dispute(
            session,
            NewDispute(
                kind="oversight_finding",
                indicator_code=one.indicator_code,
                period=one.period,
                organisation_id=one.organisation_id,
                subject_ids=(case_id,),
                reason_code=one.reason_code if one.reason_code in _KNOWN else "other",  # type: ignore[arg-type]
                text=TEXT,
            ),
            period=period,
            subjects=subjects,
            value=value,
            counted=counted,
            actor=audit.house("targets"),
            now=now,
        )


async def _period(session: AsyncSession, named: NamedValue) -> Period | None:
    try:
        return await coded_period(session, named.period)
    except UnknownPeriod:
        return None


async def _counted(session: AsyncSession, today: date) -> Counted:
    calendar, rules = await read_law(session)
    rule = rule_on(rules, RULE, today)
    if rule is None:
        raise ReferenceNotReady
    return count(calendar, rule, today)


async def _not_there(session: AsyncSession, case_id: UUID, value: NamedValue, now: datetime) -> None:
    await audit.write(
        session,
        action="dispute.value_not_there",
        subject_type="case",
        subject_id=case_id,
        actor=audit.house("targets"),
        now=now,
        details={
            "indicator": value.indicator_code,
            "period": value.period,
            "organisation": str(value.organisation_id),
        },
    )
