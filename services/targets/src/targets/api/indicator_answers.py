"""What is said about an indicator."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, Self

from sqlalchemy import Row

from servicekit.text import Answer, Exact, LegalDate, Uuid
from targets.api.shared_answers import (
    OpenQuestion,
    TargetAnswer,
    open_questions,
)
from targets.domain.metadata import missing
from targets.domain.validity import STANDINGS, standing
from targets.queries.judging import as_target

Section = Literal["target", "general_goal", "goal", "task", "duty"]
IndicatorKind = Literal["ratio", "count", "yes_no", "milestone", "rating"]
Source = Literal["reports", "feedback_events", "oversight_events", "formula"]
Standing = Literal["future", "valid", "ended"]


class TargetVersionAnswer(TargetAnswer):
    """One version of a target, with the decision that set it."""

    number: int
    aggregation_scope: str
    counting_method: str
    decision: str
    decided_on: LegalDate

    @classmethod
    def of_row(cls, row: Row[Any]) -> Self:
        """Show a stored version."""
        target = as_target(row)
        assert target is not None
        return cls(
            **TargetAnswer.of(target).model_dump(),
            number=row.number,
            aggregation_scope=row.aggregation_scope,
            counting_method=row.counting_method,
            decision=row.decision,
            decided_on=row.decided_on,
        )


class IndicatorTarget(TargetVersionAnswer):
    """A version of the target with how it stands today, by its dates alone, and what it is measured from."""

    standing: Standing
    standing_vi: str
    standing_en: str
    baseline_value: Exact | None
    baseline_on: LegalDate | None

    @classmethod
    def today(cls, row: Row[Any], today: date) -> Self:
        """Show a stored version as it stands on a day."""
        found = standing(row.valid_from, row.valid_to, today)
        vi, en = STANDINGS[found]
        return cls(
            **TargetVersionAnswer.of_row(row).model_dump(),
            standing=found,
            standing_vi=vi,
            standing_en=en,
            baseline_value=row.baseline_value,
            baseline_on=row.baseline_on,
        )


class BreakdownAnswer(Answer):
    """One way to break a figure down; a report may give any of them, and each adds up to the numerator."""

    key: str
    name_vi: str
    name_en: str
    categories: list[dict[str, str]]


class IndicatorAnswer(Answer):
    """An indicator with the resolution's exact words, what it means here, and what the text leaves open.

    `missing` names what must still be told of it before a reporting period may be opened.
    """

    id: Uuid
    code: str
    version: int
    resolution_id: Uuid
    parent_id: Uuid | None
    section: Section
    position: int
    name_vi: str
    name_en: str
    instrument: str
    issued_on: LegalDate
    clause: str
    quote: str
    editor_note_vi: str | None
    editor_note_en: str | None
    kind: IndicatorKind
    unit: str
    direction: Literal["higher", "lower"]
    definition_vi: str | None
    definition_en: str | None
    numerator_vi: str
    numerator_en: str
    denominator_vi: str | None
    denominator_en: str | None
    formula: dict[str, str] | None
    lower_bound: Exact | None
    upper_bound: Exact | None
    responsible_vi: str
    responsible_now_vi: str | None
    responsible_confidence: Literal["seen", "unconfirmed"]
    responsible_kinds: list[str]
    source: Source
    data_source_vi: str | None
    data_source_en: str | None
    evidence_required: bool
    period_kind: str
    reporting_kinds: list[str]
    time_aggregation: Literal["sum", "last"]
    reporter_kinds: list[str]
    reporter_level: str
    breakdowns: list[BreakdownAnswer]
    categories: list[str]
    targets: list[IndicatorTarget]
    open_questions: list[OpenQuestion]
    missing: list[str]

    @classmethod
    def of(cls, row: Row[Any], targets: Sequence[Row[Any]], today: date) -> Self:
        """Show a stored indicator with all versions of its target."""
        made = ("targets", "open_questions", "breakdowns", "missing")
        own = {name: getattr(row, name) for name in cls.model_fields if name not in made}
        return cls(
            **own,
            breakdowns=[BreakdownAnswer(**breakdown) for breakdown in row.breakdowns],
            targets=[IndicatorTarget.today(target, today) for target in targets],
            open_questions=open_questions(row.open_questions),
            missing=missing(row._asdict()) if row.source == "reports" else [],
        )
