"""The life of a reporting period (kỳ báo cáo): open, and closed when its figures are final.

A closed period is not opened again as a whole: units ask, and it opens for them until a day (`reopening_steps`).
"""

from typing import Final

from servicekit.lifecycle import SYSTEM, Step

OPEN: Final = "open"
CLOSED: Final = "closed"
STATUSES: Final = (OPEN, CLOSED)
INITIAL: Final = OPEN
CLOSING: Final = frozenset({"monitoring_officer", SYSTEM})

STEPS: Final = (Step("close", OPEN, CLOSED, by=CLOSING, event="targets.period.closed.v1"),)
