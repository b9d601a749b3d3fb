"""The due days of open periods, in the form in which they are counted again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, literal, select

from servicekit.deadlines import RuleVersion, rule_version
from targets.domain.period_steps import OPEN
from targets.tables import indicator, reporting_period

PERIODS = reporting_period
"""What is locked while its due day is counted again."""
RUNNING_PERIODS = (
    select(
        reporting_period.c.id.label("item_id"),
        literal("report").label("deadline"),
        reporting_period.c.last_day.label("anchor_on"),
        reporting_period.c.due_on,
        reporting_period.c.due_provisional,
        reporting_period.c.rule_key,
        reporting_period.c.rule_version,
        reporting_period.c.version,
        reporting_period.c.told,
        reporting_period.c.code,
        indicator.c.code.label("indicator_code"),
    )
    .join(indicator, indicator.c.id == reporting_period.c.indicator_id)
    .where(reporting_period.c.status == OPEN)
)
"""Reports of a closed period are no longer due."""


def pinned_rule(row: Row[Any], rules: Sequence[RuleVersion]) -> RuleVersion | None:
    """Return the rule version a period was opened with."""
    return rule_version(rules, row.rule_key, row.rule_version)
