"""A resolution is loaded beside this one without code: checked as a whole, stored as a whole, read as its document."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import asyncpg
import pytest
from targets_house import BOARD, CITY, House, Person, StatementCount, rows

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database
from targets.seeds.resolution import read_document, read_text

SEED: dict[str, Any] = json.loads(json.dumps(read_document(), default=str))


def other(number: str = "15-NQ/TU", prefix: str = "K15-") -> dict[str, Any]:
    """The seed as another resolution, under codes of its own."""
    document = deepcopy(SEED)
    document["instrument"]["number"] = number
    for one in document["indicators"]:
        one["code"] = prefix + one["code"]
        if "under" in one:
            one["under"] = prefix + one["under"]
    return document


async def counts(database: Database) -> dict[str, int]:
    tables = ("resolution", "resolution_part", "indicator", "target_version", "audit_entry")
    query = " UNION ALL ".join(f"SELECT '{table}' AS name, count(*) AS number FROM {table}" for table in tables)
    return {row["name"]: row["number"] for row in await rows(database, query)}


async def test_the_seed_loads_through_the_route_into_an_empty_copy(
    house: House, monitor: Person, made: MadeDatabase, database: Database
) -> None:
    owner = await asyncpg.connect(made.owner_url.replace("+asyncpg", ""))
    await owner.execute("ALTER TABLE target_version DISABLE TRIGGER versions_stay")
    await owner.execute("ALTER TABLE form_version DISABLE TRIGGER append_only")
    for table in ("resolution_part", "validation_rule"):
        await owner.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for table in (
        "form_version",
        "form",
        "validation_rule",
        "target_version",
        "indicator",
        "resolution_part",
        "resolution",
    ):
        await owner.execute(f"DELETE FROM {table}")
    await owner.close()
    document = deepcopy(SEED) | {"text": read_text()}
    document["instrument"]["number"] = "01-NQ/TU"
    answer = await monitor.post("/resolutions", document)
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["indicators"]) == len(SEED["indicators"])
    loaded = (await monitor.get("/indicators/TGT-01")).json()
    assert (loaded["instrument"], loaded["targets"][0]["comparator"], loaded["targets"][0]["value"]) == (
        "01-NQ/TU",
        ">",
        "74",
    )


async def test_a_second_resolution_stands_beside_the_first(house: House, monitor: Person, database: Database) -> None:
    answer = await monitor.post("/resolutions", other())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["stored"]
    assert body["problems"] == []
    assert body["not_ready"] == {}
    listed = (await monitor.get("/resolutions")).json()["items"]
    assert {one["number"]: one["indicators"] for one in listed} == {
        "08-NQ/TU": len(SEED["indicators"]),
        "15-NQ/TU": len(SEED["indicators"]),
    }
    opened = await monitor.post("/periods", {"indicator_code": "K15-TGT-02", "period": "2025"})
    assert opened.status_code == 201, opened.text
    own = (await monitor.get("/indicators", resolution_id=body["resolution_id"], limit=100)).json()["items"]
    assert all(one["code"].startswith("K15-") for one in own)
    audit = await rows(database, "SELECT action, details FROM audit_entry WHERE action = 'resolution.load'")
    assert audit == [{"action": "resolution.load", "details": {"indicators": 75, "targets": 75}}]


async def test_a_dry_run_tells_everything_and_stores_nothing(house: House, monitor: Person, database: Database) -> None:
    before = await counts(database)
    good = await monitor.post("/resolutions?dry_run=true", other())
    assert good.status_code == 200, good.text
    assert (good.json()["stored"], good.json()["quotes_checked"]) == (False, False)
    assert good.json()["problems"] == []
    again = await monitor.post("/resolutions?dry_run=true", deepcopy(SEED))
    problems = again.json()["problems"]
    assert problems[0]["code"] == "number_taken"
    assert {problem["field"] for problem in problems[1:]} == {f"indicators[{n}].code" for n in range(75)}
    assert await counts(database) == before


async def test_the_same_key_loads_once(house: House, monitor: Person, database: Database) -> None:
    key = "0123456789abcdef-resolution"
    first = await monitor.post("/resolutions", other(), key=key)
    second = await monitor.post("/resolutions", other(), key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def drop(document: dict[str, Any], place: int, name: str, value: Any) -> None:
    document["indicators"][place][name] = value


BROKEN: list[tuple[str, Callable[[dict[str, Any]], Any], str, str]] = [
    ("twice", lambda d: drop(d, 1, "code", "K15-GEN-01"), "indicators[1].code", "given_twice"),
    ("taken", lambda d: drop(d, 1, "code", "TGT-01"), "indicators[1].code", "code_taken"),
    ("part", lambda d: drop(d, 0, "clause", "IX.1"), "indicators[0].clause", "part_unknown"),
    ("body", lambda d: drop(d, 0, "responsible", ["nobody"]), "indicators[0].responsible[0]", "reference_unknown"),
    ("under", lambda d: drop(d, 0, "under", "K15-GEN-07"), "indicators[0].under", "under_unknown"),
    ("unit", lambda d: drop(d, 10, "unit", None), "indicators[10].unit", "unit_missing"),
    ("ratio", lambda d: drop(d, 3, "denominator_vi", None), "indicators[3].denominator_vi", "denominator_missing"),
    ("words", lambda d: drop(d, 0, "quote", "Nâng cao nhận thức, vai trò."), "indicators[0].quote", "not_in_text"),
    (
        "target",
        lambda d: d["indicators"][18]["targets"][0].update(value="174"),
        "indicators[18].targets[0].value",
        "percent_out_of_range",
    ),
    (
        "overlap",
        lambda d: d["indicators"][18]["targets"].append(
            d["indicators"][18]["targets"][0] | {"number": 2, "valid_from": "2025-12-31", "valid_to": None}
        ),
        "indicators[18].targets[1].valid_from",
        "versions_overlap",
    ),
    (
        "contradiction",
        lambda d: d["indicators"][18]["targets"][0].update(counting_method="memberships"),
        "indicators[18].questions.counting_method",
        "answer_contradicts",
    ),
    ("parts", lambda d: d["parts"].pop(1), "parts[1].path", "parent_part_missing"),
]


@pytest.mark.parametrize(("name", "spoil", "field", "code"), BROKEN, ids=[case[0] for case in BROKEN])
async def test_a_problem_is_told_with_its_place_and_nothing_is_half_stored(
    house: House, monitor: Person, database: Database, name: str, spoil: Any, field: str, code: str
) -> None:
    document = other() | {"text": read_text()}
    spoil(document)
    before = await counts(database)
    told = await monitor.post("/resolutions?dry_run=true", document)
    assert (field, code) in {(one["field"], one["code"]) for one in told.json()["problems"]}, told.text
    refused = await monitor.post("/resolutions", document)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_resolution")
    assert (field, code) in {(one["field"], one["code"]) for one in refused.json()["errors"]}
    assert await counts(database) == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(indicators=[]),
        lambda d: d["indicators"][0].update(colour="red"),
        lambda d: d["indicators"][0].update(kind="percentage"),
        lambda d: d["indicators"][0].update(code="TGT 01"),
        lambda d: d["indicators"][0].update(quote="a\x00b"),
        lambda d: d["instrument"].update(issued_on="27/12/2021"),
        lambda d: d["indicators"][18]["targets"][0].update(comparator="≥"),
        lambda d: d["indicators"][18]["targets"][0].update(value="NaN"),
        lambda d: d.pop("instrument"),
    ],
)
async def test_what_has_not_the_shape_is_refused(house: House, monitor: Person, spoil: Any) -> None:
    document = other()
    spoil(document)
    for path in ("/resolutions", "/resolutions?dry_run=true"):
        answer = await monitor.post(path, document)
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["vi" if "vi" in answer.json() else "detail"]


async def test_only_the_board_loads(house: House, database: Database) -> None:
    before = await counts(database)
    stranger = house.person(("monitoring_officer", CITY))
    reporter = house.person(("reporter", BOARD))
    for person in (stranger, reporter):
        for path in ("/resolutions", "/resolutions?dry_run=true"):
            assert (await person.post(path, other())).status_code == 403
    assert await counts(database) == before


async def test_the_document_as_a_tree(house: House, monitor: Person) -> None:
    listed = (await monitor.get("/resolutions")).json()["items"]
    assert (listed[0]["standing"], listed[0]["standing_vi"]) == ("valid", "Đang có hiệu lực")
    with StatementCount(house.runtime.database) as sent:
        tree = (await monitor.get(f"/resolutions/{listed[0]['id']}")).json()
    assert len(sent) <= 3, sent.statements
    assert [part["path"] for part in tree["parts"]] == ["I", "II", "III", "IV"]
    assert "2015 - 2020" in tree["parts"][0]["note_vi"]
    goals = tree["parts"][1]["parts"][1]["parts"][1]
    assert (goals["path"], goals["heading"]) == ("II.2.2", "Mục tiêu cụ thể")
    clause = goals["clauses"][8]
    assert clause["clause"] == "II.2.2, gạch đầu dòng 9"
    assert [one["code"] for one in clause["quotes"][0]["indicators"]] == ["TGT-03", "TGT-03-MISSING"]

    def codes(parts: list[dict[str, Any]]) -> list[str]:
        here = [
            one["code"]
            for part in parts
            for clause in part["clauses"]
            for quote in clause["quotes"]
            for one in quote["indicators"]
        ]
        return here + [code for part in parts for code in codes(part["parts"])]

    assert sorted(codes(tree["parts"])) == sorted(one["code"] for one in SEED["indicators"])
    assert (await monitor.get("/resolutions/01990000-0000-7000-8000-000000000000")).status_code == 404


async def test_an_indicator_that_lacks_its_metadata_is_not_opened(house: House, monitor: Person) -> None:
    document = other()
    bare = document["indicators"][7]
    for name in ("definition_vi", "definition_en", "data_source_vi"):
        del bare[name]
    loaded = await monitor.post("/resolutions", document)
    assert loaded.json()["not_ready"] == {"K15-GOAL-01": ["definition_vi", "definition_en", "data_source_vi"]}
    body = {"indicator_code": "K15-GOAL-01", "period": "2025"}
    refused = await monitor.post("/periods", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "incomplete_indicator")
    assert "definition_vi, definition_en, data_source_vi" in refused.json()["detail"]
    found = await monitor.get("/indicators/K15-GOAL-01")
    assert found.json()["missing"] == ["definition_vi", "definition_en", "data_source_vi"]
    told = {"definition_vi": "Định nghĩa.", "definition_en": "Definition.", "data_source_vi": "Sổ."}
    changed = await monitor.patch("/indicators/K15-GOAL-01", told, etag=found.headers["etag"])
    assert (changed.status_code, changed.json()["missing"]) == (200, [])
    assert (await monitor.post("/periods", body)).status_code == 201


async def test_a_resolution_ends_by_a_decision_and_its_standing_follows(
    house: House, monitor: Person, database: Database
) -> None:
    loaded = (await monitor.post("/resolutions", other())).json()
    path = f"/resolutions/{loaded['resolution_id']}"
    read = await monitor.get(path)
    assert (read.json()["standing"], read.headers["etag"]) == ("valid", '"1"')
    body = {"valid_to": "2025-12-31", "decision": "30-QĐ/TU", "decided_on": "2026-01-05"}
    stranger = house.person(("monitoring_officer", CITY))
    assert (await stranger.patch(path, body, etag='"1"')).status_code == 403
    assert (await monitor.patch(path, body, etag='"2"')).status_code == 412
    early = await monitor.patch(path, body | {"valid_to": "2020-01-01"}, etag='"1"')
    assert (early.status_code, early.json()["errors"][0]["code"]) == (422, "dates_reversed")
    ended = await monitor.patch(path, body, etag='"1"')
    assert ended.status_code == 200, ended.text
    assert (ended.json()["standing"], ended.json()["end_decision"]) == ("ended", "30-QĐ/TU")
    listed = {one["number"]: one["standing"] for one in (await monitor.get("/resolutions")).json()["items"]}
    assert listed == {"08-NQ/TU": "valid", "15-NQ/TU": "ended"}
    audit = await rows(database, "SELECT details FROM audit_entry WHERE action = 'resolution.end'")
    assert audit == [{"details": {"before": None, "after": "2025-12-31", "version": 2}}]


def computed(document: dict[str, Any], formula: dict[str, str]) -> dict[str, Any]:
    """The second resolution with its first count made a formula indicator."""
    place = next(n for n, one in enumerate(document["indicators"]) if one["code"] == "K15-TGT-02")
    one = document["indicators"][place]
    for name in ("reporter_kinds", "reporting_kinds", "breakdowns", "evidence_required"):
        one.pop(name, None)
    one |= {"source": "formula", "formula": formula, "under": None, "reporting_kinds": []}
    return document


async def test_a_formula_that_comes_with_a_resolution_is_read_before_anything_is_stored(
    house: House, monitor: Person, database: Database
) -> None:
    before = await counts(database)
    for formula, code in (
        ({"numerator": "TGT-02 +"}, "formula_syntax"),
        ({"numerator": "NO-SUCH"}, "formula_unknown_indicator"),
        ({"numerator": "K15-TGT-02 * 2"}, "formula_cycle"),
        ({"numerator": "TGT-02 / 0"}, "formula_divides_by_zero"),
    ):
        answer = await monitor.post("/resolutions", computed(other(), formula))
        assert answer.status_code == 422, answer.text
        [problem] = answer.json()["errors"]
        assert (problem["code"], problem["field"].rpartition(".")[2]) == (code, "formula")
    assert await counts(database) == before
    loaded = await monitor.post("/resolutions", computed(other(), {"numerator": "TGT-02 * 2"}))
    assert loaded.status_code == 201, loaded.text
