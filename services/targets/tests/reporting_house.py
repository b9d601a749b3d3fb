"""A whole half-year for the tests of reporting by forms: indicators, people at their levels, sheets."""

import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from targets_house import BOARD, CITY, COMMUNES, House, Person

from servicekit.db import Database

FORM = "NQ08-S"
PERIOD = "2026S1"
AT = f"/forms/{FORM}/periods/{PERIOD}"
HERE, THERE = COMMUNES[0], COMMUNES[1]
_COPY = """
INSERT INTO indicator
SELECT (jsonb_populate_record(i, jsonb_build_object('id', CAST(:id AS text), 'code', CAST(:code AS text),
        'position', CAST(:position AS int), 'reporting_kinds', CAST('["half", "month"]' AS jsonb),
        'evidence_required', CAST(:evidence AS boolean)))).* FROM indicator i WHERE i.code = 'TGT-01'"""


async def add_indicators(database: Database, number: int, *, evidence: str | None = None) -> list[str]:
    """Indicators that are reported by half-year, like TGT-01 in everything else."""
    codes = [f"HALF-{place:02d}" for place in range(1, number + 1)]
    async with database.write() as session:
        # What another migration brings for half-years is left aside, so that the counts here stand by themselves.
        await session.execute(text("UPDATE indicator SET reporting_kinds = ARRAY['year']"))
        for place, code in enumerate(codes, start=1):
            given = {"id": str(uuid.uuid4()), "code": code, "position": place, "evidence": code == evidence}
            await session.execute(text(_COPY), given)
    return codes


@dataclass
class Staff:
    """People, each with one role at one place."""

    monitor: Person
    other_monitor: Person
    unit: Person
    """Enters for the first commune."""
    neighbour: Person
    city: Person
    """Enters for every commune."""
    verifier: Person
    approver: Person
    other_approver: Person


def staff_of(house: House) -> Staff:
    return Staff(
        monitor=house.person(("monitoring_officer", BOARD)),
        other_monitor=house.person(("monitoring_officer", BOARD)),
        unit=house.person(("reporter", HERE)),
        neighbour=house.person(("reporter", THERE)),
        city=house.person(("reporter", CITY)),
        verifier=house.person(("verifier", CITY)),
        approver=house.person(("approver", BOARD)),
        other_approver=house.person(("approver", BOARD)),
    )


async def open_half(staff: Staff) -> httpx.Response:
    opened = await staff.monitor.post(f"/forms/{FORM}/periods", {"period": PERIOD})
    assert opened.status_code == 201, opened.text
    return opened


def sheet(organisation: UUID) -> str:
    return f"{AT}/organisations/{organisation}"


async def put(person: Person, organisation: UUID, values: list[dict[str, Any]], *, etag: str) -> httpx.Response:
    return await person.client.put(
        f"/api/v1/targets{sheet(organisation)}",
        json={"values": values},
        headers=person.headers | {"If-Match": etag},
    )


def value(code: str, numerator: int = 740, denominator: int = 1000, **more: Any) -> dict[str, Any]:
    return {"indicator_code": code, "numerator": numerator, "denominator": denominator, **more}


async def submit_all(person: Person, organisation: UUID, codes: list[str]) -> httpx.Response:
    """Fill a unit's sheet and hand it in."""
    read = await person.get(sheet(organisation))
    filled = await put(person, organisation, [value(code) for code in codes], etag=read.headers["etag"])
    assert filled.status_code == 200, filled.text
    sent = await person.post(f"{sheet(organisation)}/submit", etag=filled.headers["etag"])
    assert sent.status_code == 200, sent.text
    return sent


async def waiting(person: Person, organisation: UUID = CITY, act: str = "verify") -> list[dict[str, Any]]:
    answer = await person.get(f"{sheet(organisation)}/waiting", act=act)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["reports"]
    return found


async def sign(person: Person, act: str, reports: list[dict[str, Any]], at: UUID = CITY) -> httpx.Response:
    named = [{"report_id": one["report_id"], "version": one["version"]} for one in reports]
    return await person.post(f"{sheet(at)}/{act}", {"reports": named})


async def approve_all(staff: Staff) -> None:
    """Verify and approve whatever waits."""
    checked = await sign(staff.verifier, "verify", await waiting(staff.verifier))
    assert checked.status_code == 200, checked.text
    assert checked.json()["refused"] == 0, checked.text
    signed = await sign(staff.approver, "approve", await waiting(staff.approver, act="approve"))
    assert signed.json()["refused"] == 0, signed.text


async def put_district_between(database: Database, unit: UUID) -> UUID:
    """A district Front committee between the city and a unit, as before July 2025."""
    district = uuid.uuid4()
    data = '{"kind": "front_committee", "level": "district", "name": "Huyện", "valid_from": "2004-01-01"}'
    add = (
        "INSERT INTO reference (kind, id, version, path, data, changed_at)"
        " VALUES ('organisation', CAST(:id AS uuid), 1, ARRAY[CAST(:city AS uuid), CAST(:id AS uuid)],"
        " CAST(:data AS jsonb), now())"
    )
    move = (
        "UPDATE reference SET path = ARRAY[CAST(:city AS uuid), CAST(:district AS uuid), CAST(:id AS uuid)]"
        " WHERE id = CAST(:id AS uuid)"
    )
    async with database.write() as session:
        await session.execute(text(add), {"id": district, "city": CITY, "data": data})
        await session.execute(text(move), {"city": CITY, "district": district, "id": unit})
    return district
