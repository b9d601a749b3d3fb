"""How the operations on figures are called: formulas, shares of targets, progress, series, disputes, snapshots, rules.

See `calls`.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from devstack.access import resolution_calls
from devstack.access.scene import FORM, FORWARDED, INDICATOR, PERIOD, RESOLUTION, Scene
from devstack.demo.working_day import today

DAY: Final = "2026-11-02"
Make = Callable[[Scene], Any]
_DECISION: Final = {"decision": "1/QĐ", "decided_on": DAY}
_RULE: Final = {
    "name_vi": "x",
    "name_en": "x",
    "left": {"indicator_code": INDICATOR, "field": "rate"},
    "operator": "<=",
    "constant": "100",
    "importance": "warning",
    "period_kinds": ["year"],
    "text_vi": "x",
    "text_en": "x",
    "source": "x",
    "active_from": "2025-01-01",
}


def names_of(path: str, scene: Scene) -> dict[str, str]:
    """Return what the parameters of a path of targets stand for that mean something else in other paths."""
    names = {"code": INDICATOR, "key": "age_band", "counted_on": DAY, **resolution_calls.FIXED}
    names["rule_id"] = scene.ids["validation_rule_id"]
    if "/dashboards/" in path:
        names["number"] = RESOLUTION
    if "/targets/forms/" in path:
        names |= {"code": FORM, "period": PERIOD}
    if path.endswith("/periods/{period}/items"):
        names |= {"code": FORWARDED, "period": str(today().year)}
    if "/figures/" in path:
        names["key"] = f"{INDICATOR}_{PERIOD}_city"
    names["form"] = "md" if "/document." in path else "csv"
    return names


def _front(scene: Scene) -> str:
    return scene.place("front", "own")


BODIES: Final[dict[str, Make]] = {
    "targets.set_formula": lambda _: {"numerator": INDICATOR, "applies_from": DAY} | _DECISION,
    "targets.set_allocation": lambda s: (
        _DECISION | {"method": "by_population", "units": [{"organisation_id": _front(s), "value": "1"}]}
    ),
    "targets.set_population": lambda _: {"persons": 1, "source": "x"},
    # Of a period nobody reported (422): asked after the value was found to be the caller's to speak of.
    "targets.create_dispute": lambda s: {
        "kind": "oversight_finding",
        "indicator_code": INDICATOR,
        "period": "2019",
        "organisation_id": _front(s),
        "subject_ids": [s.ids["case_id"]],
        "reason_code": "other",
        "text": "x",
    },
    "targets.answer_dispute": lambda _: {"answer": "figure_stands", "text": "x"},
    "targets.reject_answer": lambda _: {"text": "x"},
    # In place of a snapshot that is not there (422): asked after the caller was found to be on the board.
    "targets.create_snapshot": lambda _: {
        "kind": "interim_review",
        "title": "x",
        "resolution": RESOLUTION,
        "periods": [PERIOD],
        "supersedes": str(uuid4()),
    },
    "targets.issue_snapshot": lambda _: {"number": "2/BC", "issued_on": DAY},
    # A code that is taken (409).
    "targets.add_validation_rule": lambda _: {"code": "TGT-01-RISE", **_RULE},
    "targets.change_validation_rule": lambda _: _RULE,
}
DONE: Final[dict[str, set[int]]] = {
    "targets.create_dispute": {422},
    "targets.create_snapshot": {422},
    "targets.add_validation_rule": {409},
}
QUERIES: Final[dict[str, Make]] = {
    "targets.read_progress": lambda _: {"period": PERIOD},
    "targets.read_trace": lambda _: {"period": PERIOD},
    "targets.read_series": lambda s: {"organisation_id": _front(s), "view": "restated"},
    "targets.list_units": lambda _: {"period": PERIOD, "view": "restated"},
    "targets.read_dashboard": lambda _: {"period": PERIOD},
    "targets.rank_organisations": lambda _: {"indicator": INDICATOR, "period": PERIOD},
    "targets.list_changes_since": lambda s: {"since": s.ids["snapshot_id"]},
    "targets.list_findings": lambda _: {"period": PERIOD},
}
SHOWN: Final[dict[str, Make]] = {
    "targets.list_figure_items": lambda s: s.ids["submission_id"],
    "targets.list_disputes": lambda s: s.ids["dispute_id"],
}
