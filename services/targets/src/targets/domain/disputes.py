"""What is known about a dispute when a rule is asked, and which figures a disputed value marks."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID, uuid5

Kind = Literal["feedback_cluster", "oversight_finding"]
ReasonCode = Literal["figure_too_high", "figure_too_low", "counted_twice", "wrong_population", "no_evidence", "other"]
AnswerKind = Literal["figure_stands", "figure_corrected"]
SUBJECT_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "feedback_cluster": frozenset({"submission"}),
    "oversight_finding": frozenset({"case", "recommendation"}),
}
"""Which things each kind of dispute rests on."""


def value_id(indicator_id: UUID, period: str, organisation_id: UUID) -> UUID:
    """Return the one id of a value."""
    return uuid5(indicator_id, f"{period}:{organisation_id}")


@dataclass(frozen=True, slots=True)
class DisputedValue:
    """A value whose owner owes reasons: how many disputes wait, and everyone above the organisation."""

    indicator_id: UUID
    period: str
    first_day: date
    last_day: date
    organisation_id: UUID
    disputes: int
    path: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class OpenDisputes:
    """The disputed values, by indicator: asked for every figure that is shown."""

    by_indicator: Mapping[UUID, tuple[DisputedValue, ...]]

    @classmethod
    def of(cls, values: Iterable[DisputedValue]) -> "OpenDisputes":
        """Group disputed values by indicator."""
        grouped: dict[UUID, list[DisputedValue]] = {}
        for value in values:
            grouped.setdefault(value.indicator_id, []).append(value)
        return cls({key: tuple(found) for key, found in grouped.items()})

    def within(self, indicator_id: UUID, first_day: date, last_day: date, organisation_id: UUID | None) -> int:
        """Return how many disputed values a figure contains: of periods inside its own, at or below its organisation.

        Without an organisation it is the figure of the whole. A unit's own figure contains itself.
        """
        places = None if organisation_id is None else frozenset((organisation_id,))
        return self.within_any(indicator_id, first_day, last_day, places)

    def within_any(
        self,
        indicator_id: UUID,
        first_day: date,
        last_day: date,
        organisation_ids: AbstractSet[UUID] | None,
        alone: AbstractSet[UUID] = frozenset(),
    ) -> int:
        """Return how many disputed values a figure made of several organisations' contains, each once.

        As a figure restated to today's units is, made of their predecessors'; None is the whole. Of those `alone`, what
        stands below them is not in it.
        """
        return sum(
            1
            for value in self.by_indicator.get(indicator_id, ())
            if first_day <= value.first_day
            and value.last_day <= last_day
            and (
                organisation_ids is None
                or value.organisation_id in alone
                or not organisation_ids.isdisjoint((value.organisation_id, *value.path))
            )
        )


@dataclass(frozen=True, slots=True)
class ValueFacts:
    """A value as it stood when it was disputed; `report_id` None for one that was computed from events."""

    indicator_id: UUID
    report_id: UUID | None
    report_version: int | None
    numerator: Decimal
    denominator: Decimal | None
    path: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """What a dispute rests on, as the house was told of it."""

    id: UUID
    kind: str
    organisation_id: UUID
    """The Front committee that received the submission, or that presides over the case."""
    path: tuple[UUID, ...]
