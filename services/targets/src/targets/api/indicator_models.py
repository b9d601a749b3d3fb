"""What is sent to change an indicator, and what is said of the change."""

from typing import Annotated, Any, Self

from pydantic import Field
from sqlalchemy import Row

from servicekit.text import Answer, ApiModel, Exact, Instant, Key, LegalDate, SafeText, Uuid
from targets.actions.answer_question import GivenAnswer
from targets.actions.set_target import NewTarget
from targets.api.indicator_answers import IndicatorAnswer
from targets.api.resolution_models import Choice, Number, PeriodKindName
from targets.api.shared_answers import Comparator
from targets.domain.target_versions import Ended


class NewTargetBody(ApiModel):
    """A new version of the target, by a decision; `value` null means: shown, not judged."""

    comparator: Comparator
    value: Exact | None = None
    valid_from: LegalDate
    valid_to: LegalDate | None = None
    aggregation_scope: Key = "city_total"
    counting_method: Key
    minimum_coverage: Exact | None = None
    baseline_value: Exact | None = None
    baseline_on: LegalDate | None = None
    decision: Number
    decided_on: LegalDate

    def target(self) -> NewTarget:
        """Return it for the action."""
        return NewTarget(**self.model_dump())


class AnswerBody(ApiModel):
    """The answer to an open question, by a decision.

    `answer_vi` and `answer_en` are the words of an answer that is no ready choice; `valid_from` is needed where the
    answer changes judging, which then goes by a new target version from that day on.
    """

    answer: Choice
    answer_vi: SafeText | None = None
    answer_en: SafeText | None = None
    decision: Number
    decided_on: LegalDate
    valid_from: LegalDate | None = None

    def given(self) -> GivenAnswer:
        """Return it for the action."""
        return GivenAnswer(**self.model_dump())


class DescriptionBody(ApiModel):
    """The fields to change; what is left out stays. Code, clause, quote and kind never change."""

    definition_vi: SafeText | None = None
    definition_en: SafeText | None = None
    numerator_vi: SafeText | None = None
    numerator_en: SafeText | None = None
    denominator_vi: SafeText | None = None
    denominator_en: SafeText | None = None
    data_source_vi: SafeText | None = None
    data_source_en: SafeText | None = None
    editor_note_vi: SafeText | None = None
    editor_note_en: SafeText | None = None
    responsible_now_vi: SafeText | None = None
    reporting_kinds: Annotated[list[PeriodKindName], Field(min_length=1, max_length=6)] | None = None

    def given(self) -> dict[str, Any]:
        """Return what was sent."""
        return self.model_dump(exclude_none=True)


class EndedVersion(Answer):
    """The version that ended because the next begins."""

    number: int
    last_day: LegalDate
    note_vi: str
    note_en: str


def ended_version(ended: Ended | None) -> EndedVersion | None:
    """Say which version ended, and when."""
    if ended is None:
        return None
    vi = f"Phiên bản {ended.number} có hiệu lực đến hết ngày {ended.last_day:%d/%m/%Y}; kỳ đã đánh giá giữ nguyên."
    en = f"Version {ended.number} is valid until {ended.last_day}; what was judged by it stays."
    return EndedVersion(number=ended.number, last_day=ended.last_day, note_vi=vi, note_en=en)


class TargetSetAnswer(Answer):
    """What became of an indicator's target: the number of the new version, which one ended, the indicator now."""

    number: int | None
    ended: EndedVersion | None
    indicator: IndicatorAnswer


class IndicatorChangeAnswer(Answer):
    """One line of an indicator's history: what it was, what it became, who, and by which decision."""

    version: int
    at: Instant
    actor_id: Uuid
    action: str
    values_before: dict[str, Any]
    values_after: dict[str, Any]
    decision: str | None
    decided_on: LegalDate | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a stored line."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})
