"""Turns the seed of the indicators counted from events into rows; what all of them share is said once here."""

import tomllib
from importlib.resources import files
from typing import Any, Final

from targets.seeds.resolution import indicator_id, read_seeds, resolution_id

_OWN: Final = (
    "code", "section", "position", "name_vi", "name_en", "clause", "quote", "responsible_vi", "numerator_vi",
    "numerator_en", "denominator_vi", "denominator_en", "source",
)  # fmt: skip
_SHARED: Final = {
    "kind": "ratio",
    "unit": "percent",
    "direction": "higher",
    "whole_numbers": True,
    "period_kind": "year",
    "reporting_kinds": ["year"],
    "reporter_kinds": [],
    "reporter_level": "commune",
    "categories": [],
    "time_aggregation": "last",
}


def event_indicator_rows() -> list[dict[str, Any]]:
    """Return one row an indicator."""
    given = tomllib.loads(files("targets.seeds").joinpath("event_indicators.toml").read_text("utf-8"))
    instrument = read_seeds()["instrument"]
    shared = _SHARED | {
        "instrument": instrument["number"],
        "issued_on": instrument["issued_on"],
        "resolution_id": resolution_id(instrument["number"]),
    }
    return [
        shared
        | {name: one[name] for name in _OWN}
        | {"id": indicator_id(one["code"]), "open_questions": [_question(one)]}
        for one in given["indicators"]
    ]


def _question(one: dict[str, Any]) -> dict[str, str]:
    texts = {name: one[name] for name in ("question_vi", "question_en", "answer_vi", "answer_en")}
    return texts | {"key": "what_counts", "answer": "proposed_by_this_system"}
