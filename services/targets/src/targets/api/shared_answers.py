"""Parts of answers that several nouns show."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from servicekit.text import Answer, Coded, Exact, LegalDate
from targets.domain.dispute_wording import marked_en, marked_vi
from targets.domain.judging import Judgement, Target
from targets.domain.wording import COMPARATORS, JUDGEMENTS, REASONS

JudgementStatus = Literal["achieved", "missed", "not_assessed", "period_ended", "on_track", "at_risk"]
Comparator = Literal[">", ">=", "=", "<=", "<"]
DecidedBy = Literal["comparison", "required_pace", "projection"]
Category = Annotated[str, Coded("[a-z][a-z0-9_]*(?:[.][a-z][a-z0-9_]*)?", max_length=130)]
"""A category of a breakdown, alone or behind its dimension: trade_union, sex.female."""


class Step(Answer):
    """One sentence of an explanation."""

    vi: str
    en: str


class AnswerOption(Answer):
    """One answer a question can have; the words of `other` are written by whoever answers."""

    answer: str
    vi: str
    en: str


class OpenQuestion(Answer):
    """What the resolution's text leaves open, and the answer this installation uses.

    `decision` is null while nobody has decided: the answer is then this system's default. `number`: any figure may be
    answered. `sets`: what the answer changes for judging, which makes a new target version.
    """

    key: str
    question_vi: str
    question_en: str
    answer: str
    answer_vi: str
    answer_en: str
    options: list[AnswerOption]
    number: bool
    sets: str | None
    decision: str | None
    decided_on: LegalDate | None


def open_questions(stored: list[dict[str, Any]]) -> list[OpenQuestion]:
    """Return the questions of an indicator."""
    return [_question(question) for question in stored]


def _question(stored: dict[str, Any]) -> OpenQuestion:
    decided_on = stored["decided_on"]
    decided = None if decided_on is None else date.fromisoformat(decided_on)
    options = [AnswerOption(**option) for option in stored["options"]]
    return OpenQuestion(**(stored | {"decided_on": decided, "options": options}))


class TargetAnswer(Answer):
    """The figure a result is held against; `value` null where the text names none."""

    comparator: Comparator
    comparator_vi: str
    comparator_en: str
    value: Exact | None
    valid_from: LegalDate
    valid_to: LegalDate | None
    minimum_coverage: Exact | None

    @classmethod
    def of(cls, target: Target) -> Self:
        """Show a target."""
        vi, en = COMPARATORS[target.comparator]
        return cls(
            comparator=target.comparator,
            comparator_vi=vi,
            comparator_en=en,
            value=target.value,
            valid_from=target.valid_from,
            valid_to=target.valid_to,
            minimum_coverage=target.minimum_coverage,
        )


class JudgementFields(Answer):
    """A status with the comparison that gave it; `provisional` while figures can still come in."""

    status: JudgementStatus
    status_vi: str
    status_en: str
    reason: str
    reason_vi: str
    reason_en: str
    provisional: bool
    comparison: str | None


class JudgementAnswer(JudgementFields):
    """A judgement on its own."""

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        """Show a judgement."""
        return cls(**judgement_fields(judgement))


def judgement_fields(judgement: Judgement) -> dict[str, Any]:
    """Return the fields of JudgementAnswer, for answers that carry them themselves."""
    return {
        **status_fields(judgement.status, judgement.reason),
        "provisional": judgement.provisional,
        "comparison": judgement.comparison,
    }


def status_fields(status: str, reason: str) -> dict[str, Any]:
    """Return a status and its reason with their words."""
    vi, en = JUDGEMENTS[status]
    reason_vi, reason_en = REASONS[reason]
    return {
        "status": status,
        "status_vi": vi,
        "status_en": en,
        "reason": reason,
        "reason_vi": reason_vi,
        "reason_en": reason_en,
    }


class CategoryAnswer(Answer):
    """One line of a breakdown."""

    category: str
    numerator: Exact


def categories(breakdown: dict[str, Decimal]) -> list[CategoryAnswer]:
    """Show a breakdown, by category."""
    return [CategoryAnswer(category=name, numerator=breakdown[name]) for name in sorted(breakdown)]


class DisputeMark(Answer):
    """`disputed` while the figure contains values whose owner still owes reasons."""

    disputed: bool
    disputed_values: int
    disputed_vi: str | None
    disputed_en: str | None


def mark(disputed: int) -> dict[str, Any]:
    """Return the fields of DisputeMark."""
    return {
        "disputed": disputed > 0,
        "disputed_values": disputed,
        "disputed_vi": marked_vi(disputed) if disputed else None,
        "disputed_en": marked_en(disputed) if disputed else None,
    }
