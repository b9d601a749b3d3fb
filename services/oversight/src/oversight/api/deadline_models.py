"""The explanation of a reply deadline, day by day, with its basis and how sure we are of it."""

from datetime import date

from oversight.api.case_models import OrganisationAnswer
from oversight.domain.reply_clock import read_pinned
from oversight.queries.recommendations import Part
from servicekit.deadline_answers import DeadlineChangeAnswer, change_answers
from servicekit.deadlines import CONFIDENCE_TEXTS
from servicekit.law_book import Law
from servicekit.reference import ReferenceBook
from servicekit.text import Answer
from servicekit.working_days import Unit

UNIT_TEXTS = {
    Unit.WORKING_DAYS: ("ngày làm việc", "working days"),
    Unit.CALENDAR_DAYS: ("ngày", "calendar days"),
}


class RuleAnswer(Answer):
    """The rule version pinned to the case."""

    key: str
    version: int
    amount: int
    unit: str
    anchor: str
    basis: str | None
    confidence: str
    confidence_vi: str
    confidence_en: str


class DayAnswer(Answer):
    """One day of the count."""

    date: date
    counted: bool
    reason_vi: str
    reason_en: str


class DeadlineAnswer(Answer):
    """When this addressee's reply is due, and why.

    `due_on` binds. `days` count the pinned rule from `received_on` on the calendar as it is known now and end on
    `counted_on`. While a reply is awaited, a changed calendar moves `due_on`, unless the presiding body set a shorter
    date; `changes` say what it was and why. What was replied keeps its day.
    """

    organisation: OrganisationAnswer
    received_on: date
    due_on: date
    provisional: bool
    default_due_on: date
    counted_on: date
    shortened: bool
    shortened_reason: str | None
    rule: RuleAnswer
    explanation_vi: str
    explanation_en: str
    days: list[DayAnswer]
    changes: list[DeadlineChangeAnswer]


def deadline_answer(part: Part, book: ReferenceBook, law: Law) -> DeadlineAnswer:
    """Explain the reply deadline of one addressee with its pinned rule; `part` has its `deadline_changes`."""
    rule = read_pinned(part.rule)
    counted = law.count(rule, part.received_on).due
    vi, en = CONFIDENCE_TEXTS[rule.confidence]
    unit_vi, unit_en = UNIT_TEXTS[rule.rule.unit]
    shortened = part.due_reason is not None
    return DeadlineAnswer(
        organisation=OrganisationAnswer.of(book, part.organisation_id),
        received_on=part.received_on,
        due_on=part.reply_due_on,
        provisional=part.due_provisional,
        default_due_on=part.default_due_on,
        counted_on=counted.on,
        shortened=shortened,
        shortened_reason=part.due_reason,
        rule=RuleAnswer(
            key=rule.key,
            version=rule.version,
            amount=rule.rule.amount,
            unit=rule.rule.unit.value,
            anchor=rule.anchor,
            basis=rule.basis,
            confidence=rule.confidence,
            confidence_vi=vi,
            confidence_en=en,
        ),
        explanation_vi=(
            f"{rule.rule.amount} {unit_vi} kể từ ngày nhận {part.received_on:%d/%m/%Y} ({vi})"
            + (f"; cơ quan chủ trì đặt hạn ngắn hơn: {part.reply_due_on:%d/%m/%Y}" if shortened else "")
            + ("; ngày cuối là tạm tính vì lịch nghỉ của năm đó chưa được công bố" if part.due_provisional else "")
        ),
        explanation_en=(
            f"{rule.rule.amount} {unit_en} from receipt on {part.received_on.isoformat()} ({en})"
            + (f"; the presiding body set a shorter date: {part.reply_due_on.isoformat()}" if shortened else "")
            + ("; provisional, the days off of that year are not announced yet" if part.due_provisional else "")
        ),
        days=[
            DayAnswer(date=day.date, counted=day.counted, reason_vi=day.reason_vi, reason_en=day.reason_en)
            for day in counted.days
        ],
        changes=change_answers(part.deadline_changes),
    )
