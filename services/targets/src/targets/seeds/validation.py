"""Turns the seed file of validation rules into rows."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from targets.domain.resolution_ids import validation_rule_id
from targets.seeds.resolution import read_seeds

_SINCE: Final = date(2021, 1, 1)


def rule_rows() -> list[dict[str, Any]]:
    """Return one row a validation rule; a term is flat columns."""
    seeds = read_seeds("validation.toml")
    return [
        {
            **{name: given[name] for name in ("code", "name_vi", "name_en", "operator", "importance", "text_vi")},
            "id": validation_rule_id(given["code"]),
            "text_en": given["text_en"],
            "period_kinds": given["period_kinds"],
            "source": seeds["source"],
            "confidence": seeds["confidence"],
            "active_from": _SINCE,
            "version": 1,
            **_term("left", given["left"]),
            "right_constant": None,
            **_term("right", given["right"]),
        }
        for given in seeds["rules"]
    ]


def outlier_rows() -> list[dict[str, Any]]:
    """Return one row a way to look for outliers."""
    return [{**given, "limit": Decimal(given["limit"])} for given in read_seeds("validation.toml")["outliers"]]


def _term(side: str, given: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{side}_indicator": given["indicator"],
        f"{side}_field": given["field"],
        f"{side}_factor": Decimal(given.get("factor", "1")),
        f"{side}_before": given.get("before", False),
    }
