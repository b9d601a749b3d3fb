"""What a restructuring comes to, as it is answered."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from registry.api.territory_answers import Level
from registry.domain.restructuring import Plan, Row, Thing
from servicekit.text import Answer


class EndedAnswer(Answer):
    """Something that ends, with its last day."""

    of: Thing
    id: UUID
    name: str
    valid_to: date


class StartedAnswer(Answer):
    """Something that begins; `key` as in the request."""

    of: Thing
    id: UUID
    key: str | None
    name: str
    level: Level
    kind: str | None
    code: str | None
    unit_id: UUID | None
    parent_id: UUID | None
    path: list[UUID]
    valid_from: date


class LinkAnswer(Answer):
    """Who takes over from whom. `kind` is a body's MERGE, SPLIT … or a unit's whole, part; no `ratio` means unknown."""

    of: Thing
    predecessor_id: UUID
    predecessor_name: str
    successor_id: UUID
    successor_name: str
    kind: str
    ratio: Decimal | None
    ratio_source: str | None


class RestructuringAnswer(Answer):
    """What a restructuring comes to; `stored` is false after a dry run."""

    happened_on: date
    legal_basis: str
    stored: bool
    ended: list[EndedAnswer]
    started: list[StartedAnswer]
    successions: list[LinkAnswer]


def ended_answer(row: Row, last_day: date) -> EndedAnswer:
    """Build the answer of something that ends."""
    return EndedAnswer(of=row.thing, id=row.id, name=row.name, valid_to=last_day)


def started_answer(row: Row, made: Plan) -> StartedAnswer:
    """Build the answer of something that begins."""
    return StartedAnswer(
        of=row.thing,
        id=row.id,
        key=next((key for key, own in made.keys.items() if own == row.id), None),
        name=row.name,
        level=row.level,
        kind=row.kind or None,
        code=row.code or None,
        unit_id=row.unit_id,
        parent_id=row.parent_id,
        path=list(row.path),
        valid_from=row.valid_from,
    )


def link_answers(made: Plan, rows: dict[UUID, Row]) -> list[LinkAnswer]:
    """Build the answers of all successions."""
    return [
        LinkAnswer(
            of=link.thing,
            predecessor_id=link.predecessor_id,
            predecessor_name=rows[link.predecessor_id].name,
            successor_id=link.successor_id,
            successor_name=rows[link.successor_id].name,
            kind=link.kind,
            ratio=link.share.ratio,
            ratio_source=link.share.ratio_source,
        )
        for link in made.links
    ]
