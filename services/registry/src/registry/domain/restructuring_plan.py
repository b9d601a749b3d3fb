"""From the changes asked for to the rows that end and begin.

A row is a unit or body under one parent for a span of dates, so whoever gets another name or parent ends the day before
and begins as a successor. The database holds the same rules once more (`migrations/history_rules.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from uuid import UUID

from registry.domain.restructuring import Change, Plan, Row
from registry.domain.restructuring_draft import Draft
from registry.domain.restructuring_followers import Followers


def plan(changes: Sequence[Change], rows: Mapping[UUID, Row], on: date, new_id: Callable[[int], UUID]) -> Plan:
    """Return what the changes come to on a day. `rows` are all that they, and what stands below them, can reach.

    Raises the errors of `history_errors`, and Invalid for a unit whose name does not say its type.
    """
    draft = Draft(rows, on, new_id)
    heirs = [draft.take(change) for change in changes]
    followers = Followers(draft)
    following = [pair for pair in zip(changes, heirs, strict=True) if pair[0].children_follow]
    # Units first, for their bodies go with them; and from the top down, so that every parent is known.
    for change, taken in sorted(following, key=lambda pair: (pair[0].thing != "unit", _depth(pair[0], rows))):
        followers.follow_all(change, taken)
    return draft.finish()


def _depth(change: Change, rows: Mapping[UUID, Row]) -> int:
    return min((len(rows[each].path) for each in change.ending), default=0)
