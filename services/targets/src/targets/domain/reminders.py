"""Reminders and escalation (đôn đốc): which step of a form is reached on a day, and to whom it goes.

    10 and 3 days before, on the day ─► the unit      3 after ─► its head
    7 after ─► the city's Front committee             14 after ─► the monitoring board

Days are working days: nobody is chased over Tết. Only the step reached last is sent. One that nobody could send at its
time, because the period was opened late or the house stood still, is not sent afterwards beside a later one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

DUE_SOON: Final = "due_soon"
OVERDUE: Final = "overdue"
BY_HAND: Final = "by_hand"
UNIT: Final = "unit"
HEAD: Final = "head"
CITY_FRONT: Final = "city_front"
BOARD: Final = "board"
RUNGS: Final = {UNIT: "reporter", HEAD: "head", CITY_FRONT: "verifier", BOARD: "monitoring_officer"}
"""The ladder, and the role that is told at each rung."""


@dataclass(frozen=True, slots=True)
class ReminderStep:
    """So many working days after the due day (before it when negative), to this rung of the ladder."""

    key: str
    days: int
    to: str

    @property
    def kind(self) -> str:
        """Say whether the report is still due or was due; on the day itself it is still due."""
        return DUE_SOON if self.days <= 0 else OVERDUE


def reached(
    steps: Sequence[ReminderStep], due_on: date, today: date, day_of: Callable[[date, int], date]
) -> ReminderStep | None:
    """Return the last step whose day has come; `day_of` counts working days from a day."""
    come = [step for step in steps if day_of(due_on, step.days) <= today]
    return max(come, key=lambda step: step.days, default=None)
