"""What the registry knows from the start, checked against the files it came from and against other sources."""

import asyncio
import csv
import importlib
import json
from datetime import date
from importlib.resources import files

import asyncpg
import holidays
import pytest

from devstack.databases import Database
from devstack.engines import Engines
from devstack.testing import fresh_database
from registry.seeds.territory import Territory
from servicekit import migrations


async def fetch(database: Database, query: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database.app_dsn, server_settings={"role": "registry_house"})
    try:
        return await connection.fetch(query, *values)
    finally:
        await connection.close()


async def test_tables_in_code_and_in_the_database_agree(template: Database) -> None:
    assert await asyncio.to_thread(migrations.check_drift, "registry", template.owner_url) == []


@pytest.mark.parametrize(
    "query,expected",
    [
        ("SELECT count(*) FROM unit WHERE level = 'commune' AND valid_to = '2025-06-30'", 263),
        ("SELECT count(*) FROM unit WHERE level = 'commune' AND valid_from = '2025-07-01'", 103),
        ("SELECT count(*) FROM unit WHERE level = 'commune' AND valid_to IS NULL AND type = 'phường'", 31),
        ("SELECT count(*) FROM unit WHERE level = 'commune' AND valid_to IS NULL AND type = 'xã'", 72),
        ("SELECT count(*) FROM unit WHERE level = 'district'", 28),
        ("SELECT count(*) FROM unit WHERE level = 'city' AND valid_to IS NOT NULL", 3),
        ("SELECT count(*) FROM unit WHERE level = 'city' AND valid_to IS NULL", 1),
        ("SELECT count(*) FROM unit_succession WHERE clause IS NOT NULL", 266),
        ("SELECT count(DISTINCT successor_id) FROM unit_succession WHERE share <> 'unchanged' AND clause <> ''", 95),
        ("SELECT count(*) FROM unit_succession WHERE share = 'unchanged' AND clause = '96'", 8),
        ("SELECT count(*) FROM unit_succession WHERE share IN ('part', 'remainder')", 6),
        ("SELECT count(*) FROM organisation WHERE level = 'commune'", (263 + 103) * 9),
        ("SELECT count(*) FROM organisation WHERE level = 'district'", 28 * 9),
        ("SELECT count(*) FROM organisation WHERE level = 'city'", 4 * 10 + 3 * 6 + 2),
        ("SELECT count(*) FROM organisation", 3606),
        ("SELECT count(*) FROM organisation_succession", 3477),
        ("SELECT count(*) FROM organisation WHERE kind = 'front_committee' AND valid_to IS NULL", 104),
        ("SELECT count(*) FROM outbox", 0),
    ],
)
async def test_counts(template: Database, query: str, expected: int) -> None:
    assert (await fetch(template, query))[0][0] == expected


async def test_every_succession_of_the_file_is_there_with_its_clause(template: Database) -> None:
    text = (files("registry.seeds") / "unit-succession-2025-07-01.csv").read_text("utf-8")
    wanted = {tuple(row) for row in list(csv.reader(text.splitlines()))[1:]}
    found = await fetch(
        template,
        "SELECT s.clause, p.code, p.name, s.share, n.code, n.name FROM unit_succession s"
        " JOIN unit p ON p.id = s.predecessor_id JOIN unit n ON n.id = s.successor_id WHERE s.clause IS NOT NULL",
    )
    assert {tuple(row) for row in found} == wanted


async def test_every_former_body_became_something_of_its_kind(template: Database) -> None:
    lost = await fetch(
        template,
        "SELECT o.name FROM organisation o WHERE o.valid_to = '2025-06-30' AND NOT EXISTS"
        " (SELECT 1 FROM organisation_succession s JOIN organisation n ON n.id = s.successor_id"
        "   WHERE s.predecessor_id = o.id AND n.kind = o.kind AND n.valid_from = '2025-07-01')",
    )
    assert lost == []


async def test_paths_lead_from_the_top_to_the_body_itself(template: Database) -> None:
    wrong = await fetch(
        template,
        "SELECT o.name FROM organisation o LEFT JOIN organisation p ON p.id = o.parent_id"
        " WHERE o.path <> coalesce(p.path, '{}') || o.id",
    )
    assert wrong == []
    depths = await fetch(
        template,
        "SELECT level, array_agg(DISTINCT cardinality(path) ORDER BY cardinality(path)) FROM organisation"
        " WHERE valid_to IS NULL GROUP BY level ORDER BY level",
    )
    assert [tuple(row) for row in depths] == [("city", [1, 2]), ("commune", [2, 3])]


async def test_a_code_belongs_to_one_unit_at_a_time(template: Database) -> None:
    connection = await asyncpg.connect(template.app_dsn)
    try:
        with pytest.raises(asyncpg.ExclusionViolationError):
            await connection.execute(
                "INSERT INTO unit"
                " (id, code, name, type, level, path, valid_from, start_known, plain_name, sort_key, source)"
                " SELECT gen_random_uuid(), code, name, type, level, path, '2026-01-01', true, plain_name, sort_key,"
                " source FROM unit WHERE code = '31135' AND valid_to IS NULL"
            )
    finally:
        await connection.close()


def test_seeding_again_would_make_the_same_ids() -> None:
    first, second = Territory(), Territory()
    assert [row["id"] for row in first.units] == [row["id"] for row in second.units]
    assert [row["id"] for row in first.organisations] == [row["id"] for row in second.organisations]


def test_names_are_the_official_ones() -> None:
    names = {row["name"] for row in Territory().organisations}
    assert {
        "Thành ủy Cần Thơ",
        "Tỉnh ủy Hậu Giang",
        "Quận ủy Ninh Kiều",
        "Đảng ủy phường Ninh Kiều",
        "Ủy ban nhân dân xã Trường Long",
        "Ủy ban Mặt trận Tổ quốc Việt Nam thành phố Cần Thơ",
        "Liên đoàn Lao động thành phố Cần Thơ",
        "Công đoàn phường Ninh Kiều",
        "Đoàn Thanh niên Cộng sản Hồ Chí Minh phường Ninh Kiều",
        "Ban Tuyên giáo và Dân vận Thành ủy Cần Thơ",
        "Ủy ban nhân dân thị trấn Phong Điền",
    } <= names


# Where the calendar says otherwise than the library, with the reason.
CORRECTED = {
    date(2026, 1, 2): "off by 12729/VPCP-KGVX, the library does not know",
    date(2026, 1, 10): "worked instead of 2 January",
}


async def test_calendar_agrees_with_the_holidays_library(template: Database) -> None:
    rows = await fetch(template, "SELECT date, kind, confirmed FROM calendar_day")
    ours = {row["date"]: row["kind"] for row in rows}
    theirs = holidays.country_holidays("VN", years=range(2024, 2028), language="vi")
    off = {day for day, kind in ours.items() if kind != "working_saturday"}
    assert off - CORRECTED.keys() == set(theirs)
    worked = {day for day, kind in ours.items() if kind == "working_saturday"}
    assert worked - CORRECTED.keys() == {day for day in theirs.weekend_workdays if day.year >= 2024}
    assert ours[date(2026, 1, 2)] == "off_in_lieu"
    assert ours[date(2026, 1, 10)] == "working_saturday"
    assert ours[date(2026, 8, 31)] == "off_in_lieu"
    assert ours[date(2026, 8, 22)] == "working_saturday"
    assert ours[date(2026, 11, 24)] == "holiday"
    assert not any(row["confirmed"] for row in rows if row["date"].year == 2027)
    years = await fetch(template, "SELECT year, confirmed FROM calendar_year ORDER BY year")
    assert [tuple(row) for row in years] == [(2024, True), (2025, True), (2026, True), (2027, False)]


# Written by hand from the deadline catalogue: key → (amount, unit, direction, confidence).
WD, CD = "working_days", "calendar_days"
CATALOGUE = {
    "OVS.PLAN_ANNUAL": (1, CD, "before", "confirmed"),
    "OVS.DELEG.SEND": (15, CD, "before", "confirmed"),
    "OVS.DELEG.OBJECT_REPORT": (7, CD, "before", "confirmed"),
    "OVS.DELEG.HEAD_REPORT": (15, CD, "after", "confirmed"),
    "OVS.CONCLUSION": (15, CD, "after", "no_legal_figure"),
    "OVS.REPLY": (15, CD, "after", "no_legal_figure"),
    "OVS.ESCALATE": (20, CD, "after", "no_legal_figure"),
    "OVS.RESULT_BRIEFING": (0, CD, "after", "confirmed"),
    "OVS.TTND.PLAN_NOTICE": (5, WD, "before", "confirmed"),
    "OVS.TTND.REPLY": (15, CD, "after", "confirmed"),
    "OVS.GSDT.REPLY": (15, CD, "after", "confirmed"),
    "OVS.GSDT.NOTICE": (45, CD, "before", "confirmed"),
    "OVS.DOCREV.CONCLUSION": (30, CD, "after", "no_legal_figure"),
    "OVS.JOINT.OWN_REPORT": (15, CD, "after", "no_legal_figure"),
    "CRI.DRAFT_SEND": (15, CD, "before", "confirmed"),
    "CRI.TEXT": (0, CD, "before", "no_legal_figure"),
    "CRI.REPLY": (15, CD, "after", "no_legal_figure"),
    "OPN.ACK": (5, WD, "after", "no_legal_figure"),
    "OPN.REPLY": (30, CD, "after", "no_legal_figure"),
    "OPN.DIGEST": (0, CD, "after", "no_legal_figure"),
    "FB.STATUS": (10, WD, "after", "unconfirmed"),
    "FB.TRANSFER": (5, WD, "after", "unconfirmed"),
    "FB.REPEAT_REFUSAL": (3, WD, "after", "unconfirmed"),
    "FB.RESOLVE": (15, WD, "after", "no_legal_figure"),
    "FB.STALE": (45, CD, "after", "unconfirmed"),
    "FB.DENUNCIATION_TRANSFER": (5, WD, "after", "confirmed"),
    "DSR.ACK": (2, WD, "after", "unconfirmed"),
    "DSR.WITHDRAW": (15, CD, "after", "unconfirmed"),
    "DSR.WITHDRAW_THIRD_PARTY": (20, CD, "after", "unconfirmed"),
    "DSR.WITHDRAW_EXTENSION": (15, CD, "after", "unconfirmed"),
    "DSR.ACCESS_RECTIFY": (10, CD, "after", "unconfirmed"),
    "DSR.ERASE": (20, CD, "after", "no_legal_figure"),
    "CON.PUBLISH": (5, WD, "after", "confirmed"),
    "CON.POSTING_MIN": (30, CD, "after", "confirmed"),
    "CON.MIN_WINDOW": (20, CD, "after", "confirmed"),
    "CON.BALLOT_NOTICE": (2, CD, "before", "confirmed"),
    "CON.DECISION_SEND": (5, WD, "after", "confirmed"),
    "CON.RECOGNISE": (5, WD, "after", "confirmed"),
    "IND.REPORT_DUE": (10, WD, "after", "no_legal_figure"),
    "IND.DISPUTE_ANSWER": (10, WD, "after", "no_legal_figure"),
}


async def test_deadline_rules_are_the_catalogue(template: Database) -> None:
    rows = await fetch(template, "SELECT * FROM deadline_rule")
    found = {row["key"]: (row["amount"], row["unit"], row["direction"], row["confidence"]) for row in rows}
    assert found == CATALOGUE
    for row in rows:
        if row["confidence"] == "confirmed":
            assert row["basis"] and row["provision_id"], row["key"]
        if row["confidence"] == "no_legal_figure":
            assert row["provision_id"] is None, row["key"]


@pytest.mark.usefixtures("template")
async def test_a_house_that_stands_gets_the_rule_of_disputes_and_tells_it(engines: Engines) -> None:
    """As if it had been set up before the rule was in the seed; set up again, nothing is said twice."""
    step = importlib.import_module("registry.migrations.versions.0016_rule_of_disputes")
    async with fresh_database(engines, "registry") as made:
        owner = await asyncpg.connect(made.owner_dsn)
        await owner.execute("DELETE FROM deadline_rule WHERE key = 'IND.DISPUTE_ANSWER'")
        for _ in range(2):
            await owner.execute("UPDATE alembic_version SET version_num = $1", step.down_revision)
            await asyncio.to_thread(migrations.upgrade, "registry", made.owner_url)
        [rule] = await owner.fetch("SELECT id, amount FROM deadline_rule WHERE key = 'IND.DISPUTE_ANSWER'")
        [told] = await owner.fetch("SELECT type, subject, sequence, data FROM outbox")
        await owner.close()
    assert (told["type"], told["subject"], told["sequence"]) == ("registry.deadline_rule.changed.v1", rule["id"], 1)
    fact = json.loads(told["data"])
    assert (fact["key"], fact["version"], fact["amount"]) == ("IND.DISPUTE_ANSWER", 1, rule["amount"])


async def test_who_has_no_known_start_took_nothing_over(template: Database) -> None:
    """Open towards the past are the former units' bodies and what ended in early 2025, not what came after them."""
    [found] = await fetch(
        template,
        "SELECT count(*) FILTER (WHERE o.valid_from > '2025-01-01') AS later, count(*) FILTER (WHERE EXISTS"
        " (SELECT FROM organisation_succession s WHERE s.successor_id = o.id)) AS heirs, count(*) AS open"
        " FROM organisation o WHERE NOT o.start_known",
    )
    before = await fetch(template, "SELECT FROM organisation WHERE valid_from = '2025-01-01'")
    assert (found["later"], found["heirs"], found["open"]) == (0, 0, len(before))
    assert await fetch(template, "SELECT FROM outbox") == []


@pytest.mark.usefixtures("template")
async def test_a_house_that_stands_tells_who_has_no_known_start(engines: Engines) -> None:
    """As it was set up before: the merged boards too without a known start, and facts that did not tell it."""
    step = importlib.import_module("registry.migrations.versions.0017_start_known")
    async with fresh_database(engines, "registry") as made:
        owner = await asyncpg.connect(made.owner_dsn)
        [board] = await owner.fetch(
            "UPDATE organisation o SET start_known = false FROM unit u WHERE u.id = o.unit_id AND u.code = '93'"
            " AND o.kind = 'mass_mobilisation_board' RETURNING o.id, o.version"
        )
        await owner.execute("SET ROLE registry_house; SET row_security = on")
        await owner.execute(
            "INSERT INTO account (id, username, name_sealed, status, organisation_id, created_at)"
            " VALUES (gen_random_uuid(), 'somebody', '', 'active', $1, now())",
            board["id"],
        )
        await owner.execute("RESET ROLE")
        await owner.execute("UPDATE alembic_version SET version_num = $1", step.down_revision)
        await asyncio.to_thread(migrations.upgrade, "registry", made.owner_url)
        stored = await owner.fetchrow("SELECT start_known, version FROM organisation WHERE id = $1", board["id"])
        told = await owner.fetch(
            "SELECT x.type, x.sequence, x.data, o.version, o.id, o.name, u.code FROM outbox x"
            " JOIN organisation o ON o.id = x.subject JOIN unit u ON u.id = o.unit_id"
        )
        open_ = await owner.fetchval("SELECT count(*) FROM organisation WHERE NOT start_known")
        await owner.close()
    assert (stored["start_known"], stored["version"]) == (True, board["version"])
    assert len(told) == len({row["id"] for row in told}) == open_ > 2000
    for row in told:
        data = json.loads(row["data"])
        assert (row["type"], row["sequence"]) == ("registry.organisation.changed.v1", row["version"])
        assert row["version"] > 1
        assert (data["start_known"], data["name"], data["unit_code"]) == (False, row["name"], row["code"])


async def test_three_wards_went_to_two_successors_each(template: Database) -> None:
    rows = await fetch(
        template,
        "SELECT p.code, json_object_agg(s.share, n.name) AS heirs FROM unit_succession s"
        " JOIN unit p ON p.id = s.predecessor_id JOIN unit n ON n.id = s.successor_id"
        " WHERE s.share IN ('part', 'remainder') GROUP BY p.code",
    )
    assert {row["code"]: json.loads(row["heirs"]) for row in rows} == {
        "31178": {"part": "Phường Cái Khế", "remainder": "Phường Bình Thủy"},
        "31183": {"part": "Phường An Bình", "remainder": "Phường Long Tuyền"},
        "31207": {"part": "Phường Thuận Hưng", "remainder": "Phường Thốt Nốt"},
    }
