"""Everything anew by one command: the same figures and checksum, and what was damaged is named and put right."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from targets_house import COMMUNES, NOW, Person, add_indicator, approve_one, rows

from devstack.databases import Database as MadeDatabase
from devstack.engines import Engines
from devstack.testing import new_secrets
from servicekit.db import Database
from targets.actions.recalculate_all import lines, recalculate_all


@pytest.fixture
async def filled(database: Database, period: Any, operator: Person, verifier: Person, approver: Person) -> None:
    people = (operator, verifier, approver)
    await add_indicator(database, "CAL-01", like="TGT-01", source="formula",
                        formula={"numerator": "TGT-01.numerator", "denominator": "TGT-01.denominator * 2"})  # fmt: skip
    await add_indicator(database, "CAL-02", like="TGT-02", source="formula", formula={"numerator": "CAL-01 + TGT-02"})
    for year in ("2025", "2026"):
        await period("TGT-01", year)
        await period("TGT-02", year)
        await approve_one(people, COMMUNES[0], 600, 1000, period=year)
        await approve_one(people, COMMUNES[1], 100, 1000, period=year)
        await approve_one(people, COMMUNES[0], 3, indicator_code="TGT-02", period=year)


async def test_twice_gives_the_same_and_finds_nothing(filled: None, database: Database) -> None:
    before = await rows(database, "SELECT * FROM roll_up ORDER BY id")
    first = await recalculate_all(database, now=NOW)
    second = await recalculate_all(database, now=NOW)
    assert (first.differences, second.differences) == ([], [])
    assert first.checksum == second.checksum
    assert first.figures == second.figures == len(before) == 8 * 105
    assert await rows(database, "SELECT * FROM roll_up ORDER BY id") == before  # not even a moment changed
    assert await rows(database, "SELECT 1 FROM audit_entry WHERE action = 'figures.put_right'") == []


DAMAGE = [
    ("UPDATE roll_up SET numerator = numerator + 1 WHERE indicator_id = (SELECT id FROM indicator WHERE code ="
     " 'TGT-01') AND period = '2025' AND organisation_id IS NULL", [("TGT-01", "2025")]),
    ("UPDATE roll_up SET numerator = 9 WHERE indicator_id = (SELECT id FROM indicator WHERE code = 'CAL-02')"
     " AND period = '2026' AND organisation_id IS NULL", [("CAL-02", "2026")]),
    ("UPDATE roll_up SET expected = expected + 1 WHERE indicator_id = (SELECT id FROM indicator WHERE code ="
     " 'CAL-01') AND period = '2026' AND organisation_id IS NULL", [("CAL-01", "2026")]),
    ("DELETE FROM roll_up WHERE organisation_id IS NULL AND period = '2025'",
     [("CAL-01", "2025"), ("CAL-02", "2025"), ("TGT-01", "2025"), ("TGT-02", "2025")]),
    ("INSERT INTO roll_up (indicator_id, period, period_kind, last_day, organisation_id, numerator, counted, expected,"
     " told, computed_at) SELECT id, '2024', 'year', '2024-12-31', NULL, 7, 1, 1, 1, now() FROM indicator WHERE code"
     " IN ('TGT-01', 'CAL-02')", [("CAL-02", "2024"), ("TGT-01", "2024")]),
    ("INSERT INTO roll_up (indicator_id, period, period_kind, last_day, organisation_id, numerator, counted, expected,"
     " told, computed_at) SELECT id, '2025', 'year', '2025-12-31', uuidv7(), 7, 1, 1, 1, now() FROM indicator WHERE"
     " code = 'TGT-02'", [("TGT-02", "2025")]),
]  # fmt: skip


async def test_what_was_written_past_the_service_is_named_and_put_right(filled: None, database: Database) -> None:
    right = (await recalculate_all(database, now=NOW)).checksum
    for damage, places in DAMAGE:
        async with database.write() as session:
            await session.execute(text(damage))
        healed = await recalculate_all(database, now=NOW)
        assert healed.checksum == right, damage
        assert sorted({(found.code, found.period) for found in healed.differences}) == places, damage
    again = await recalculate_all(database, now=NOW)
    assert (again.differences, again.checksum) == ([], right)
    audited = await rows(database, "SELECT details FROM audit_entry WHERE action = 'figures.put_right'")
    assert len(audited) >= len(DAMAGE)


async def test_by_command(
    filled: None, database: Database, made: MadeDatabase, engines: Engines, tmp_path: Path
) -> None:
    async with database.write() as session:
        await session.execute(text(DAMAGE[0][0]))
    given = new_secrets() | {
        "database_url": made.app_url,
        "nats_url": engines.nats_url("targets"),
        "service_port": 8002,
        "files_url": tmp_path.as_uri(),
    }
    environment = os.environ | {name.upper(): str(value) for name, value in given.items()}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "targets", "recalculate", env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await running.communicate()
    said = output.decode()
    assert running.returncode == 0
    assert "1 put right" in said
    assert "TGT-01 2025 whole" in said
    result = await recalculate_all(database, now=NOW)
    assert result.checksum in said
    assert next(iter(lines(result))).endswith("0 put right")
