"""Targets handed down: the parts beside the whole with the gap, each unit held against its own; coverage by people."""

import asyncio
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets_house import (
    BOARD,
    CITY,
    COMMUNES,
    FORMER,
    WARD_GOVERNMENT,
    House,
    Person,
    StatementCount,
    add_indicator,
    amend_targets,
    approve_one,
    rows,
)

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database
from targets.domain.allocating import Unit, balance

HEAD = {"decision": "7-KH/BTGDV", "decided_on": "2026-01-15"}
TGT_02 = "/indicators/TGT-02/targets/1/allocation"
TGT_01 = "/indicators/TGT-01/targets/1/allocation"


@pytest.fixture
def people(operator: Person, verifier: Person, approver: Person) -> tuple[Person, Person, Person]:
    return operator, verifier, approver


def body(method: str, *parts: tuple[UUID, Any], **other: Any) -> dict[str, Any]:
    units = [{"organisation_id": str(unit), "value": value} for unit, value in parts]
    return HEAD | {"method": method, "units": units} | other


unit_ids = [uuid4() for _ in range(6)]
weights = st.lists(st.integers(1, 10**6), min_size=1, max_size=6)


@given(weights, st.data())
def test_the_parts_of_a_rate_come_to_their_mean_by_weight(drawn: list[int], data: Any) -> None:
    values = [data.draw(st.decimals(0, 100, places=2)) for _ in drawn]
    units = {
        unit: Unit(unit, "", True, True, population=Decimal(weight))
        for unit, weight in zip(unit_ids, drawn, strict=False)
    }
    parts = dict(zip(unit_ids, values, strict=False))
    found = balance(Decimal(74), "by_population", parts, units)
    whole = Fraction(0)
    for weight, value in zip(drawn, values, strict=True):
        whole += Fraction(value) * weight / sum(drawn)
    assert found.together == whole
    assert found.gap == 74 - whole
    assert found.adds_up is (whole == 74)


def test_counts_are_added_and_who_was_left_out_is_named() -> None:
    units = {unit: Unit(unit, "", True, True) for unit in unit_ids[:3]}
    some = balance(Decimal(10), "sum", {unit_ids[0]: Decimal(4), unit_ids[1]: Decimal(6)}, units)
    assert (some.gap, some.without, some.adds_up) == (0, (unit_ids[2],), False)
    ended = Unit(unit_ids[3], "", valid=False, reports=True)
    other = Unit(unit_ids[4], "", valid=True, reports=False)
    assert balance(Decimal(10), "sum", {}, units | {ended.id: ended, other.id: other}).without == tuple(unit_ids[:3])
    all_ = balance(Decimal(10), "sum", {unit: Decimal(3) for unit in unit_ids[:3]}, units)
    assert (all_.together, all_.gap, all_.adds_up) == (9, 1, False)
    too_much = balance(Decimal(8), "sum", {unit: Decimal(3) for unit in unit_ids[:3]}, units)
    assert too_much.gap == -1


def test_a_unit_whose_weight_is_not_known_is_named_and_nothing_is_assumed() -> None:
    units = {unit_ids[0]: Unit(unit_ids[0], "", True, True, population=Decimal(5)),
             unit_ids[1]: Unit(unit_ids[1], "", True, True)}  # fmt: skip
    found = balance(Decimal(74), "by_population", dict.fromkeys(units, Decimal(74)), units)
    assert (found.together, found.gap, found.adds_up, found.weightless) == (None, None, None, (unit_ids[1],))


async def test_a_dry_run_shows_everything_and_stores_nothing(monitor: Person, database: Database) -> None:
    empty = await monitor.get(TGT_02)
    assert (empty.json()["version"], empty.headers["etag"], len(empty.json()["units_without"])) == (0, '"0"', 103)
    parts = body("sum", (COMMUNES[0], 1), (COMMUNES[1], "0.0"))
    shown = await monitor.put(TGT_02, parts, etag='"0"', dry_run="true")
    answer = shown.json()
    assert (shown.status_code, answer["stored"], answer["version"]) == (200, False, 1)
    assert (answer["whole"], answer["together"], answer["gap"], answer["adds_up"]) == ("2", "1", "1", False)
    assert len(answer["units_without"]) == 101
    assert await rows(database, "SELECT 1 FROM allocation") == []
    assert await rows(database, "SELECT 1 FROM audit_entry WHERE action = 'allocation.set'") == []


async def test_a_new_version_replaces_the_old_one_and_keeps_it(monitor: Person, database: Database) -> None:
    first = await monitor.put(TGT_02, body("sum", (COMMUNES[0], 2)), etag='"0"')
    assert (first.status_code, first.headers["etag"]) == (200, '"1"'), first.text
    second = await monitor.put(TGT_02, body("sum", *((unit, 1) for unit in COMMUNES)), etag='"1"')
    assert (second.json()["together"], second.json()["gap"], second.json()["adds_up"]) == ("103", "-101", False)
    assert (await monitor.put(TGT_02, body("sum", (COMMUNES[0], 2)), etag='"1"')).status_code == 412
    assert len((await monitor.get(TGT_02)).json()["units"]) == 103
    old = (await monitor.get(TGT_02, version="1")).json()
    assert [(unit["organisation_id"], unit["value"]) for unit in old["units"]] == [(str(COMMUNES[0]), "2")]
    assert (await monitor.get(TGT_02, version="3")).status_code == 404
    listed = (await monitor.get(f"{TGT_02}/versions")).json()["items"]
    assert [(item["version"], item["units"], item["decision"]) for item in listed] == [
        (1, 1, "7-KH/BTGDV"), (2, 103, "7-KH/BTGDV")
    ]  # fmt: skip
    audited = await rows(database, "SELECT details FROM audit_entry WHERE action = 'allocation.set' ORDER BY at")
    assert [entry["details"]["units"] for entry in audited] == [1, 103]


async def test_two_who_hand_down_at_the_same_moment_are_not_both_right(monitor: Person, database: Database) -> None:
    sent = [monitor.put(TGT_02, body("sum", (COMMUNES[number], 2)), etag='"0"') for number in range(4)]
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len(await rows(database, "SELECT 1 FROM allocated_target")) == 1


REFUSED = [
    (TGT_02, body("by_population", (COMMUNES[0], 1)), "wrong_allocation_method", None),
    (TGT_01, body("sum", (COMMUNES[0], 70)), "wrong_allocation_method", None),
    (TGT_02, body("sum", (COMMUNES[0], "1.5")), "bad_allocation", "not_whole"),
    (TGT_02, body("sum", (COMMUNES[0], -1)), "bad_allocation", "negative"),
    (TGT_01, body("by_population", (COMMUNES[0], "100.01")), "bad_allocation", "above_100"),
    (TGT_02, body("sum", (COMMUNES[0], 1), (COMMUNES[0], 1)), "bad_allocation", "twice"),
    (TGT_02, body("sum", (uuid4(), 1)), "bad_allocation", "unknown_organisation"),
    (TGT_02, body("sum", (FORMER, 1)), "bad_allocation", "organisation_not_valid"),
    (TGT_02, body("sum", (WARD_GOVERNMENT, 1)), "bad_allocation", "organisation_not_expected"),
    (TGT_02, body("sum", (CITY, 1)), "bad_allocation", "organisation_not_expected"),
    (TGT_02, body("sum", (COMMUNES[0], 1), decided_on="2027-01-01"), "decision_ahead", None),
    (TGT_02, body("sum"), "invalid", None),
    (TGT_02, body("mean", (COMMUNES[0], 1)), "invalid", None),
    (TGT_02, body("sum", (COMMUNES[0], "1e400")), "invalid", None),
    (TGT_02, body("sum", (COMMUNES[0], 1), id=str(uuid4())), "invalid", None),
    ("/indicators/TGT-03/targets/1/allocation", body("by_population", (COMMUNES[0], 1)), "nothing_to_allocate", None),
]


async def test_what_cannot_be_handed_down_is_refused_line_by_line_and_nothing_stored(
    monitor: Person, database: Database
) -> None:
    for path, given_body, code, line in REFUSED:
        answer = await monitor.put(path, given_body, etag='"0"')
        assert (answer.status_code, answer.json()["code"]) == (422, code), (given_body, answer.text)
        if line is not None:
            assert [error["code"] for error in answer.json()["errors"]] == [line]
    assert await rows(database, "SELECT 1 FROM allocation") == []
    assert (await monitor.put("/indicators/TGT-02/targets/9/allocation", REFUSED[0][1], etag='"0"')).status_code == 404


async def test_only_the_board_hands_down_and_enters_people(house: House) -> None:
    for grants in ((("monitoring_officer", CITY),), (("approver", BOARD),), (("reporter", COMMUNES[0]),)):
        person = house.person(*grants)
        assert (await person.put(TGT_02, body("sum", (COMMUNES[0], 1)), etag='"0"')).status_code == 403
        counted = {"persons": 1, "source": "x"}
        assert (await person.put(f"/population/{COMMUNES[0]}/2025-07-01", counted, etag='"0"')).status_code == 403
    assert (await house.person(("reporter", COMMUNES[0])).get(TGT_02)).status_code == 200


async def test_a_unit_is_held_against_its_own_part_and_both_are_shown(
    monitor: Person, period: Any, people: Any, database: Database, made: MadeDatabase
) -> None:
    await period("TGT-01", "2025")
    await approve_one(people, COMMUNES[0], 700, 1000)
    await approve_one(people, COMMUNES[1], 700, 1000)
    done = await monitor.put(TGT_01, body("by_denominator", (COMMUNES[0], "69.9"), (COMMUNES[2], 80)), etag='"0"')
    assert done.status_code == 200, done.text
    assert [unit["organisation_id"] for unit in done.json()["units_of_unknown_weight"]] == [str(COMMUNES[2])]
    assert (done.json()["gap"], done.json()["reason_en"] is None) == (None, False)

    async def progress(place: UUID | None) -> Any:
        query = {} if place is None else {"organisation_id": str(place)}
        return (await monitor.get("/indicators/TGT-01/progress", period="2025", **query)).json()

    own = await progress(COMMUNES[0])
    assert (own["status"], own["allocated_target"], own["allocation_version"]) == ("achieved", "69.9", 1)
    assert own["against_whole"]["status"] == "missed"
    assert own["comparison"] == "100 × 700 = 70000 > 69.9 × 1000 = 69900: đúng"
    assert own["target"]["value"] == "74"
    without = await progress(COMMUNES[1])
    assert (without["status"], without["reason"], without["allocated_target"]) == (
        "not_assessed", "no_allocation", None
    )  # fmt: skip
    assert without["against_whole"]["status"] == "missed"
    for place in (CITY, None):
        assert (await progress(place))["reason"] == "coverage_too_low"
        assert (await progress(place))["against_whole"] is None
    await amend_targets(made, "aggregation_scope = 'each_unit'")
    assert ((await progress(COMMUNES[1]))["status"], (await progress(COMMUNES[0]))["status"]) == ("missed", "achieved")


async def test_the_share_of_the_population_follows_every_count_that_is_entered(
    monitor: Person, period: Any, people: Any, database: Database, made: MadeDatabase
) -> None:
    await period("TGT-01", "2025")
    await add_indicator(
        database, "CAL-01", like="TGT-01", source="formula",
        formula={"numerator": "TGT-01.numerator", "denominator": "TGT-01.denominator"},
    )  # fmt: skip
    await approve_one(people, COMMUNES[0], 700, 1000)

    async def coverage(code: str = "TGT-01") -> Any:
        return (await monitor.get(f"/indicators/{code}/progress", period="2025")).json()["coverage"]

    assert (await coverage())["population_share"] is None
    assert "not known" in (await coverage())["words"]["en"]
    for number, unit in enumerate(COMMUNES):
        counted = {"persons": 3000 if number == 0 else 1000, "source": "Cục Thống kê, niên giám 2025"}
        done = await monitor.put(f"/population/{unit}/2025-07-01", counted, etag='"0"')
        assert (done.status_code, done.json()["version"]) == (200, 1), done.text
    found = await coverage()
    assert (found["population_counted"], found["population_expected"]) == ("3000", "105000")
    assert (found["population_share"], found["share"]) == ("2.857143", "0.970874")
    assert (await coverage("CAL-01"))["population_counted"] == "3000"
    # A later count of the same year stands instead of the earlier one; one of next year does not.
    path = f"/population/{COMMUNES[0]}"
    later = await monitor.put(f"{path}/2025-12-31", {"persons": 5000, "source": "x"}, etag='"0"')
    assert later.status_code == 200
    await monitor.put(f"{path}/2026-01-01", {"persons": 9000, "source": "x"}, etag='"0"')
    assert (await coverage())["population_counted"] == "5000"
    await monitor.put(f"{path}/2025-07-01", {"persons": 1, "source": "x"}, etag='"1"')
    assert (await coverage())["population_counted"] == "5000"
    fixed = await monitor.put(f"{path}/2025-12-31", {"persons": 4000, "source": "y"}, etag='"1"')
    assert (fixed.status_code, fixed.json()["version"]) == (200, 2)
    assert (await coverage())["population_counted"] == "4000"
    listed = (await monitor.get("/population", unit_id=str(COMMUNES[0]))).json()["items"]
    assert [(item["counted_on"], item["persons"], item["version"]) for item in listed] == [
        ("2025-07-01", 1, 2), ("2025-12-31", 4000, 2), ("2026-01-01", 9000, 1)
    ]  # fmt: skip
    await amend_targets(made, "minimum_coverage = 0, minimum_population = 50")
    progress = (await monitor.get("/indicators/TGT-01/progress", period="2025")).json()
    assert (progress["status"], progress["reason"]) == ("not_assessed", "population_coverage_too_low")


async def test_a_population_that_cannot_be_is_refused(monitor: Person, database: Database) -> None:
    good = {"persons": 1, "source": "x"}
    for path, given_body, status, code in (
        (f"/population/{uuid4()}/2025-07-01", good, 422, "unknown_unit"),
        (f"/population/{COMMUNES[0]}/2027-01-01", good, 422, "population_ahead"),
        (f"/population/{COMMUNES[0]}/2025-02-30", good, 422, "invalid"),
        (f"/population/{COMMUNES[0]}/2025-07-01", good | {"persons": -1}, 422, "invalid"),
        (f"/population/{COMMUNES[0]}/2025-07-01", good | {"persons": 1.5}, 422, "invalid"),
        (f"/population/{COMMUNES[0]}/2025-07-01", good | {"persons": "1"}, 422, "invalid"),
        (f"/population/{COMMUNES[0]}/2025-07-01", good | {"source": " "}, 422, "invalid"),
    ):
        answer = await monitor.put(path, given_body, etag='"0"')
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, answer.text)
    assert (await monitor.put(f"/population/{COMMUNES[0]}/2025-07-01", good, etag='"3"')).status_code == 412
    assert await rows(database, "SELECT 1 FROM population") == []


async def test_reading_costs_few_statements(monitor: Person, period: Any, people: Any, house: House) -> None:
    await period("TGT-01", "2025")
    await approve_one(people, COMMUNES[0], 700, 1000)
    await monitor.put(TGT_01, body("by_denominator", (COMMUNES[0], 70)), etag='"0"')
    for path, query, most in (
        ("/indicators/TGT-01/progress", {"period": "2025"}, 3),
        ("/indicators/TGT-01/progress", {"period": "2025", "organisation_id": str(COMMUNES[0])}, 3),
        (TGT_01, {}, 3),
        (f"{TGT_01}/versions", {}, 2),
        ("/population", {}, 1),
        ("/indicators/TGT-01/formula", {}, 1),
        ("/indicators/TGT-01/trace", {"period": "2025"}, 4),
    ):
        with StatementCount(house.runtime.database) as count:
            assert (await monitor.get(path, **query)).status_code == 200
        assert len(count) <= most, (path, count.statements)
