"""What every event about a moved deadline says."""

from datetime import date

from contracts.envelope import Fact


class DeadlineChanged(Fact):
    """A running deadline was counted again by its own rule version, because of what was said of days or years."""

    due_on: date
    due_provisional: bool
    previous_due_on: date
    previous_provisional: bool
    rule_key: str
    rule_version: int
    changed_days: list[date]
    changed_years: list[int]
