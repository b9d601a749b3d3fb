"""Tables of the targets service.

resolution 1─n indicator 1─n target_version           what the resolution asks, by which figure, from when to when
indicator 1─n reporting_period 1─n expected_report    who owes a report
reporting_period 1─n report 1─n report_change         the figures, and every change of them, append-only
report, feedback_clock ──► roll_up                    the figures of every organisation and of the whole
roll_up ──► snapshot ──► published_snapshot           figures frozen for a review, and what of them is public
"""

from targets.tables.columns import metadata
from targets.tables.events import feedback_clock
from targets.tables.figures import population, roll_up
from targets.tables.reports import expected_report, report, report_change, reporting_period
from targets.tables.resolution import indicator, resolution, target_version
from targets.tables.snapshots import published_snapshot, small_cell_rule, snapshot

__all__ = [
    "expected_report",
    "feedback_clock",
    "indicator",
    "metadata",
    "population",
    "published_snapshot",
    "report",
    "report_change",
    "reporting_period",
    "resolution",
    "roll_up",
    "small_cell_rule",
    "snapshot",
    "target_version",
]
