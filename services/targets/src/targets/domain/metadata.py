"""What must be told of an indicator before anybody is asked to report it: definition, formula, source, owner, rhythm.

After the metadata the Sustainable Development Goals' custodians publish for each indicator (UNSD, SDG metadata).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

_ALWAYS: Final = (
    "definition_vi",
    "definition_en",
    "numerator_vi",
    "numerator_en",
    "data_source_vi",
    "data_source_en",
    "responsible_vi",
    "responsible_now_vi",
    "period_kind",
    "reporting_kinds",
    "unit",
)
_RATIO: Final = ("denominator_vi", "denominator_en")
_REPORTED: Final = ("reporter_kinds",)


def missing(indicator: Mapping[str, Any]) -> list[str]:
    """Return the names of what is still to be told, in a fixed order."""
    wanted = [*_ALWAYS, *(_RATIO if indicator["kind"] == "ratio" else ()), *_REPORTED]
    return [name for name in wanted if not indicator[name]]


def not_ready(indicators: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return, by code, what is missing of the indicators that are to be reported and cannot be opened yet."""
    lacking = {one["code"]: missing(one) for one in indicators if one["source"] == "reports"}
    return {code: names for code, names in lacking.items() if names}
