"""How the operations on resolutions, indicators and terms of congress are called so that nothing changes."""

from typing import Any, Final

from devstack.access.scene import PERIOD

DAY: Final = "2026-11-02"
FIXED: Final = {"resolution_id": "1076a5b6-2be2-5c3e-a66b-69afc48d9be8", "term": "2025T2030"}
"""Resolution 08-NQ/TU, which every installation has under this id, and a term of congress."""
_SMALL: Final = {
    "instrument": {"number": "0-NQ", "title": "x", "issued_on": DAY, "issued_by": "x"},
    "parts": [{"path": "I"}],
    "bodies": [{"key": "x", "vi": "x", "now_vi": "x", "confidence": "seen", "kinds": []}],
    "indicators": [
        {
            "code": "X-1",
            "section": "goal",
            "name_vi": "x",
            "name_en": "x",
            "clause": "I",
            "quote": "x",
            "kind": "rating",
            "responsible": ["x"],
        }
    ],
}
# From the first day of the version that stands (409): asked after the caller was found to be the board's.
_TARGET: Final = {
    "comparator": ">=",
    "value": "1",
    "valid_from": "2021-12-27",
    "counting_method": "x",
    "decision": "1",
    "decided_on": DAY,
}
BODIES: Final[dict[str, Any]] = {
    "targets.create_resolution": lambda _: _SMALL,
    "targets.create_target": lambda _: _TARGET,
    "targets.put_answer": lambda _: {"answer": "other", "decision": "1", "decided_on": DAY},
    "targets.end": lambda _: {"valid_to": DAY, "decision": "1", "decided_on": DAY},
    "targets.describe": lambda _: {"definition_vi": "x"},
    "targets.put_term": lambda _: {"first_day": DAY, "last_day": DAY, "source": "x", "confidence": "unconfirmed"},
}
DONE: Final[dict[str, set[int]]] = {"targets.create_target": {409}}
QUERIES: Final[dict[str, Any]] = {
    "targets.create_resolution": lambda _: {"dry_run": "true"},
    "targets.list_period_codes": lambda _: {"within": PERIOD},
}
