"""What the text leaves open is answered by a decision; an answer that changes judging makes a new target version."""

from typing import Any

import pytest
from targets_house import BOARD, CITY, House, Person, rows

from servicekit.db import Database

DECIDED = {"decision": "20-KL/TU", "decided_on": "2026-11-20"}


async def read(monitor: Person, code: str) -> tuple[dict[str, Any], str]:
    found = await monitor.get(f"/indicators/{code}")
    return found.json(), found.headers["etag"]


def question(indicator: dict[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in indicator["open_questions"] if one["key"] == key)


async def test_a_question_is_answered_by_a_decision(house: House, monitor: Person, database: Database) -> None:
    _, etag = await read(monitor, "TGT-03")
    path = "/indicators/TGT-03/questions/key_officials"
    answer = await monitor.put(path, DECIDED | {"answer": "heads_and_deputies"}, etag=etag)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["number"] is None
    now = question(body["indicator"], "key_officials")
    assert (now["answer"], now["decision"], now["decided_on"]) == ("heads_and_deputies", "20-KL/TU", "2026-11-20")
    assert now["answer_vi"] == "Cấp trưởng, cấp phó của Mặt trận và năm tổ chức."
    again = await monitor.put(path, DECIDED | {"answer": "as_reported"}, etag=answer.headers["etag"])
    history = (await monitor.get("/indicators/TGT-03/changes")).json()["items"]
    assert [(line["values_before"], line["values_after"]) for line in history] == [
        ({"key_officials": "as_reported"}, {"key_officials": "heads_and_deputies"}),
        ({"key_officials": "heads_and_deputies"}, {"key_officials": "as_reported"}),
    ]
    assert {line["actor_id"] for line in history} == {str(monitor.id)}
    assert again.headers["etag"] == '"3"'
    audit = await rows(database, "SELECT details FROM audit_entry WHERE action = 'indicator.answer_question'")
    assert audit[0]["details"] == {"indicator": "TGT-03", "fields": ["key_officials"], "version": 2}


async def test_an_answer_that_changes_judging_makes_a_new_version(house: House, monitor: Person) -> None:
    _, etag = await read(monitor, "TGT-03")
    path = "/indicators/TGT-03/questions/target_value"
    undated = await monitor.put(path, DECIDED | {"answer": "100"}, etag=etag)
    assert (undated.status_code, undated.json()["code"]) == (422, "valid_from_missing")
    answer = await monitor.put(path, DECIDED | {"answer": "100", "valid_from": "2026-01-01"}, etag=etag)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["number"], body["ended"]["number"], body["ended"]["last_day"]) == (2, 1, "2025-12-31")
    first, second = body["indicator"]["targets"]
    assert (first["value"], second["value"], second["decision"]) == (None, "100", "20-KL/TU")
    assert (second["comparator"], second["minimum_coverage"]) == (first["comparator"], first["minimum_coverage"])
    before = (await monitor.get("/indicators/TGT-03/progress", period="2025")).json()
    after = (await monitor.get("/indicators/TGT-03/progress", period="2026")).json()
    assert (before["reason"], after["reason"]) == ("no_figure_in_text", "nothing_to_judge")


async def test_a_figure_of_one_s_own_needs_its_words(house: House, monitor: Person) -> None:
    _, etag = await read(monitor, "TGT-01")
    path = "/indicators/TGT-01/questions/minimum_coverage"
    given = DECIDED | {"answer": "85", "valid_from": "2026-01-01"}
    bare = await monitor.put(path, given, etag=etag)
    assert (bare.status_code, bare.json()["code"]) == (422, "answer_words_missing")
    assert [error["field"] for error in bare.json()["errors"]] == ["answer_vi", "answer_en"]
    worded = given | {"answer_vi": "Từ 85% số đơn vị.", "answer_en": "85 % of the units."}
    answer = await monitor.put(path, worded, etag=etag)
    assert answer.json()["indicator"]["targets"][-1]["minimum_coverage"] == "85"
    assert question(answer.json()["indicator"], "minimum_coverage")["answer_vi"] == "Từ 85% số đơn vị."


async def test_the_scope_and_the_way_of_counting_go_by_versions_too(house: House, monitor: Person) -> None:
    _, etag = await read(monitor, "TGT-02")
    given = DECIDED | {"answer": "each_category", "valid_from": "2027-01-01"}
    answer = await monitor.put("/indicators/TGT-02/questions/aggregation_scope", given, etag=etag)
    assert [one["aggregation_scope"] for one in answer.json()["indicator"]["targets"]] == [
        "city_total",
        "each_category",
    ]
    overlapping = await monitor.put(
        "/indicators/TGT-02/questions/aggregation_scope",
        given | {"answer": "city_total"},
        etag=answer.headers["etag"],
    )
    assert (overlapping.status_code, overlapping.json()["code"]) == (409, "target_overlap")


async def test_the_rhythm_is_an_answer(house: House, monitor: Person) -> None:
    before, etag = await read(monitor, "GOAL-05")
    assert (before["period_kind"], before["reporting_kinds"]) == ("year", ["half", "year"])
    path = "/indicators/GOAL-05/questions/period_kind"
    answer = (await monitor.put(path, DECIDED | {"answer": "quarter"}, etag=etag)).json()["indicator"]
    assert (answer["period_kind"], answer["reporting_kinds"]) == ("quarter", ["half", "year", "quarter"])
    opened = await monitor.post("/periods", {"indicator_code": "GOAL-05", "period": "2026Q3"})
    assert opened.status_code == 201, opened.text


@pytest.mark.parametrize("answer", ["sometimes", "101x", "-5", "NaN", "1e400", "9" * 30, "85."])
async def test_other_answers_are_refused(house: House, monitor: Person, answer: str) -> None:
    _, etag = await read(monitor, "TGT-01")
    for key in ("age_band", "minimum_coverage"):
        given = DECIDED | {"answer": answer, "answer_vi": "x", "answer_en": "x", "valid_from": "2027-01-01"}
        refused = await monitor.put(f"/indicators/TGT-01/questions/{key}", given, etag=etag)
        assert refused.status_code == 422, refused.text
    assert (await read(monitor, "TGT-01"))[1] == etag


async def test_answering_needs_the_board_the_question_and_the_version(house: House, monitor: Person) -> None:
    _, etag = await read(monitor, "TGT-01")
    given = DECIDED | {"answer": "from_18"}
    path = "/indicators/TGT-01/questions/age_band"
    stranger = house.person(("monitoring_officer", CITY))
    assert (await stranger.put(path, given, etag=etag)).status_code == 403
    assert (await house.person(("reporter", BOARD)).put(path, given, etag=etag)).status_code == 403
    assert (await monitor.put("/indicators/TGT-01/questions/colour", given, etag=etag)).status_code == 404
    assert (await monitor.put(path, given, etag='"9"')).status_code == 412
    assert (await monitor.put(path, {"answer": "from_18"}, etag=etag)).status_code == 422  # no decision
    assert (await monitor.put(path, given, etag=etag)).status_code == 200
    assert (await monitor.put(path, given, etag=etag)).status_code == 412


async def test_the_description_changes_with_history_and_what_it_is_does_not(house: House, monitor: Person) -> None:
    before, etag = await read(monitor, "TGT-01")
    changed = await monitor.patch("/indicators/TGT-01", {"definition_vi": "Rõ hơn."}, etag=etag)
    assert changed.json()["definition_vi"] == "Rõ hơn."
    history = (await monitor.get("/indicators/TGT-01/changes")).json()["items"]
    assert history[0]["values_before"] == {"definition_vi": before["definition_vi"]}
    now = changed.headers["etag"]
    for body in ({"quote": "x"}, {"code": "X"}, {"kind": "count"}, {"clause": "I"}):
        assert (await monitor.patch("/indicators/TGT-01", body, etag=now)).status_code == 422
    same = await monitor.patch("/indicators/TGT-01", {"definition_vi": "Rõ hơn."}, etag=now)
    assert (same.status_code, same.json()["code"]) == (422, "nothing_to_change")
    count = (await read(monitor, "TGT-02"))[1]
    wrong = await monitor.patch("/indicators/TGT-02", {"denominator_vi": "x"}, etag=count)
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "denominator_not_used")
    computed = (await read(monitor, "GEN-04"))[1]
    wrong = await monitor.patch("/indicators/GEN-04", {"reporting_kinds": ["year"]}, etag=computed)
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "not_reported")
    assert (await house.person(("head", BOARD)).patch("/indicators/TGT-01", {}, etag=now)).status_code == 403
