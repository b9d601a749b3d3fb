"""The whole resolution as data: its exact words, its comparators, what it leaves open; schema and code agree."""

import asyncio
from typing import Any

import pytest
from targets_house import BOARD, CITY, COMMUNES, House, report_body

from devstack.databases import Database as MadeDatabase
from servicekit import migrations
from targets.domain.event_rules import RULES
from targets.domain.metadata import not_ready
from targets.domain.resolution_checks import check_document, normal
from targets.domain.resolution_document import complete
from targets.seeds.resolution import read_document, read_seeds, read_text

DOCUMENT = read_document()
MADE = {given["code"]: given for given in complete(DOCUMENT)["indicators"]}
CODES = {given["code"]: given for given in DOCUMENT["indicators"]}
RESOLUTION = normal(read_text())
# Every row of the domain research, section 1; what stands below a row measures a part of it.
TARGETS = ["TGT-01", "TGT-02", "TGT-03"]
GENERAL = [f"GEN-0{number}" for number in range(1, 8)]
GOALS = [f"GOAL-0{number}" for number in range(1, 9)]
TASKS = [
    *(f"TASK-1.{number}" for number in range(1, 6)),
    *(f"TASK-2.{number}" for number in range(1, 4)),
    *(f"TASK-3.{number}" for number in range(1, 7)),
    "TASK-4.1a", "TASK-4.1b", "TASK-4.2a", "TASK-4.2b", "TASK-4.2c", "TASK-4.2d",
    *(f"TASK-5.{number}" for number in range(1, 4)),
    *(f"TASK-6.{number}" for number in range(1, 4)),
]  # fmt: skip
OVERSIGHT = {
    "OVS-01": "TASK-3.2",
    "OVS-02": "TASK-3.2",
    "OVS-03": "TASK-3.2",
    "OVS-04": "TASK-3.3",
    "OVS-05": "TASK-3.3",
    "OVS-06": "TASK-3.4",
}
VERBS = [f"TASK-2.2-{verb}" for verb in ("KNOW", "DECIDE", "DO", "INSPECT", "SUPERVISE", "BENEFIT")]
DUTIES = [f"DUTY-{number}" for number in range(1, 6)]


def test_every_row_of_the_resolution_is_there() -> None:
    wanted = [*TARGETS, *GENERAL, *GOALS, *TASKS, *OVERSIGHT, *VERBS, *DUTIES]
    assert sorted(set(wanted) - set(CODES)) == []
    below = {code for code, given in CODES.items() if given.get("under")}
    assert set(CODES) - set(wanted) <= below
    sections = {"TGT": "target", "GEN": "general_goal", "GOAL": "goal", "TASK": "task", "OVS": "task", "DUTY": "duty"}
    assert all(given["section"] == sections[code.partition("-")[0]] for code, given in CODES.items())


def test_the_parts_of_a_task_stand_below_it() -> None:
    assert {code: CODES[code]["under"] for code in OVERSIGHT} == OVERSIGHT
    assert {CODES[code]["under"] for code in VERBS} == {"TASK-2.2"}
    assert {MADE[code]["source"] for code in OVERSIGHT} == {"oversight_events"}
    assert MADE["TASK-5.2"]["source"] == MADE["GEN-04"]["source"] == "feedback_events"


def test_every_indicator_made_from_events_has_a_rule() -> None:
    assert {code for code, given in MADE.items() if given["source"].endswith("_events")} == set(RULES)


@pytest.mark.parametrize("code", CODES)
def test_a_quote_is_the_resolution_s_own_wording(code: str) -> None:
    assert normal(CODES[code]["quote"]) in RESOLUTION
    assert "quote" not in MADE[code]["open_questions"][0]


@pytest.mark.parametrize("part", DOCUMENT["parts"], ids=lambda part: part["path"])
def test_a_heading_is_the_resolution_s_own_wording(part: dict[str, Any]) -> None:
    assert normal(part.get("heading", "NGHỊ QUYẾT")) in RESOLUTION


def test_the_seed_has_no_problem_and_every_reported_indicator_can_be_opened() -> None:
    assert check_document(DOCUMENT, taken=(), text=read_text()) == []
    assert not_ready(MADE.values()) == {}


def test_the_copied_text_is_the_resolution() -> None:
    assert "Số 08-NQ/TU" in RESOLUTION
    assert "ngày 27 tháng 12 năm 2021" in RESOLUTION
    assert len(RESOLUTION) > 20_000


def test_comparators_follow_the_words() -> None:
    target = {code: given["targets"][0] for code, given in MADE.items()}
    assert "trên 74%" in CODES["TGT-01"]["quote"]
    assert (target["TGT-01"]["comparator"], str(target["TGT-01"]["value"])) == (">", "74")
    assert "từ 02 tổ chức/năm trở lên" in CODES["TGT-02"]["quote"]
    assert (target["TGT-02"]["comparator"], str(target["TGT-02"]["value"])) == (">=", "2")
    assert "mọi chủ trương" in CODES["GOAL-06"]["quote"]
    assert str(target["GOAL-06"]["value"]) == "100"  # a reading of "mọi", stated as an open question
    with_figure = {code for code, version in target.items() if version["value"] is not None}
    assert with_figure == {"TGT-01", "TGT-02", "GOAL-06"}  # the text names no other figure: none is invented


def test_nothing_is_decided_silently() -> None:
    asked = {code: {question["key"] for question in given["open_questions"]} for code, given in MADE.items()}
    reported = [code for code, given in MADE.items() if given["source"] == "reports"]
    assert all("period_kind" in asked[code] for code in CODES)
    no_figure = {code for code in reported if MADE[code]["targets"][-1]["value"] is None}
    assert {code for code in no_figure if "target_value" not in asked[code]} == set()
    assert {code for code in CODES if MADE[code]["kind"] == "rating" and "grading" not in asked[code]} == set()
    unsure = {code for code in reported if MADE[code]["responsible_confidence"] == "unconfirmed"}
    assert {"DUTY-1", "DUTY-2", "DUTY-3"} <= unsure
    assert all("successor" in asked[code] for code in ("DUTY-1", "DUTY-2", "DUTY-3"))
    assert "frequency" in asked["TASK-1.5"]
    assert "review_frequency" in asked["DUTY-5"]
    assert "congress_term" in asked["TASK-5.3"]
    assert "2015 - 2020" in CODES["TASK-5.3"]["editor_note_vi"]
    assert "2020 - 2025" in RESOLUTION
    assert "2015 - 2020" in RESOLUTION


def test_ratings_and_duties_need_evidence() -> None:
    for code, given in MADE.items():
        assert given["evidence_required"] == (given["kind"] in ("rating", "yes_no", "milestone")), code
    assert {MADE[code]["kind"] for code in DUTIES} == {"yes_no", "milestone"}


def test_half_years_and_years_can_be_reported_at_least() -> None:
    for code, given in MADE.items():
        wanted = {"half", "year"} if given["source"] == "reports" else set()
        assert wanted <= set(given["reporting_kinds"]), code


@pytest.mark.parametrize(
    ("code", "keys"),
    [
        ("TGT-01", {"age_band", "counting_method", "after_2025", "minimum_coverage", "period_kind"}),
        ("TGT-02", {"aggregation_scope", "eligible_enterprises", "minimum_coverage", "period_kind"}),
        ("TGT-03", {"target_value", "key_officials", "both_conditions", "minimum_coverage", "period_kind"}),
        ("GEN-04", {"proxy", "second_round", "period_kind"}),
    ],
)
async def test_what_the_text_leaves_open_is_in_the_answer(house: House, code: str, keys: set[str]) -> None:
    officer = house.person(("monitoring_officer", BOARD))
    answer = (await officer.get(f"/indicators/{code}")).json()
    assert {question["key"] for question in answer["open_questions"]} == keys
    for question in answer["open_questions"]:
        assert question["answer"] in {option["answer"] for option in question["options"]}
        assert question["question_vi"]
        assert question["answer_vi"]
        assert question["decision"] is None
    assert answer["quote"] == CODES[code]["quote"]
    assert answer["instrument"] == "08-NQ/TU"
    assert answer["targets"][0]["decision"] == "08-NQ/TU"


def test_the_first_four_are_what_they_were() -> None:
    """Reports stored before keep their meaning: ids, words, target versions and categories."""
    for before in read_seeds()["indicators"]:
        now = MADE[before["code"]]
        for name in ("quote", "clause", "kind", "unit", "numerator_vi", "denominator_vi", "source", "period_kind"):
            assert now.get(name) == before.get(name), (before["code"], name)
        for name in ("comparator", "valid_from", "counting_method", "aggregation_scope"):
            assert now["targets"][0][name] == before["targets"][0][name]
        asked = {question["key"]: question["answer"] for question in now["open_questions"]}
        assert {one["key"]: one["answer"] for one in before["questions"]}.items() <= asked.items()


async def test_a_breakdown_of_before_is_still_taken(house: House) -> None:
    officer = house.person(("monitoring_officer", BOARD))
    answer = (await officer.get("/indicators/TGT-02")).json()
    assert answer["categories"][:3] == ["trade_union", "youth_union", "veterans_assoc"]
    assert "enterprise_type.private" in answer["categories"]
    assert "organisation_type.trade_union" in answer["categories"]


async def test_the_list_of_indicators(house: House) -> None:
    officer = house.person(("monitoring_officer", BOARD))
    found: list[str] = []
    cursor = None
    while True:
        query = {"limit": 30} | ({"cursor": cursor} if cursor else {})
        page = (await officer.get("/indicators", **query)).json()
        found += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(found) == len(CODES)
    assert set(found) == set(CODES)
    duties = (await officer.get("/indicators", section="duty")).json()["items"]
    assert {item["code"] for item in duties} == {code for code in CODES if code.startswith("DUTY")}


async def test_the_schema_agrees_with_the_code(made: MadeDatabase) -> None:
    assert await asyncio.to_thread(migrations.check_drift, "targets", made.owner_url) == []


async def test_every_reported_indicator_can_be_opened_and_its_kind_reported(house: House) -> None:
    """Of those whose reporters the test's registry has: the Front's committees and the board."""
    officer, operator = house.person(("monitoring_officer", BOARD)), house.person(("reporter", CITY))
    there = {("front_committee", "commune"), ("front_committee", "city"), ("mass_mobilisation_board", "city")}
    given = [
        one
        for one in MADE.values()
        if one["source"] == "reports" and (one["reporter_kinds"][0], one["reporter_level"]) in there
    ]
    assert {one["kind"] for one in given} == {"ratio", "count", "yes_no", "milestone", "rating"}
    refused = {}
    for one in given:
        answer = await officer.post("/periods", {"indicator_code": one["code"], "period": "2026S1"})
        if answer.status_code != 201:
            refused[one["code"]] = answer.text
        elif one["reporter_kinds"] == ["front_committee"] and one["reporter_level"] == "commune":
            figures = report_body(
                COMMUNES[0],
                *((2, 2) if one["kind"] == "ratio" else (1, ...)),
                indicator_code=one["code"],
                period="2026S1",
            )
            report = await operator.post("/reports", figures)
            if report.status_code != 201:
                refused[one["code"]] = report.text
    assert refused == {}
    assert len(given) > 40
