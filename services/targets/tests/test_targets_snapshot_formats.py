"""What was frozen in the first format stays readable, is published, and keeps its hash."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from edition_of_all import UNITS, content, edition
from snapshot_house import issue
from sqlalchemy import text
from targets_house import NOW, House, Person

from servicekit.db import Database
from targets.domain.snapshot import FORMAT
from targets.queries.snapshot_content import from_json, hash_of, to_json
from targets.rendering.press import DATA, DOCUMENTS

STORED = json.loads((Path(__file__).parent / "snapshot_format_1.json").read_text())
SHA256 = "25c5cdd8c63717cd84f9b08d8123555585a1db41c591af1f5024f2ea6f594520"
NEW = ("measure", "allocated", "periods", "missing_periods", "decided_by", "against_whole", "time_aggregation")


def hashed(stored: Any) -> str:
    """The hash as anybody would take it."""
    said = json.dumps(stored, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def test_a_content_of_the_first_format_reads_and_writes_as_it_was() -> None:
    assert hashed(STORED) == SHA256
    read = from_json(STORED)
    assert to_json(read) == STORED
    assert hash_of(to_json(read)) == SHA256
    one = read.figures["TGT-01_2025_city"]
    assert (one.periods, one.allocated, one.measure) == ((), None, None)
    assert one.verdict is not None
    assert (one.verdict.decided_by, one.verdict.against_whole) == (None, None)
    new = to_json(from_json(STORED | {"format": FORMAT}))
    assert all(f'"{name}":' in json.dumps(new) for name in NEW)
    assert to_json(from_json(new)) == new


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("form", [*DOCUMENTS, *DATA])
def test_it_makes_every_file_the_new_format_makes(form: str, public: bool) -> None:
    forms = DOCUMENTS | DATA
    made = forms[form].make(edition(public=public, of=from_json(STORED)))
    assert made
    if form in ("md", "sdmx-csv", "sdmx-json", "csv"):
        as_new = forms[form].make(edition(public=public, of=content()))
        assert sorted(made.splitlines()) == sorted(as_new.splitlines())  # JSON kept no order


async def test_it_is_issued_and_published(house: House, approver: Person, monitor: Person, database: Database) -> None:
    given = {"content": json.dumps(STORED), "sha256": SHA256, "now": NOW}
    async with database.write() as session:
        made = await session.execute(
            text(
                "INSERT INTO snapshot (kind, title, resolution_id, periods, status, version, made_at, made_by, content,"
                " sha256) SELECT 'interim_review', 'Sơ kết năm 2025', id, '{2025}', 'draft', 1, :now, uuidv7(),"
                " CAST(:content AS jsonb), :sha256 FROM resolution WHERE number = '08-NQ/TU' RETURNING id"
            ),
            given,
        )
        snapshot = str(made.scalar_one())
    inside = json.loads((await monitor.get(f"/exports/snapshots/{snapshot}.json")).content)
    assert (inside["content"], inside["sha256"]) == (STORED, SHA256)
    own = (await monitor.get(f"/snapshots/{snapshot}/figures/TGT-01_2025_{UNITS[0]}")).json()
    assert (own["numerator"], own["periods"], own["allocated_target"]) == ("704", [], None)
    assert (own["verdict"]["status"], own["verdict"]["decided_by"]) == ("missed", None)
    await issue(approver, (snapshot, '"1"'))
    files = f"/api/v1/targets/published-files/{snapshot}"
    public = json.loads((await house.client.get(f"{files}/data.json")).content)
    assert hashed(public["content"]) == public["sha256"] != SHA256
    assert public["content"]["format"] == 1
    said = json.dumps([public["content"]["figures"], public["content"]["indicators"]])
    assert not any(f'"{name}":' in said for name in NEW)
    assert "sex.female" in public["content"]["figures"][f"TGT-01_2025_{UNITS[0]}"]["withheld"]
    for name in ("document.md", "document.docx", "document.pdf", "data.csv", "data.xlsx", "data.sdmx-csv"):
        assert (await house.client.get(f"{files}/{name}")).status_code == 200
