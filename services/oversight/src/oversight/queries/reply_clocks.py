"""The reply clocks that run, in the form in which they are counted again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, literal, select

from oversight.domain.addressee_steps import RUNNING
from oversight.domain.reply_clock import read_pinned
from oversight.tables import addressee, recommendation
from servicekit.deadlines import RuleVersion

ADDRESSEES = addressee
"""What is locked while its clock is counted again."""
RUNNING_CLOCKS = (
    select(
        addressee.c.id.label("item_id"),
        literal("reply").label("deadline"),
        addressee.c.received_on.label("anchor_on"),
        addressee.c.reply_due_on.label("due_on"),
        addressee.c.due_provisional,
        addressee.c.version,
        addressee.c.status,
        addressee.c.organisation_id,
        addressee.c.acknowledged_on,
        addressee.c.overdue_on,
        addressee.c.recommendation_id,
        recommendation.c.case_id,
        recommendation.c.rule,
    )
    .join(recommendation, recommendation.c.id == addressee.c.recommendation_id)
    .where(addressee.c.status.in_(RUNNING), addressee.c.due_reason.is_(None))
)
"""Addressees whose reply is awaited; a date the presiding body set itself is not moved by the calendar."""


def pinned_rule(row: Row[Any], _: Sequence[RuleVersion]) -> RuleVersion | None:
    """Return the rule version kept with the recommendation."""
    return read_pinned(row.rule)
