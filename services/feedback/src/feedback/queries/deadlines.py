"""The deadlines that run, in the form in which they are counted again; and what was recounted for one item."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, case, literal, select

from feedback.domain.deadlines import RUNNING, STATUS
from feedback.tables import submission
from servicekit.deadline_answers import changes_of
from servicekit.deadlines import RuleVersion, rule_version

SUBMISSIONS = submission
"""What is locked while its deadline is counted again."""
_column = submission.c
_answering = _column.status.in_([status for status, deadline in RUNNING.items() if deadline == "answer"])
RUNNING_DEADLINES = select(
    _column.id.label("item_id"),
    _column.version,
    _column.status,
    _column.front_organisation_id,
    case(RUNNING, value=_column.status).label("deadline"),
    case((_answering, _column.anchor_on), else_=_column.received_on).label("anchor_on"),
    case((_answering, _column.due_on), else_=_column.status_due_on).label("due_on"),
    case((_answering, _column.due_provisional), else_=_column.status_due_provisional).label("due_provisional"),
    case((_answering, _column.rule_key), else_=literal(STATUS)).label("rule_key"),
    case((_answering, _column.rule_version), else_=_column.status_rule_version).label("rule_version"),
).where(_column.status.in_(list(RUNNING)))
"""At most one deadline of a submission runs; what was answered, refused or guided out never changes."""

CHANGES = changes_of(_column.id)
"""What was recounted for a submission, oldest first."""


def pinned_rule(row: Row[Any], rules: Sequence[RuleVersion]) -> RuleVersion | None:
    """Return the rule version a running deadline was started with."""
    return rule_version(rules, row.rule_key, row.rule_version)
