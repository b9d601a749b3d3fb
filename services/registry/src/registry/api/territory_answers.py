"""Answers about units and bodies."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from registry.queries.territory import Body
from servicekit.text import Answer, Coded, LegalDate, SearchText

Level = Literal["city", "district", "commune"]
Kind = Literal[
    "party_committee",
    "peoples_council",
    "peoples_committee",
    "front_committee",
    "trade_union",
    "youth_union",
    "womens_union",
    "farmers_union",
    "veterans_assoc",
    "mass_mobilisation_board",
    "propaganda_board",
    "mobilisation_board",
    "government_party_group",
    "front_party_group",
    "government_party_committee",
    "front_party_committee",
    "department",
]
Confidence = Literal["confirmed", "inferred", "unconfirmed"]
UnitCode = Annotated[str, Coded("[0-9]{2,5}")]
OnDay = Annotated[LegalDate | None, Query(description="The day asked about; today when absent.")]
Search = Annotated[SearchText | None, Query(description="Part of the name, with or without marks.")]


def let_caches_keep(response: Response) -> None:
    """Allow caches to keep a public answer for a minute: it changes a few times a year."""
    response.headers["Cache-Control"] = "public, max-age=60"


class UnitBrief(Answer):
    """A unit in few words."""

    id: UUID
    code: str
    name: str
    level: Level
    valid_from: date
    valid_to: date | None


class UnitAnswer(UnitBrief):
    """A unit for a span of dates; `start_known` false means it stood earlier than `valid_from` says."""

    type: str
    parent_id: UUID | None
    path: list[UUID]
    start_known: bool
    area_km2: Decimal | None
    latitude: Decimal | None
    longitude: Decimal | None
    source: str
    ended_by: str | None


class OrganisationBrief(Answer):
    """A body in few words."""

    id: UUID
    kind: Kind
    name: str
    level: Level
    unit_id: UUID
    valid_from: date
    valid_to: date | None


class OrganisationAnswer(OrganisationBrief):
    """A body at a unit for a span of dates; `path` leads from the topmost body to itself."""

    unit_code: str
    unit_name: str
    parent_id: UUID | None
    path: list[UUID]
    start_known: bool
    source: str
    ended_by: str | None


class UnitHeirAnswer(Answer):
    """What a unit became or came from; `steps` is 1 for the direct one."""

    unit: UnitBrief
    share: Literal["whole", "part", "remainder", "unchanged"]
    happened_on: date
    clause: str | None
    legal_basis: str
    confidence: Confidence
    ratio: Decimal | None
    ratio_source: str | None
    steps: int


class OrganisationHeirAnswer(Answer):
    """What a body became or came from; `steps` is 1 for the direct one."""

    organisation: OrganisationBrief
    kind: Literal["MERGE", "SPLIT", "RENAME", "ABSORB", "CONTINUE"]
    happened_on: date
    legal_basis: str
    confidence: Confidence
    ratio: Decimal | None
    ratio_source: str | None
    steps: int


class UnitSuccessionAnswer(Answer):
    """A unit with everything it became and came from."""

    unit: UnitAnswer
    became: list[UnitHeirAnswer]
    came_from: list[UnitHeirAnswer]


class OrganisationDetailAnswer(OrganisationAnswer):
    """A body with everything it became and came from."""

    became: list[OrganisationHeirAnswer]
    came_from: list[OrganisationHeirAnswer]


class BodyAnswer(OrganisationBrief):
    """A body at the unit asked about, and what it became."""

    became: list[OrganisationHeirAnswer]


class CodeAnswer(Answer):
    """Who bore a code on a day: the unit, the bodies there that day, and what became of all of them."""

    on: date
    unit: UnitAnswer
    became: list[UnitHeirAnswer]
    organisations: list[BodyAnswer]


def unit_heir(succession: Any, unit: Any, steps: int = 1) -> UnitHeirAnswer:
    """Build the answer of one succession."""
    return UnitHeirAnswer(
        unit=UnitBrief.model_validate(unit),
        share=succession.share,
        happened_on=succession.happened_on,
        clause=succession.clause,
        legal_basis=succession.legal_basis,
        confidence=succession.confidence,
        ratio=succession.ratio,
        ratio_source=succession.ratio_source,
        steps=steps,
    )


def organisation_heir(succession: Any, body: Any, steps: int = 1) -> OrganisationHeirAnswer:
    """Build the answer of one succession."""
    return OrganisationHeirAnswer(
        organisation=OrganisationBrief.model_validate(body),
        kind=succession.kind,
        happened_on=succession.happened_on,
        legal_basis=succession.legal_basis,
        confidence=succession.confidence,
        ratio=succession.ratio,
        ratio_source=succession.ratio_source,
        steps=steps,
    )


def body_answer(body: Body) -> BodyAnswer:
    """Build the answer of a body with its heirs."""
    brief = OrganisationBrief.model_validate(body.organisation)
    heirs = [organisation_heir(succession, heir) for succession, heir in body.became]
    return BodyAnswer(**brief.model_dump(), became=heirs)


def organisation_fields(row: Any) -> dict[str, Any]:
    """Return the fields of OrganisationAnswer from a row (Organisation, unit_code, unit_name)."""
    body = row[0]
    own = {name: getattr(body, name) for name in OrganisationAnswer.model_fields if not name.startswith("unit_")}
    return own | {"unit_id": body.unit_id, "unit_code": row.unit_code, "unit_name": row.unit_name}
