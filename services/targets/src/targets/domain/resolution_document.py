"""A resolution as data, made complete: what is said once for many indicators is written out, what may be left out is
filled in. The seed files and POST /resolutions have the same shape and come through here.

    instrument, parts, bodies, breakdowns, questions, indicators (each: shared_questions, questions, targets)

References to what the document does not hold are left out here; `resolution_checks` tells of them.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from targets.domain.figures import plain
from targets.domain.resolution_questions import answered

Document = Mapping[str, Any]
GRADE_VI: Final = "Mức đạt: 1 chưa đạt, 2 đạt một phần, 3 đạt, 4 đạt tốt"
GRADE_EN: Final = "Grade: 1 not met, 2 partly met, 3 met, 4 well met"
# What an indicator of a kind is when the document does not say otherwise.
_BY_KIND: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "ratio": {"unit": "percent", "time_aggregation": "last"},
        "count": {"time_aggregation": "sum"},
        "yes_no": {
            "unit": "yes_no",
            "time_aggregation": "last",
            "numerator_vi": "1 nếu có, 0 nếu không",
            "numerator_en": "1 for yes, 0 for no",
            "evidence_required": True,
        },
        "milestone": {
            "unit": "milestone",
            "time_aggregation": "last",
            "numerator_vi": "1 nếu đã hoàn thành, 0 nếu chưa",
            "numerator_en": "1 when done, 0 when not",
            "evidence_required": True,
        },
        "rating": {
            "unit": "grade",
            "time_aggregation": "last",
            "numerator_vi": GRADE_VI,
            "numerator_en": GRADE_EN,
            "evidence_required": True,
        },
    }
)
_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "under": None,
        "unit": None,
        "direction": "higher",
        "whole_numbers": True,
        "numerator_vi": None,
        "numerator_en": None,
        "denominator_vi": None,
        "denominator_en": None,
        "source": "reports",
        "data_source_vi": None,
        "data_source_en": None,
        "period_kind": "year",
        "reporting_kinds": ["half", "year"],
        "reporter_kinds": [],
        "reporter_level": "commune",
        "counting_method": "as_reported",
        "definition_vi": None,
        "definition_en": None,
        "editor_note_vi": None,
        "editor_note_en": None,
        "evidence_required": False,
        "lower_bound": None,
        "upper_bound": None,
        "formula": None,
        "responsible": [],
        "breakdowns": [],
        "shared_questions": [],
        "answers": {},
        "questions": [],
        "targets": [],
    }
)
_NO_FIGURE: Final[Mapping[str, Any]] = MappingProxyType(
    {"number": 1, "comparator": ">=", "aggregation_scope": "city_total", "minimum_coverage": "90"}
)
"""The target of an indicator for which the document names none: shown, not judged."""


def complete(document: Document) -> dict[str, Any]:
    """Return the document with everything written out, indicators in the order of the document."""
    whole = {name: list(document.get(name, ())) for name in ("parts", "bodies", "breakdowns", "questions")}
    instrument = {"valid_to": None, **document["instrument"]}
    instrument.setdefault("valid_from", instrument["issued_on"])
    indicators = [
        _indicator(given, place, instrument, whole) for place, given in enumerate(document.get("indicators", ()), 1)
    ]
    return {"instrument": instrument, "parts": whole["parts"], "indicators": indicators}


def _indicator(
    given: Document, place: int, instrument: Document, whole: Mapping[str, Sequence[Document]]
) -> dict[str, Any]:
    made = {**_DEFAULTS, **_BY_KIND.get(given["kind"], {}), **_given(given), "position": place}
    made["breakdowns"] = _named(whole["breakdowns"], made["breakdowns"])
    made |= _responsible(_named(whole["bodies"], made.pop("responsible")))
    made["targets"] = [_target(target) for target in made["targets"]] or [_no_figure(made, instrument)]
    shared = _named(whole["questions"], made.pop("shared_questions"))
    own_answers = made.pop("answers")
    made["open_questions"] = [
        answered(question, own_answers.get(question["key"], question["answer"]))
        for question in (*made.pop("questions"), *shared)
    ]
    return made


def _given(given: Document) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _named(given: Sequence[Document], keys: Sequence[str]) -> list[Document]:
    by_key = {one["key"]: one for one in given}
    return [by_key[key] for key in keys if key in by_key]


def _responsible(bodies: Sequence[Document]) -> dict[str, Any]:
    """Write out who answers: as the text calls them, who that is now, and whether every succession was seen."""
    seen = all(body["confidence"] == "seen" for body in bodies)
    return {
        "responsible_vi": "; ".join(body["vi"] for body in bodies),
        "responsible_now_vi": "; ".join(body["now_vi"] for body in bodies),
        "responsible_confidence": "seen" if seen else "unconfirmed",
        "responsible_kinds": list(dict.fromkeys(kind for body in bodies for kind in body["kinds"])),
    }


def _target(given: Document) -> dict[str, Any]:
    exact = ("value", "minimum_coverage", "baseline_value")
    rest = {"value": None, "valid_to": None, "minimum_coverage": None, "baseline_value": None, "baseline_on": None}
    return {
        name: Decimal(value) if name in exact and value is not None else value
        for name, value in {**rest, **given}.items()
    }


def _no_figure(made: Document, instrument: Document) -> dict[str, Any]:
    return _target(
        {
            **_NO_FIGURE,
            "counting_method": made["counting_method"],
            "valid_from": instrument["valid_from"],
            "decision": instrument["number"],
            "decided_on": instrument["issued_on"],
        }
    )


def as_set(made: Document, sets: str) -> str | None:
    """Return what the indicator has for that which a question sets, as its answer would say it."""
    if sets == "period_kind":
        return str(made["period_kind"])
    value = made["targets"][-1][sets]
    if isinstance(value, Decimal):
        return plain(value)
    return "none" if value is None else str(value)
