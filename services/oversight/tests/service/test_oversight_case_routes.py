"""The case file from a feedback item to its end, through the routes, with what every step leaves behind."""

import uuid
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

EVENTS = "SELECT type, subject, sequence FROM outbox ORDER BY position"
AUDIT = "SELECT action, actor_kind FROM audit_entry ORDER BY ctid"  # ids are random: rows in the order written


async def test_case_goes_from_feedback_item_to_close(world: Any) -> None:
    case = await world.opened()
    assert case["status"] == "opened"
    assert case["status_text"] == "Đã mở hồ sơ"
    assert case["submission_id"] == str(world.submission)
    assert case["presiding_organisation"]["name"] == "Ủy ban MTTQ phường Ninh Kiều"
    assert case["available_actions"] == ["plan"]
    path = f"/cases/{case['id']}"

    planned = (await world.post(f"{path}/plan", world.officer, world.plan_body(), etag=1)).json()
    assert planned["status"] == "planned"
    assert [part["heading"] for part in planned["plan"]["parts"]][:2] == [
        "Mục đích, yêu cầu",
        "Đối tượng, nội dung, phạm vi",
    ]
    concluded = (await world.post(f"{path}/conclude", world.officer, world.conclusion_body(), etag=2)).json()
    assert concluded["conclusion"]["document_number"] == "13/KL-MTTQ"
    served = await world.post(
        f"{path}/recommendations", world.officer, world.recommendation_body(), key=uuid.uuid4().hex, etag=3
    )
    assert served.status_code == 201, served.text
    recommendation = served.json()

    early = await world.post(f"{path}/close", world.officer, etag=4)
    assert (early.status_code, early.json()["code"]) == (409, "addressees_open")

    first = world.part_path(recommendation, world.committee)
    body = {"disposition": "accepted", "text": "Tiếp thu, đã nạo vét.", "plan": "Xong trong tháng 12"}
    assert (await world.post(f"{first}/reply", world.head, body, etag=1)).status_code == 200
    found = {"finding": "Cống đã thông", "evidence": "Biên bản kiểm tra 05/BB ngày 20/12"}
    verified = await world.post(f"{first}/verify", world.officer, found, etag=2)
    assert verified.json()["addressee"]["status"] == "verified"
    second = world.part_path(recommendation, world.other_committee)
    ended = await world.post(
        f"{second}/end", world.officer, {"reason_code": "escalated", "note": "Công văn 20/MTTQ"}, etag=1
    )
    assert ended.json()["addressee"]["status"] == "ended"

    closed = await world.post(f"{path}/close", world.officer, etag=4)
    assert closed.status_code == 200, closed.text
    assert (closed.json()["status"], closed.json()["closed_on"]) == ("closed", "2026-11-23")
    assert closed.json()["available_actions"] == []

    case_id, recommendation_id = uuid.UUID(case["id"]), uuid.UUID(recommendation["id"])
    told = [(row.type, row.subject, row.sequence) for row in await world.rows(EVENTS)]
    assert told == [
        ("oversight.case.opened.v1", case_id, 1),
        ("oversight.case.planned.v1", case_id, 2),
        ("oversight.case.concluded.v1", case_id, 3),
        ("oversight.recommendation.served.v1", recommendation_id, 1),
        ("oversight.recommendation.replied.v1", recommendation_id, 2),
        ("oversight.recommendation.verified.v1", recommendation_id, 3),
        ("oversight.recommendation.ended.v1", recommendation_id, 4),
        ("oversight.case.closed.v1", case_id, 4),
    ]
    assert [row.action for row in await world.rows(AUDIT)] == [
        "case.open",
        "case.plan",
        "case.conclude",
        "recommendation.serve",
        "recommendation.reply",
        "recommendation.verify",
        "recommendation.end",
        "case.close",
    ]


async def test_a_conclusion_names_the_values_it_contradicts(world: Any) -> None:
    case = await world.opened()
    path = f"/cases/{case['id']}"
    await world.post(f"{path}/plan", world.officer, world.plan_body(), etag=1)
    value = {
        "indicator_code": "TGT-01",
        "period": "2025",
        "organisation_id": str(world.committee),
        "reason_code": "figure_too_high",
    }
    for wrong in ([value | {"reason_code": "because"}], [value | {"note": "x"}], [value] * 21, [{}]):
        refused = await world.post(
            f"{path}/conclude", world.officer, world.conclusion_body() | {"disputed_values": wrong}, etag=2
        )
        assert refused.status_code == 422, refused.text
    body = world.conclusion_body() | {"disputed_values": [value]}
    concluded = await world.post(f"{path}/conclude", world.officer, body, etag=2)
    assert concluded.status_code == 200, concluded.text
    assert concluded.json()["conclusion"]["disputed_values"] == [value]
    (told,) = await world.rows("SELECT data FROM outbox WHERE type = 'oversight.case.concluded.v1'")
    assert told.data == {"concluded_on": "2026-11-23", "disputed_values": [value]}


async def test_no_text_of_a_person_leaves_in_an_event_or_stands_in_the_audit(world: Any) -> None:
    await world.replied()
    rows = await world.rows("SELECT data::text AS words FROM outbox UNION ALL SELECT details::text FROM audit_entry")
    everything = "".join(row.words for row in rows)
    for words in ("hẻm", "nạo vét", "tiếp thu", "KH-MTTQ", "Nội dung"):
        assert words not in everything


async def test_case_file_is_read_with_its_clocks_and_etag(world: Any) -> None:
    served = await world.served()
    answer = await world.get(f"/cases/{served['case_id']}", world.officer)
    assert answer.headers["etag"] == '"4"'
    body = answer.json()
    assert body["available_actions"] == ["recommend", "close"]
    (one,) = body["recommendations"]
    assert [clock["organisation"]["name"] for clock in one["addressees"]] == [
        "UBND phường Ninh Kiều",
        "UBND phường Cái Khế",
    ]
    assert {clock["reply_due_on"] for clock in one["addressees"]} == {"2026-12-08"}


@pytest.mark.parametrize(
    ("before", "step", "body"),
    [
        ("opened", "conclude", "conclusion_body"),
        ("opened", "recommendations", "recommendation_body"),
        ("opened", "close", None),
        ("concluded", "plan", "plan_body"),
        ("concluded", "conclude", "conclusion_body"),
        ("concluded", "close", None),
    ],
)
async def test_a_skipped_or_repeated_step_is_409_and_changes_nothing(
    world: Any, before: str, step: str, body: str | None
) -> None:
    case = await getattr(world, before)()
    answer = await world.post(
        f"/cases/{case['id']}/{step}",
        world.officer,
        getattr(world, body)() if body else None,
        key=uuid.uuid4().hex,
        etag=case["version"],
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "step_not_allowed")
    after = (await world.get(f"/cases/{case['id']}", world.officer)).json()
    assert (after["version"], after["status"]) == (case["version"], before)
    assert len(await world.rows(EVENTS)) == case["version"]


async def test_a_change_names_its_version(world: Any) -> None:
    case = await world.opened()
    path, body = f"/cases/{case['id']}/plan", world.plan_body()
    assert (await world.post(path, world.officer, body)).status_code == 428
    assert (await world.post(path, world.officer, body, etag="1")).status_code == 400
    assert (await world.post(path, world.officer, body, etag=1)).status_code == 200
    stale = await world.post(path, world.officer, body, etag=1)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")


async def test_two_officers_at_once_change_a_case_once(world: Any) -> None:
    case = await world.opened()
    path = f"/cases/{case['id']}/plan"
    requests = [world.post(path, world.officer, world.plan_body(), etag=1) for _ in range(4)]
    answers = await world.all_waiting_for("SELECT 1 FROM oversight_case FOR UPDATE", {}, requests)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 3
    assert len(await world.rows(EVENTS)) == 2


async def test_the_same_request_twice_opens_one_case(world: Any) -> None:
    key, body = uuid.uuid4().hex, world.case_body()
    first = await world.post("/cases", world.officer, body, key=key)
    again = await world.post("/cases", world.officer, body, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await world.post("/cases", world.officer, body | {"title": "Khác"}, key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    without = await world.post("/cases", world.officer, body)
    assert without.status_code == 400
    assert len(await world.rows("SELECT id FROM oversight_case")) == 1


async def test_a_feedback_item_starts_one_case(world: Any) -> None:
    await world.opened()
    second = await world.post("/cases", world.officer, world.case_body(), key=uuid.uuid4().hex)
    assert (second.status_code, second.json()["code"]) == (409, "already_exists")
    assert len(await world.rows(EVENTS)) == 1


async def test_a_feedback_item_unknown_or_of_another_commune_is_404(world: Any) -> None:
    elsewhere = uuid4()
    await world.add_submission(elsewhere, world.other_front)
    for submission in (uuid4(), elsewhere):
        body = world.case_body(submission_id=str(submission))
        answer = await world.post("/cases", world.officer, body, key=uuid.uuid4().hex)
        assert answer.status_code == 404
    assert not await world.rows("SELECT id FROM oversight_case")


async def test_the_trigger_decides_whether_there_is_a_feedback_item(world: Any) -> None:
    without = world.case_body(submission_id=None)
    programme = world.case_body(trigger="annual_programme")
    for body in (without, programme):
        answer = await world.post("/cases", world.officer, body, key=uuid.uuid4().hex)
        assert (answer.status_code, answer.json()["code"]) == (422, "trigger_and_submission")
    planned = await world.opened(trigger="annual_programme", submission_id=None)
    assert planned["trigger_text"] == "Chương trình giám sát hằng năm"


async def test_objects_exist_are_named_once_and_are_not_the_presiding_body(world: Any) -> None:
    for objects, code in (
        ([str(uuid4())], "unknown_organisation"),
        ([str(world.committee)] * 2, "named_twice"),
        ([str(world.front)], "presiding_body_named"),
    ):
        body = world.case_body(object_organisation_ids=objects)
        answer = await world.post("/cases", world.officer, body, key=uuid.uuid4().hex)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_who_opens_a_case(world: Any) -> None:
    signs = world.issuer.token
    committee = signs(("front_officer", world.committee))  # the role, but not at a Front committee
    for token in (signs(("head", world.front)), signs(("auditor", world.city_front)), committee):
        answer = await world.post("/cases", token, world.case_body(), key=uuid.uuid4().hex)
        assert answer.status_code == 403
    other = world.case_body(presiding_organisation_id=str(world.other_front))
    assert (await world.post("/cases", world.officer, other, key=uuid.uuid4().hex)).status_code == 403
    both = signs(("front_officer", world.front), ("front_officer", world.other_front))
    unsaid = await world.post("/cases", both, world.case_body(), key=uuid.uuid4().hex)
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "presiding_body_required")
    said = world.case_body(presiding_organisation_id=str(world.front))
    assert (await world.post("/cases", both, said, key=uuid.uuid4().hex)).status_code == 201


async def test_the_case_file_is_seen_by_its_front_and_the_one_above_only(world: Any) -> None:
    case = await world.opened()
    path = f"/cases/{case['id']}"
    seen = await world.get(path, world.city_officer)
    assert seen.status_code == 200
    assert seen.json()["available_actions"] == []
    held_below = await world.post(f"{path}/plan", world.city_officer, world.plan_body(), etag=1)
    assert held_below.status_code == 403  # sees it, does not hold it
    for token in (world.other_officer, world.head, world.city_head):
        assert (await world.get(path, token)).status_code == 404
        assert (await world.get("/cases", token)).json()["items"] == []
    assert (await world.post(f"{path}/plan", world.other_officer, world.plan_body(), etag=1)).status_code == 404
    assert (await world.get(path, world.issuer.token(("reporter", world.front)))).status_code == 403
    assert (await world.get(f"/cases/{uuid4()}", world.officer)).status_code == 404


async def test_cases_come_in_pages_newest_first(world: Any) -> None:
    for number in range(5):
        await world.opened(trigger="media", submission_id=None, title=f"Vụ {number}")
    titles: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await world.get("/cases", world.officer, limit=2, **cursor)).json()
        titles += [one["title"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert titles == [f"Vụ {number}" for number in (4, 3, 2, 1, 0)]
    foreign = await world.get("/cases", world.officer, status="opened", **cursor)
    assert (foreign.status_code, foreign.json()["code"]) == (400, "invalid_cursor")
    assert (await world.get("/cases", world.officer, status="planned")).json()["items"] == []
    assert (await world.get("/cases", world.officer, status="nonsense")).status_code == 422


async def test_without_the_rule_nothing_is_opened(world: Any) -> None:
    async with world.database.write() as session:
        await session.execute(text("DELETE FROM reference WHERE kind = 'deadline_rule'"))
    await world.runtime.book.refresh()
    answer = await world.post("/cases", world.officer, world.case_body(), key=uuid.uuid4().hex)
    assert (answer.status_code, answer.json()["code"]) == (503, "rule_unknown")
    assert answer.headers["retry-after"]
    assert not await world.rows("SELECT id FROM oversight_case")


async def test_the_rule_of_the_opening_day_stays_with_the_case(world: Any) -> None:
    before = await world.concluded()
    later = world.new_rule(version=2, amount=5, valid_from=(world.today - timedelta(days=1)).isoformat())
    await world.add_facts(later)
    answer = await world.post(
        f"/cases/{before['id']}/recommendations",
        world.officer,
        world.recommendation_body(),
        key=uuid.uuid4().hex,
        etag=3,
    )
    served = answer.json()
    assert served["rule_version"] == 1
    assert served["addressees"][0]["reply_due_on"] == "2026-12-08"
    fresh = await world.opened(trigger="media", submission_id=None)
    (row,) = await world.rows("SELECT reply_rule FROM oversight_case WHERE id = :id", id=uuid.UUID(fresh["id"]))
    assert row.reply_rule["version"] == 2
