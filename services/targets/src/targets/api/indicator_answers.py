"""What is said about an indicator."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from sqlalchemy import Row

from servicekit.text import Answer, LegalDate, Uuid
from targets.api.shared_answers import (
    OpenQuestion,
    TargetAnswer,
    open_questions,
)
from targets.queries.indicators import as_target


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


class IndicatorAnswer(Answer):
    """An indicator with the resolution's exact words."""

    id: Uuid
    code: str
    name_vi: str
    name_en: str
    instrument: str
    issued_on: LegalDate
    clause: str
    quote: str
    kind: Literal["ratio", "count", "yes_no", "milestone", "rating"]
    unit: str
    direction: Literal["higher", "lower"]
    numerator_vi: str
    numerator_en: str
    denominator_vi: str | None
    denominator_en: str | None
    responsible_vi: str
    source: Literal["reports", "feedback_events", "oversight_events", "formula"]
    period_kind: str
    categories: list[str]
    targets: list[TargetVersionAnswer]
    open_questions: list[OpenQuestion]

    @classmethod
    def of(cls, row: Row[Any], targets: Sequence[Row[Any]]) -> Self:
        """Show a stored indicator with all versions of its target."""
        own = {name: getattr(row, name) for name in cls.model_fields if name not in ("targets", "open_questions")}
        return cls(
            **own,
            targets=[TargetVersionAnswer.of_row(target) for target in targets],
            open_questions=open_questions(row.open_questions),
        )
