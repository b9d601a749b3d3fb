"""Tables of the targets service.

resolution 1─n resolution_part                        its parts and headings, as the text has them
resolution 1─n indicator 1─n target_version           what the resolution asks, by which figure, from when to when
indicator 1─n indicator_change                        every answer, description and target entered, append-only
congress_term                                         which days a term of congress has
indicator 1─n reporting_period 1─n expected_report    who owes a report
reporting_period 1─n report 1─n report_change         the figures, and every change of them, append-only
report, event_item 1─n contribution ──► roll_up       the figures of every organisation and of the whole
target_version 1─n allocation 1─n allocated_target    the target handed down to units
form 1─n form_version 1─n reporting_period            what is reported together, and how it is approved
report 1─n sign_off, evidence, correction             who signed, what proves it, what is to be put right
dispute 1─n dispute_subject, dispute_change           what contradicts a value, and what its owner answers
data_import 1─n import_conflict                       files of values, and what was wrong with their rows
roll_up ──► snapshot ──► published_snapshot           figures frozen for a review, and what of them is public
"""

from targets.tables.calendar import congress_term
from targets.tables.columns import metadata
from targets.tables.disputes import dispute, dispute_change, dispute_kind, dispute_subject
from targets.tables.events import contribution, event_item
from targets.tables.figures import population, roll_up
from targets.tables.forms import form, form_version
from targets.tables.imports import data_import, import_conflict, import_line, outlier_rule, validation_rule
from targets.tables.judging import allocated_target, allocation, formula_version
from targets.tables.reporting import correction, evidence, reminder, reopen_request, reopening, sign_off
from targets.tables.reports import expected_report, report, report_change, reporting_period
from targets.tables.resolution import indicator, indicator_change, resolution, resolution_part, target_version
from targets.tables.snapshots import published_snapshot, small_cell_rule, snapshot

__all__ = [
    "allocated_target",
    "allocation",
    "congress_term",
    "contribution",
    "correction",
    "data_import",
    "dispute",
    "dispute_change",
    "dispute_kind",
    "dispute_subject",
    "event_item",
    "evidence",
    "expected_report",
    "form",
    "form_version",
    "formula_version",
    "import_conflict",
    "import_line",
    "indicator",
    "indicator_change",
    "metadata",
    "outlier_rule",
    "population",
    "published_snapshot",
    "reminder",
    "reopen_request",
    "reopening",
    "report",
    "report_change",
    "reporting_period",
    "resolution",
    "resolution_part",
    "roll_up",
    "sign_off",
    "small_cell_rule",
    "snapshot",
    "target_version",
    "validation_rule",
]
