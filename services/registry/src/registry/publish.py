"""Facts of the registry as events and as the snapshot: the same data in both."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from contracts.registry_v1 import (
    CalendarDayChanged,
    CalendarYearChanged,
    DeadlineRuleChanged,
    OrganisationChanged,
    OrganisationSuccessionChanged,
    UnitChanged,
)
from servicekit.outbox import EventDraft
from servicekit.scalars import write_exact

MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "unit": UnitChanged,
    "organisation": OrganisationChanged,
    "organisation_succession": OrganisationSuccessionChanged,
    "calendar_day": CalendarDayChanged,
    "calendar_year": CalendarYearChanged,
    "deadline_rule": DeadlineRuleChanged,
}
"""Kinds of facts that other services copy, with the shape of their data."""

_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {"deadline_rule": {"version": "rule_version"}}


def fact(kind: str, row: Any, **given: Any) -> dict[str, Any]:
    """Return the public data of a row of this kind; `given` are fields the row does not carry."""
    names = _FIELDS.get(kind, {})
    model = MODELS[kind]
    read = {field: getattr(row, names.get(field, field)) for field in model.model_fields if field not in given}
    return model(**{name: _short(value) for name, value in read.items()}, **given).model_dump(mode="json")


def _short(value: Any) -> Any:
    """A number from the database and the same from a request, which has fewer zeros, are told alike."""
    return Decimal(write_exact(value)) if isinstance(value, Decimal) else value


def changed(kind: str, row: Any, **given: Any) -> EventDraft:
    """Return the event that tells the row's present state."""
    data = fact(kind, row, **given)
    return EventDraft(type=f"registry.{kind}.changed.v1", subject=row.id, sequence=row.version, data=data)


def unit_changed(row: Any) -> EventDraft:
    """Return the event of an administrative unit."""
    return changed("unit", row)


def organisation_changed(row: Any, unit_code: str) -> EventDraft:
    """Return the event of a body, which names its unit's code."""
    return changed("organisation", row, unit_code=unit_code)
