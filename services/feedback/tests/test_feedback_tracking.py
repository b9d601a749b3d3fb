"""Following a submission with code and secret."""

import statistics
import time
from datetime import date, timedelta
from typing import Any

import pytest

from feedback.api.item_models import DeadlineAnswer, Tracked
from feedback.domain.codes import new_secret


async def test_every_stage_is_what_the_documents_say(world: Any) -> None:
    case = await world.submitted(world.named())
    waiting = {
        "submit": "front_committee",
        "classify": "front_committee",
        "accept": "front_committee",
        "assign": "holder",
        "answer": "sender",
        "dispute": "front_committee",
    }
    for step in ("submit", "classify", "accept", "assign", "answer", "dispute"):
        if step != "submit":
            assert (await case.take(step)).status_code == 200
        answer = await case.track()
        tracked = Tracked.model_validate(answer.json())
        assert tracked.waiting_for == waiting[step]
        assert answer.headers["etag"] == f'"{case.version}"'
        assert answer.headers["cache-control"] == "no-store"
        assert tracked.available_actions == (["confirm", "dispute"] if step == "answer" else [])
    assert tracked.answer is not None
    assert tracked.answer.text == "Đã nạo vét cống hẻm 51."
    assert tracked.answer.on_time
    assert tracked.timeline[-1].note == "Hôm qua vẫn ngập."
    assert tracked.holder.name == "UBND phường Ninh Kiều"


async def test_code_and_secret_are_read_however_they_are_typed(world: Any) -> None:
    case = await world.submitted()
    typed = {"code": case.key["code"].lower().replace("-", " "), "secret": case.key["secret"].lower().replace("-", "")}
    assert (await world.post("/tracking", typed)).status_code == 200


def wrong_tickets(key: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"code": "NC-0000-0000-0", "secret": key["secret"]},
        {"code": key["code"], "secret": new_secret(bytes(17))},
        {"code": "no code", "secret": "no secret"},
        {"code": "NC-0000-0000-1", "secret": new_secret(bytes(17))},
    ]


@pytest.mark.parametrize(
    "path", ["/tracking", "/tracking/deadline", "/tracking/receipt", "/tracking/attachment", "/tracking/confirm"]
)
async def test_wrong_code_and_wrong_secret_get_the_same_answer_after_the_same_work(
    world: Any, statements: Any, path: str
) -> None:
    case = await world.at_step("answer")
    more = {"attachment_id": str(case.id)} if path.endswith("attachment") else {}
    seen = set()
    for ticket in wrong_tickets(case.key):
        statements.seen.clear()
        answer = await world.post(path, ticket | more, etag=case.version)
        body = answer.json()
        body.pop("request_id", None)
        seen.add((answer.status_code, str(sorted(body.items())), tuple(statements.seen)))
    assert len(seen) == 1
    assert next(iter(seen))[0] == 404
    assert body["code"] == "unknown_ticket"


async def test_wrong_code_and_wrong_secret_take_the_same_time(world: Any) -> None:
    """Coarse on purpose: medians of interleaved tries, so that a second look-up or a slow hash would show."""
    case = await world.submitted()
    wrong_code, wrong_secret, *_ = wrong_tickets(case.key)
    taken: dict[str, list[float]] = {"code": [], "secret": []}
    for _ in range(40):
        for name, ticket in (("code", wrong_code), ("secret", wrong_secret)):
            started = time.perf_counter()
            await world.post("/tracking", ticket)
            taken[name].append(time.perf_counter() - started)
    code, secret = (statistics.median(values) for values in taken.values())
    assert 0.5 < code / secret < 2


async def test_the_sender_confirms(world: Any) -> None:
    case = await world.at_step("answer")
    answer = await case.take("confirm")
    assert answer.json()["status"] == "confirmed"
    assert answer.headers["etag"] == f'"{case.version}"'
    ((data,),) = await world.rows("SELECT data FROM outbox WHERE type = 'feedback.submission.confirmed.v1'")
    assert data == {"confirmed_on": "2026-11-23"}
    again = await case.take("dispute")
    assert again.status_code == 409


async def test_the_senders_change_names_its_version(world: Any) -> None:
    case = await world.at_step("answer")
    assert (await world.post("/tracking/confirm", case.key)).status_code == 428
    assert (await case.take("confirm", etag=case.version - 1)).status_code == 412
    assert (await case.take("confirm")).status_code == 200


async def test_not_solved_goes_back_to_the_front_and_can_be_assigned_again(world: Any) -> None:
    case = await world.at_step("dispute")
    world.clock.go_to(world.today + timedelta(days=7))
    other = await case.take("assign", holder_organisation_id=str(world.city_committee))
    assert other.status_code == 200
    assert other.json()["due_on"] == "2026-12-21"  # a second clock, from the day it was assigned again
    assert (await case.take("answer")).status_code == 404  # exactly one holder: for the first it is gone
    handler = world.issuer.token(("head", world.city_committee))
    assert (await case.take("answer", token=handler, outcome="partly")).status_code == 200
    tracked = (await case.track()).json()
    assert tracked["answer"]["outcome"] == "partly"
    assert tracked["answer"]["organisation"]["name"] == "UBND thành phố Cần Thơ"


async def test_the_deadline_over_tet_is_explained_day_by_day(world: Any) -> None:
    names = {"2027-02-05": "Tết", "2027-02-08": "Tết", "2027-02-09": "Tết", "2027-02-10": "Tết", "2027-02-11": "Tết"}
    await world.add_facts(*(world.special_day(day, "holiday", name) for day, name in names.items()))
    await world.add_facts(world.special_day("2027-01-30", "working_saturday", "làm bù Tết"), world.year(2027))
    await world.add_facts(world.special_day("2027-02-12", "off_in_lieu", "nghỉ bù"))
    world.clock.go_to(date(2027, 1, 27))
    case = await world.at_step("accept")
    answer = await world.post("/tracking/deadline", case.key)
    status, resolve = DeadlineAnswer.model_validate(answer.json()).clocks
    # Thu 28, Fri 29, worked Sat 30, Feb 1-4, then Tết until 12, 15, 16, 17
    assert status.due_on == date(2027, 2, 17)
    assert status.rule_key == "FB.STATUS"
    assert status.basis == "Luật Tiếp công dân 2013, Điều 28 khoản 1"
    assert status.confidence_text_vi == "Thời hạn theo văn bản đã dẫn."
    assert not status.provisional
    counted = {day.date: day.counted for day in status.days}
    assert counted[date(2027, 1, 27)] is False
    assert counted[date(2027, 1, 30)] is True
    assert counted[date(2027, 2, 9)] is False
    assert counted[date(2027, 2, 12)] is False
    assert sum(counted.values()) == 10
    reasons = {day.date: day.reason_vi for day in status.days}
    assert "Tết" in reasons[date(2027, 2, 8)]
    assert "làm bù" in reasons[date(2027, 1, 30)]
    assert resolve.confidence == "no_legal_figure"
    assert "Không tìm thấy con số trong pháp luật" in resolve.confidence_text_vi
    assert resolve.notes_vi == ["Người gửi ẩn danh: pháp luật không buộc trả lời; đây là cam kết của kênh phản ánh."]
    by_staff = await world.get(f"/submissions/{case.id}/deadline", world.officer)
    assert by_staff.json() == answer.json()


async def test_a_year_without_notice_is_provisional(world: Any) -> None:
    world.clock.go_to(date(2026, 12, 21))
    case = await world.at_step("accept", world.named())
    status, resolve = (await world.post("/tracking/deadline", case.key)).json()["clocks"]
    assert status["provisional"]
    assert status["notes_vi"] == ["Tạm tính: chưa có thông báo nghỉ lễ chính thức của năm liên quan."]
    ((provisional,),) = await world.rows("SELECT due_provisional FROM submission")
    assert provisional is resolve["provisional"] is True


async def test_a_new_rule_does_not_move_an_old_case(world: Any) -> None:
    case = await world.at_step("accept")
    due_on = (await case.track()).json()["clocks"]["due_on"]
    await world.add_facts(world.new_rule("FB.RESOLVE", 3, version=2, valid_from="2026-11-01"))
    assert (await case.track()).json()["clocks"] == (await case.track()).json()["clocks"] | {
        "due_on": due_on,
        "rule_version": 1,
    }
    clock = (await world.post("/tracking/deadline", case.key)).json()["clocks"][1]
    assert (clock["rule_version"], clock["amount"], clock["due_on"]) == (1, 15, due_on)
    newer = await world.at_step("accept")
    assert (await newer.track()).json()["clocks"]["rule_version"] == 2


async def test_a_changed_calendar_is_shown_beside_the_day_held_to(world: Any) -> None:
    case = await world.at_step("accept")
    await world.add_facts(world.special_day("2026-12-01", "holiday", "Ngày nghỉ mới"))
    clock = (await world.post("/tracking/deadline", case.key)).json()["clocks"][1]
    assert (clock["due_on"], clock["counted_on"]) == ("2026-12-14", "2026-12-15")
