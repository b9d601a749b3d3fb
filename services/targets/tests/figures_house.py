"""What the tests of judging share: figures, targets and shares of them, stored as the service would store them."""

import json
import uuid
from typing import Any
from uuid import UUID

from sqlalchemy import text
from targets_house import NOW

from servicekit.db import Database
from targets.domain.periods import parse_period

_FIGURE = text(
    "INSERT INTO roll_up (indicator_id, period, period_kind, last_day, organisation_id, numerator, denominator,"
    " breakdown, methods, counted, expected, told, computed_at) VALUES (:indicator, :period, :kind, :last_day, :place,"
    " :numerator, :denominator, CAST(:breakdown AS jsonb), CAST(:methods AS text[]), :counted, :expected, 1, :now)"
)


async def figure(
    database: Database,
    indicator: UUID,
    period: str,
    numerator: int,
    denominator: int | None = None,
    *,
    place: UUID | None = None,
    counted: int = 103,
    expected: int = 103,
    breakdown: str = "{}",
    methods: tuple[str, ...] = ("distinct_persons",),
) -> None:
    """Store a figure of the whole or of an organisation, as the sums would."""
    span = parse_period(period)
    given = {
        "indicator": indicator, "period": period, "kind": span.kind.value, "last_day": span.last_day, "place": place,
        "numerator": numerator, "denominator": denominator, "breakdown": breakdown, "methods": list(methods),
        "counted": counted, "expected": expected, "now": NOW,
    }  # fmt: skip
    async with database.write() as session:
        await session.execute(_FIGURE, given)


async def add_target(database: Database, indicator: UUID, comparator: str, value: str, **more: Any) -> UUID:
    """Store a target version; return its id."""
    made = uuid.uuid4()
    given = {
        "id": str(made), "indicator_id": str(indicator), "number": 1, "comparator": comparator, "value": value,
        "valid_from": "2026-01-01", "valid_to": None, "aggregation_scope": "city_total",
        "counting_method": "distinct_persons", "minimum_coverage": "90", "decision": "x", "decided_on": "2026-01-01",
    }  # fmt: skip
    async with database.write() as session:
        await session.execute(
            text(
                "INSERT INTO target_version"
                " SELECT (jsonb_populate_record(CAST(NULL AS target_version), CAST(:given AS jsonb))).*"
            ),
            {"given": json.dumps(given | more)},
        )
    return made


async def hand_down(database: Database, target_version: UUID, *versions: dict[UUID, str]) -> None:
    """Store what was handed down to units, one version after the other."""
    async with database.write() as session:
        for number, parts in enumerate(versions, start=1):
            given = {"target": target_version, "number": number, "by": uuid.uuid4(), "now": NOW}
            await session.execute(
                text("INSERT INTO allocation VALUES (:target, :number, 'sum', 'x', '2026-01-01', :by, :now)"), given
            )
            for unit, value in parts.items():
                await session.execute(
                    text("INSERT INTO allocated_target VALUES (:target, :number, :unit, CAST(:value AS numeric))"),
                    {"target": target_version, "number": number, "unit": unit, "value": value},
                )
