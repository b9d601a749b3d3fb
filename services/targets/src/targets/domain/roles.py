"""Which roles of the house take part in measuring the resolution."""

from typing import Final

READERS: Final = frozenset(
    {
        "reporter",
        "front_officer",
        "verifier",
        "approver",
        "monitoring_officer",
        "head",
        "auditor",
        "integrating_system",
    }
)
"""Those who may read indicators, periods and reports; of the reports only those at or below their organisation."""
