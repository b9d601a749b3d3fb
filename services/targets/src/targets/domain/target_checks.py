"""What the versions of a target must be like: numbered, one at a time, with figures that can be reached."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from targets.domain.figures import GRADES, is_ratio
from targets.domain.resolution_problems import problem


def target_problems(at: str, versions: Sequence[Mapping[str, Any]], *, kind: str) -> Iterator[dict[str, str]]:
    """Return every problem of an indicator's versions, oldest first."""
    for place, one in enumerate(versions):
        if one["number"] != place + 1:
            yield problem(f"{at}[{place}].number", "number_out_of_order")
        yield from version_problems(f"{at}[{place}].", one, kind=kind)
        if place and _overlap(versions[place - 1], one):
            yield problem(f"{at}[{place}].valid_from", "versions_overlap")


def version_problems(at: str, one: Mapping[str, Any], *, kind: str) -> Iterator[dict[str, str]]:
    """Return every problem of one version; `at` stands before the names of its fields."""
    if one["valid_to"] is not None and one["valid_to"] < one["valid_from"]:
        yield problem(f"{at}valid_to", "dates_reversed")
    for name in ("value", "baseline_value"):
        code = None if one[name] is None else _out_of_range(one[name], kind)
        if code:
            yield problem(f"{at}{name}", code)
    if one["minimum_coverage"] is not None and not 0 <= one["minimum_coverage"] <= 100:
        yield problem(f"{at}minimum_coverage", "percent_out_of_range")
    if (one["baseline_value"] is None) != (one["baseline_on"] is None):
        yield problem(f"{at}baseline_on", "baseline_incomplete")


def _out_of_range(value: Decimal, kind: str) -> str | None:
    if value < 0:
        return "negative"
    if is_ratio(kind) and value > 100:
        return "percent_out_of_range"
    if kind == "rating" and not GRADES[0] <= value <= GRADES[1]:
        return "grade_out_of_range"
    return None


def _overlap(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return before["valid_to"] is None or after["valid_from"] <= before["valid_to"]
