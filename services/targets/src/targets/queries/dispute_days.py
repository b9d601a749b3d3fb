"""The days answers to disputes are due, in the form in which they are counted again."""

from sqlalchemy import literal, select

from targets.domain.dispute_steps import MARKED
from targets.tables import dispute, indicator

DISPUTES = dispute
"""What is locked while its due day is counted again."""
AWAITED_ANSWERS = (
    select(
        dispute.c.id.label("item_id"),
        literal("dispute_answer").label("deadline"),
        dispute.c.anchor_on,
        dispute.c.due_on,
        dispute.c.due_provisional,
        dispute.c.rule_key,
        dispute.c.rule_version,
        dispute.c.id,
        dispute.c.version,
        dispute.c.told,
        dispute.c.status,
        dispute.c.overdue_on,
        dispute.c.decided_on,
        dispute.c.period,
        dispute.c.organisation_id,
        indicator.c.code.label("indicator_code"),
    )
    .join(indicator, indicator.c.id == dispute.c.indicator_id)
    .where(dispute.c.status.in_(MARKED))
)
"""What was answered is no longer due."""
