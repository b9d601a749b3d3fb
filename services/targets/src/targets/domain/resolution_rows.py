"""A complete document as the rows it is stored in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from targets.domain.resolution_document import complete
from targets.domain.resolution_ids import indicator_id, resolution_id, target_id

INDICATOR_FIELDS: Final = (
    "code", "section", "position", "name_vi", "name_en", "clause", "quote", "kind", "unit", "direction",
    "whole_numbers", "numerator_vi", "numerator_en", "denominator_vi", "denominator_en", "responsible_vi",
    "responsible_now_vi", "responsible_confidence", "responsible_kinds", "source", "data_source_vi", "data_source_en",
    "period_kind", "reporting_kinds", "time_aggregation", "reporter_kinds", "reporter_level", "breakdowns",
    "definition_vi", "definition_en", "editor_note_vi", "editor_note_en", "evidence_required", "lower_bound",
    "upper_bound", "formula", "open_questions",
)  # fmt: skip
TARGET_FIELDS: Final = (
    "number", "comparator", "value", "valid_from", "valid_to", "aggregation_scope", "counting_method",
    "minimum_coverage", "decision", "decided_on", "baseline_value", "baseline_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rows:
    """What a document comes to."""

    resolution: dict[str, Any]
    parts: list[dict[str, Any]]
    indicators: list[dict[str, Any]]
    targets: list[dict[str, Any]]


def rows_of(document: Mapping[str, Any]) -> Rows:
    """Return the rows of a document that was found without a problem."""
    made = complete(document)
    instrument = made["instrument"]
    own = resolution_id(instrument["number"])
    return Rows(
        resolution={"id": own, **instrument},
        parts=[
            {
                "resolution_id": own,
                "position": place,
                "path": part["path"],
                **{name: part.get(name) for name in ("heading", "note_vi", "note_en")},
            }
            for place, part in enumerate(made["parts"], 1)
        ],
        indicators=[_indicator(one, instrument) for one in made["indicators"]],
        targets=[
            {
                "id": target_id(one["code"], target["number"]),
                "indicator_id": indicator_id(one["code"]),
                **{name: target[name] for name in TARGET_FIELDS},
            }
            for one in made["indicators"]
            for target in one["targets"]
        ],
    )


def _indicator(one: Mapping[str, Any], instrument: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": indicator_id(one["code"]),
        "resolution_id": resolution_id(instrument["number"]),
        "parent_id": None if one["under"] is None else indicator_id(one["under"]),
        "instrument": instrument["number"],
        "issued_on": instrument["issued_on"],
        "categories": categories_of(one["breakdowns"]),
        **{name: one[name] for name in INDICATOR_FIELDS},
    }


def categories_of(breakdowns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a report's breakdown may name: `dimension.category`, and for the first dimension also `category`."""
    plain = [category["key"] for one in breakdowns[:1] for category in one["categories"]]
    return [*plain, *(f"{one['key']}.{category['key']}" for one in breakdowns for category in one["categories"])]
