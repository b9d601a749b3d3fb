"""Which item counts for which indicator, in which year, and how: one pure rule an indicator.

What an item adds depends on its facts alone, so late, doubled and reordered events end in the same numbers. The
resolution and the laws name none of these measures and no year for them; what each rule takes is said at the rule and
is an open question of its indicator.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from targets.domain.event_items import Case, Criticism, Draft, Facts, Opinion, Recommendation, Submission
from targets.domain.periods import PeriodKind, period_of

RESOLVED: Final = frozenset({"done", "information"})
"""Outcomes of an answer that leave nothing to do."""
NO_LONGER_FOLLOWED: Final = frozenset({"superseded", "organisation_ended"})
"""A recommendation that another one replaced, or whose addressee is gone; "escalated" is still unresolved."""


@dataclass(frozen=True, slots=True)
class Share:
    """What an item adds to an indicator: to its figures, and how much of what is expected is settled."""

    period: str
    numerator: int
    denominator: int
    counted: int
    expected: int

    def without(self, other: "Share | None") -> "Share":
        """Return what must be added so that this stands there instead of `other`, of the same period."""
        if other is None:
            return self
        return Share(
            self.period,
            self.numerator - other.numerator,
            self.denominator - other.denominator,
            self.counted - other.counted,
            self.expected - other.expected,
        )

    @property
    def negative(self) -> "Share":
        """What takes it away again."""
        return Share(self.period, -self.numerator, -self.denominator, -self.counted, -self.expected)


def answered_on_time(item: Submission) -> Share | None:
    """GEN-04. Denominator: accepted submissions answered, or whose due day passed. Numerator: answered in time.

    The year is that of the due day. The first answer counts; what follows after "not solved" is a new round and does
    not make a late answer punctual.
    """
    if item.due_on is None:
        return None
    settled = item.answered_on is not None or item.ran_out
    in_time = item.answered_on is not None and item.answered_on <= item.due_on
    return _when_settled(item.due_on, settled, in_time)


def forwarded_and_resolved(item: Submission) -> Share | None:
    """TASK-5.2. Denominator: submissions given to another body than the receiving Front committee, answered or due.

    Numerator: those resolved: the sender confirms it, or the latest answer is "done" or "information" and the sender
    does not dispute it. The year is that of acceptance.
    """
    if item.accepted_on is None or not item.forwarded:
        return None
    answered = item.answered_on is not None
    resolved = answered and (item.word == "confirmed" or (item.word is None and item.outcome in RESOLVED))
    return _when_settled(item.accepted_on, answered or item.ran_out, resolved)


def cases_done(item: Case) -> Share | None:
    """OVS-01. Denominator: cases whose plan was issued. Numerator: those concluded, whenever that was.

    The year is that of the plan document (NQLT 403 Art. 3: the programme is of a year). A case opened and never planned
    counts nowhere.
    """
    if item.planned_on is None:
        return None
    return _at_once(item.planned_on, done=item.concluded_on is not None)


def replied_on_time(item: Recommendation) -> Share | None:
    """OVS-02, one addressee of one recommendation. Denominator: replied, or due day passed. Numerator: in time.

    The year is that of the due day. No longer counted: replaced by another recommendation, or to a body that ended,
    on or before the due day and without a reply.
    """
    if item.due_on is None:
        return None
    ended_before = item.end_reason in NO_LONGER_FOLLOWED and _by(item.ended_on, item.due_on)
    if item.replied_on is None and ended_before:
        return None
    in_time = _by(item.replied_on, item.due_on)
    return _when_settled(item.due_on, item.replied_on is not None or item.ran_out, in_time)


def recommendations_resolved(item: Recommendation) -> Share | None:
    """OVS-03, one addressee of one recommendation. Denominator: served. Numerator: verified as carried out.

    The year is that of service. A refusal found justified is settled and not resolved; replaced ones and those to
    bodies that ended are not counted, escalated ones are, as unresolved.
    """
    if item.served_on is None or item.end_reason in NO_LONGER_FOLLOWED:
        return None
    done = item.verified_on is not None and item.disposition != "not_accepted"
    settled = item.verified_on is not None or item.end_reason is not None
    return _at_once(item.served_on, done=done, settled=settled)


def drafts_criticised(item: Draft) -> Share | None:
    """OVS-04. Denominator: drafts received for criticism. Numerator: those covered by a criticism document.

    The year is that of receipt. A draft withdrawn before it was criticised is not counted.
    """
    if item.received_on is None or (item.withdrawn_on is not None and item.criticised_on is None):
        return None
    return _at_once(item.received_on, done=item.criticised_on is not None)


def points_answered(item: Criticism) -> Share | None:
    """OVS-05. Denominator: points of criticism replied to, or whose reply was due. Numerator: accepted or explained.

    Accepted in part counts as accepted. The year is that of the criticism document.
    """
    if item.issued_on is None:
        return None
    settled = item.replied_on is not None or item.ran_out
    answered = item.accepted + item.partly_accepted + item.explained if item.replied_on else 0
    return _when_settled(item.issued_on, settled, min(answered, item.points), of=item.points)


def opinions_answered(item: Opinion) -> Share | None:
    """OVS-06. Denominator: opinions taken up and replied to, or whose reply was due. Numerator: replied to at all.

    The year is that in which the opinion was taken up.
    """
    if item.accepted_on is None:
        return None
    return _when_settled(item.accepted_on, item.replied_on is not None or item.ran_out, item.replied_on is not None)


RULES: Final[Mapping[str, tuple[type[Facts], Callable[[Any], Share | None]]]] = {
    "GEN-04": (Submission, answered_on_time),
    "TASK-5.2": (Submission, forwarded_and_resolved),
    "OVS-01": (Case, cases_done),
    "OVS-02": (Recommendation, replied_on_time),
    "OVS-03": (Recommendation, recommendations_resolved),
    "OVS-04": (Draft, drafts_criticised),
    "OVS-05": (Criticism, points_answered),
    "OVS-06": (Opinion, opinions_answered),
}
"""Indicator → the kind of item it is counted from, and its rule."""


def shares(facts: Facts) -> dict[str, Share]:
    """Return what an item adds to each indicator it counts for."""
    given = {code: rule(facts) for code, (kind, rule) in RULES.items() if isinstance(facts, kind)}
    return {code: share for code, share in given.items() if share is not None}


def changes(before: Mapping[str, Share], after: Mapping[str, Share]) -> list[tuple[str, Share]]:
    """Return, by indicator, what must be added to the totals so that `after` stands there instead of `before`."""
    changed: list[tuple[str, Share]] = []
    for code in sorted({*before, *after}):
        old, new = before.get(code), after.get(code)
        if old == new:
            continue
        if old is not None and new is not None and old.period == new.period:
            changed.append((code, new.without(old)))
            continue
        changed += [(code, old.negative)] if old is not None else []
        changed += [(code, new)] if new is not None else []
    return changed


def _by(day: date | None, limit: date) -> bool:
    return day is not None and day <= limit


def _year(day: date) -> str:
    return period_of(day, PeriodKind.YEAR).code


def _when_settled(day: date, settled: bool, reached: int, *, of: int = 1) -> Share:
    """Count once the matter is settled; until then it is only expected."""
    part = of if settled else 0
    return Share(_year(day), int(reached) if settled else 0, part, part, of)


def _at_once(day: date, *, done: bool, settled: bool | None = None) -> Share:
    """Count from the beginning, and settled when done."""
    return Share(_year(day), int(done), 1, int(done if settled is None else settled), 1)
