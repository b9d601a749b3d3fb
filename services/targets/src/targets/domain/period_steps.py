"""The life of a reporting period (kỳ báo cáo): open, and closed when its figures are final."""

from typing import Final

from servicekit.lifecycle import Step

OPEN: Final = "open"
CLOSED: Final = "closed"
STATUSES: Final = (OPEN, CLOSED)
INITIAL: Final = OPEN
_BY: Final = frozenset({"monitoring_officer"})

STEPS: Final = (
    Step("close", OPEN, CLOSED, by=_BY, event=""),
    Step("reopen", CLOSED, OPEN, by=_BY, event=""),
)
