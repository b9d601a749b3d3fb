"""Targets handed down to units: what is sent and what is answered."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row

from servicekit.text import Answer, ApiModel, Exact, Instant, LegalDate, SafeLine, Uuid
from targets.domain.allocating import Balance, Method, Unit, left_out
from targets.domain.pace import shown

MethodName = Literal["sum", "by_population", "by_denominator"]


class PartBody(ApiModel):
    """One unit's part."""

    organisation_id: Uuid
    value: Exact


class AllocationBody(ApiModel):
    """Every unit's part at once; what is not named has none."""

    method: MethodName
    decision: SafeLine
    decided_on: LegalDate
    units: Annotated[list[PartBody], Field(min_length=1, max_length=1000)]


class PartAnswer(Answer):
    """One unit's part, and what it weighs in the check; `weight` null where that is not known."""

    organisation_id: Uuid
    organisation_name: str
    value: Exact
    weight: Exact | None


class UnitName(Answer):
    """A unit."""

    organisation_id: Uuid
    organisation_name: str


class AllocationAnswer(Answer):
    """The parts beside the whole. `version` 0: nothing was handed down yet.

    `together` is the sum of counts, or the mean of rates by weight; `gap` is the whole less that, to six decimals.
    """

    indicator_code: str
    target_number: int
    version: int
    stored: bool
    method: MethodName | None
    decision: str | None
    decided_on: LegalDate | None
    set_at: Instant | None
    whole: Exact | None
    together: Exact | None
    gap: Exact | None
    adds_up: bool | None
    reason_vi: str | None
    reason_en: str | None
    units: list[PartAnswer]
    units_without: list[UnitName]
    units_of_unknown_weight: list[UnitName]

    @classmethod
    def of(
        cls,
        target: Row[Any],
        parts: Mapping[UUID, Decimal],
        units: Mapping[UUID, Unit],
        found: Balance | None,
        *,
        version: int,
        stored: bool,
        method: Method | None,
        decision: str | None,
        decided_on: date | None,
        set_at: datetime | None = None,
    ) -> Self:
        """Show an allocation as it stands or would stand."""
        unknown = found is not None and bool(found.weightless)
        return cls(
            indicator_code=target.code,
            target_number=target.number,
            version=version,
            stored=stored,
            method=method,
            decision=decision,
            decided_on=decided_on,
            set_at=set_at,
            whole=target.value,
            together=None if found is None or found.together is None else shown(found.together),
            gap=None if found is None or found.gap is None else shown(found.gap),
            adds_up=None if found is None else found.adds_up,
            reason_vi="Chưa biết trọng số của mọi đơn vị nên chưa tính được." if unknown else None,
            reason_en="The weight of some units is not known, so nothing can be said." if unknown else None,
            units=[
                PartAnswer(
                    organisation_id=unit,
                    organisation_name=units[unit].name,
                    value=value,
                    weight=None if method is None else units[unit].weight(method),
                )
                for unit, value in parts.items()
            ],
            units_without=_names(left_out(parts, units), units),
            units_of_unknown_weight=_names([] if found is None else found.weightless, units),
        )


class AllocationVersionAnswer(Answer):
    """One version of an allocation: the decision, and how many units were given a part."""

    version: int
    method: MethodName
    decision: str
    decided_on: LegalDate
    set_at: Instant
    units: int


def _names(ids: Any, units: Mapping[UUID, Unit]) -> list[UnitName]:
    return [UnitName(organisation_id=unit, organisation_name=units[unit].name) for unit in ids]
