"""Files of values as the tests send them, and what is stored of them."""

import uuid
from typing import Any

import httpx
from targets_house import Person, rows

from servicekit.db import Database

HEADER = "indicator_code,period,organisation_id,numerator,denominator,note"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def line(
    organisation: uuid.UUID | str, numerator: Any = 740, denominator: Any = 1000, note: str = "", **more: str
) -> str:
    return f"{more.get('code', 'TGT-01')},{more.get('period', '2025')},{organisation},{numerator},{denominator},{note}"


def file(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines)).encode()


async def send(
    person: Person, body: bytes, *, content_type: str = "text/csv", key: str | None = None, **query: Any
) -> httpx.Response:
    headers = person.headers | {"Content-Type": content_type, "Idempotency-Key": key or uuid.uuid4().hex}
    return await person.client.post("/api/v1/targets/imports", content=body, params=query, headers=headers)


async def stored(database: Database) -> list[Any]:
    found = await rows(
        database,
        "SELECT organisation_id, status, version, numerator, denominator, note FROM report ORDER BY organisation_id",
    )
    return [tuple(row.values()) for row in found]
