"""Facts the registry tells: units, organisations, calendar, deadline rules."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from contracts.envelope import Fact


class UnitChanged(Fact):
    """An administrative unit (đơn vị hành chính) as it stands for a span of dates."""

    code: str
    name: str
    type: str
    level: Literal["city", "district", "commune"]
    parent_id: UUID | None
    path: list[UUID]
    valid_from: date
    valid_to: date | None


class OrganisationChanged(Fact):
    """An organisation (tổ chức) as it stands for a span of dates.

    `start_known` false: it stood before `valid_from` too, since nobody recorded when.
    """

    kind: str
    name: str
    level: Literal["city", "district", "commune"]
    unit_id: UUID
    unit_code: str
    parent_id: UUID | None
    path: list[UUID]
    valid_from: date
    valid_to: date | None
    start_known: bool = True


class OrganisationSuccessionChanged(Fact):
    """Which organisation took over from which (kế tục); a SPLIT without a ratio is a part of unknown size."""

    predecessor_id: UUID
    successor_id: UUID
    kind: Literal["MERGE", "SPLIT", "RENAME", "ABSORB", "CONTINUE"]
    happened_on: date
    ratio: Decimal | None
    ratio_source: str | None
    inherited: bool
    confidence: Literal["confirmed", "inferred", "unconfirmed"]
    legal_basis: str


class CalendarDayChanged(Fact):
    """A day that differs from the ordinary week (ngày nghỉ, ngày nghỉ bù, ngày làm bù)."""

    date: date
    kind: Literal["holiday", "off_in_lieu", "working_saturday", "ordinary"]
    name: str
    source: str
    confirmed: bool


class CalendarYearChanged(Fact):
    """Whether the official notice for a year's days off is known."""

    year: int
    confirmed: bool
    source: str


class DeadlineRuleChanged(Fact):
    """One version of a deadline rule (quy tắc thời hạn) with its legal basis and how sure we are of it."""

    key: str
    version: int
    amount: int
    unit: Literal["working_days", "calendar_days"]
    direction: Literal["after", "before"]
    anchor: str
    basis: str | None
    confidence: Literal["confirmed", "unconfirmed", "no_legal_figure"]
    valid_from: date
    valid_to: date | None
