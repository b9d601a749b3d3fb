"""What is known of one thing told by another service, as far as an indicator needs it: days, counts and codes.

A change takes one event in; what it leaves depends on the events of the thing alone, not on when they came. `ran_out`
is the one fact no event tells: the due day passed with nothing done, noted by a job.
"""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, ClassVar, Final, Self


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission (phản ánh, kiến nghị), domain.md §9.4."""

    kind: ClassVar[str] = "submission"
    accepted_on: date | None = None
    due_on: date | None = None
    """The due day the first answer was or is held to."""
    forwarded: bool = False
    """A body other than the receiving Front committee was given it."""
    answered_on: date | None = None
    """The first answer."""
    outcome: str | None = None
    """The latest answer's."""
    word: str | None = None
    """What the sender said since the latest answer: confirmed or disputed."""
    ran_out: bool = False

    def due(self, day: date) -> Self:
        """Take another due day; after the first answer it is that of a new round, which is not kept."""
        if self.answered_on is not None:
            return self
        return replace(self, due_on=day, ran_out=self.ran_out and day == self.due_on)

    def answered(self, day: date, due_on: date, outcome: str) -> Self:
        """Take an answer; the first stops the clock for good."""
        known = self.due(due_on)
        return replace(known, answered_on=known.answered_on or day, outcome=outcome, word=None)

    @property
    def clock_on(self) -> date | None:
        """The day whose passing still changes something."""
        return None if self.answered_on or self.ran_out else self.due_on


@dataclass(frozen=True, slots=True)
class Case:
    """An oversight case (hồ sơ giám sát), domain.md §9.1; no day that passes changes it."""

    kind: ClassVar[str] = "case"
    clock_on: ClassVar[None] = None
    planned_on: date | None = None
    concluded_on: date | None = None


@dataclass(frozen=True, slots=True)
class ReplyClock:
    """Parent of what is answered by a reply within a time."""

    due_on: date | None = None
    replied_on: date | None = None
    ran_out: bool = False

    def due(self, day: date) -> Self:
        """Take another due day."""
        return replace(self, due_on=day, ran_out=self.ran_out and day == self.due_on)

    @property
    def clock_on(self) -> date | None:
        """The day whose passing still changes something."""
        return None if self.replied_on or self.ran_out else self.due_on


@dataclass(frozen=True, slots=True)
class Recommendation(ReplyClock):
    """A recommendation towards one of its addressees, which has a clock of its own (domain.md §9.1)."""

    kind: ClassVar[str] = "recommendation"
    served_on: date | None = None
    disposition: str | None = None
    verified_on: date | None = None
    ended_on: date | None = None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft sent for social criticism (phản biện xã hội), domain.md §9.2; no day that passes changes it."""

    kind: ClassVar[str] = "draft"
    clock_on: ClassVar[None] = None
    received_on: date | None = None
    withdrawn_on: date | None = None
    criticised_on: date | None = None


@dataclass(frozen=True, slots=True)
class Criticism(ReplyClock):
    """A criticism document and what its points came to, domain.md §3 and §9.2."""

    kind: ClassVar[str] = "criticism"
    issued_on: date | None = None
    points: int = 0
    accepted: int = 0
    partly_accepted: int = 0
    explained: int = 0


@dataclass(frozen=True, slots=True)
class Opinion(ReplyClock):
    """An opinion under Decision 218 (góp ý), domain.md §9.3."""

    kind: ClassVar[str] = "opinion"
    accepted_on: date | None = None


Facts = Submission | Case | Recommendation | Draft | Criticism | Opinion
KINDS: Final[dict[str, type[Facts]]] = {
    one.kind: one for one in (Submission, Case, Recommendation, Draft, Criticism, Opinion)
}


def after_its_day(facts: Facts) -> Facts:
    """Return the facts after the day of their clock has passed; unchanged when no clock runs."""
    if facts.clock_on is None or isinstance(facts, Case | Draft):
        return facts
    changed: Facts = replace(facts, ran_out=True)
    return changed


def known(facts: Facts) -> dict[str, Any]:
    """Return what is known, without what is not: the form in which facts are kept and shown."""
    given = {one.name: getattr(facts, one.name) for one in fields(facts)}
    return {name: value for name, value in given.items() if value not in (None, False, 0)}
