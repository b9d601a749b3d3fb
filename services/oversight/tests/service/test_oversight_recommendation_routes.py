"""Recommendations through the routes: several addressees, each with its own clock, state, reply and verification."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError


async def test_two_addressees_have_their_own_clocks(world: Any) -> None:
    ten_days_ago = world.today - timedelta(days=10)
    served = await world.served(
        day=ten_days_ago,
        addressees=[
            {"organisation_id": str(world.committee), "received_on": ten_days_ago.isoformat()},
            {"organisation_id": str(world.other_committee), "received_on": world.today.isoformat()},
        ],
    )
    assert served["served_on"] == "2026-11-13"
    assert served["informed_organisation"]["name"] == "Ủy ban MTTQ thành phố Cần Thơ"
    clocks = {one["organisation"]["id"]: (one["received_on"], one["reply_due_on"]) for one in served["addressees"]}
    assert clocks == {
        str(world.committee): ("2026-11-13", "2026-11-30"),  # the 15th day is Saturday 28th
        str(world.other_committee): ("2026-11-23", "2026-12-08"),
    }
    (event,) = await world.rows("SELECT data FROM outbox WHERE type = 'oversight.recommendation.served.v1'")
    assert event.data["rule_key"] == "OVS.REPLY"
    assert sorted(one["reply_due_on"] for one in event.data["addressees"]) == ["2026-11-30", "2026-12-08"]


async def test_one_addressee_changes_nothing_of_the_other(world: Any) -> None:
    served, path = await world.replied()
    seen = (await world.get(f"/recommendations/{served['id']}", world.officer)).json()
    states = {one["organisation"]["id"]: (one["status"], one["version"]) for one in seen["addressees"]}
    assert states == {str(world.committee): ("replied", 2), str(world.other_committee): ("served", 1)}
    sibling = world.part_path(served, world.other_committee)
    acknowledged = await world.post(f"{sibling}/acknowledge", world.other_head, etag=1)
    assert acknowledged.json()["addressee"]["status"] == "acknowledged"
    assert acknowledged.json()["addressee"]["acknowledged_on"] == "2026-11-23"
    assert (await world.get(path, world.head)).json()["addressee"]["version"] == 2


async def test_an_addressee_sees_its_own_part_and_not_its_siblings(world: Any) -> None:
    served = await world.served()
    own, sibling = world.part_path(served, world.committee), world.part_path(served, world.other_committee)
    whole = f"/recommendations/{served['id']}"

    answer = await world.get(own, world.head)
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    assert answer.json()["addressee"]["available_actions"] == ["acknowledge", "reply"]
    assert [one["organisation"]["id"] for one in (await world.get(whole, world.head)).json()["addressees"]] == [
        str(world.committee)
    ]
    for path in (sibling, f"{sibling}/deadline", f"/cases/{served['case_id']}"):
        assert (await world.get(path, world.head)).status_code == 404
    reply = {"disposition": "accepted", "text": "Không phải của tôi"}
    assert (await world.post(f"{sibling}/reply", world.head, reply, etag=1)).status_code == 404
    listed = (await world.get("/recommendations", world.head)).json()["items"]
    assert [one["addressee"]["organisation"]["id"] for one in listed] == [str(world.committee)]
    hidden = await world.get("/recommendations", world.head, organisation_id=str(world.other_committee))
    assert hidden.json()["items"] == []


async def test_what_a_sibling_does_does_not_show(world: Any) -> None:
    served = await world.served()
    whole = f"/recommendations/{served['id']}"
    before = await world.get(whole, world.other_head)
    path = world.part_path(served, world.committee)
    await world.post(f"{path}/acknowledge", world.head, etag=1)
    after = await world.get(whole, world.other_head)
    assert (before.json(), before.headers["etag"]) == (after.json(), after.headers["etag"])
    presider = await world.get(whole, world.officer)
    assert presider.headers["etag"] == '"3"'


async def test_bodies_above_see_what_those_below_were_told(world: Any) -> None:
    served = await world.served()
    seen = (await world.get(f"/recommendations/{served['id']}", world.city_head)).json()
    assert len(seen["addressees"]) == 2
    assert all(one["available_actions"] == [] for one in seen["addressees"])
    path = world.part_path(served, world.committee)
    answer = await world.post(f"{path}/reply", world.city_head, {"disposition": "accepted", "text": "x"}, etag=1)
    assert answer.status_code == 403
    stranger = world.issuer.token(("head", world.other_front))
    assert (await world.get(f"/recommendations/{served['id']}", stranger)).status_code == 404


async def test_a_refusal_gives_its_reason(world: Any) -> None:
    served = await world.served()
    path = world.part_path(served, world.committee)
    body = {"disposition": "not_accepted", "text": "Không tiếp thu."}
    bare = await world.post(f"{path}/reply", world.head, body, etag=1)
    assert (bare.status_code, bare.json()["code"]) == (422, "refusal_needs_reason")
    with_reason = body | {"reason": "Không thuộc thẩm quyền (Luật Tổ chức CQĐP)"}
    answer = await world.post(f"{path}/reply", world.head, with_reason, etag=1)
    reply = answer.json()["addressee"]["reply"]
    assert (reply["disposition_text"], reply["on_time"]) == ("Không tiếp thu", True)
    found = {"finding": "Đã xem hồ sơ", "evidence": "Văn bản phân cấp"}
    wrong = await world.post(f"{path}/verify", world.officer, found, etag=2)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "result_does_not_fit")
    right = await world.post(f"{path}/verify", world.officer, found | {"result": "refusal_justified"}, etag=2)
    assert right.json()["addressee"]["verification"]["result_text"] == "Lý do không tiếp thu là có căn cứ"


async def test_whoever_replied_does_not_verify(world: Any) -> None:
    _, path = await world.replied()
    both = world.issuer.token(("head", world.committee), ("front_officer", world.front), subject=world.replier)
    found = {"finding": "Đã xong", "evidence": "Tự xác nhận"}
    answer = await world.post(f"{path}/verify", both, found, etag=2)
    assert (answer.status_code, answer.json()["code"]) == (403, "verifier_is_replier")
    ending = {"reason_code": "superseded", "note": "Đã có kiến nghị khác."}
    answer = await world.post(f"{path}/end", both, ending, etag=2)
    assert (answer.status_code, answer.json()["code"]) == (403, "ender_is_replier")
    for signature, constraint in (("verified_by", "four_eyes"), ("ended_by", "ended_by_another")):
        with pytest.raises(IntegrityError, match=constraint):
            async with world.database.write() as session:
                await session.execute(
                    text(f"UPDATE addressee SET {signature} = replied_by WHERE replied_by IS NOT NULL")
                )
    for token in (world.head, world.city_officer):
        assert (await world.post(f"{path}/verify", token, found, etag=2)).status_code == 403
    missing = await world.post(f"{path}/verify", world.officer, {"finding": "Đã xong"}, etag=2)
    assert missing.status_code == 422
    assert (await world.get(path, world.officer)).json()["addressee"]["status"] == "replied"


async def test_a_reply_is_given_once_by_the_addressed_body(world: Any) -> None:
    _, path = await world.replied()
    body = {"disposition": "accepted", "text": "Lần nữa"}
    again = await world.post(f"{path}/reply", world.head, body, etag=2)
    assert (again.status_code, again.json()["code"]) == (409, "step_not_allowed")
    stale = await world.post(f"{path}/reply", world.head, body, etag=1)
    assert stale.status_code == 412
    assert (await world.post(f"{path}/reply", world.head, body)).status_code == 428
    assert (await world.post(f"{path}/reply", world.officer, body, etag=2)).status_code == 403
    assert (await world.post(f"{path}/acknowledge", world.head, etag=2)).status_code == 409


async def test_many_replies_at_once_leave_one(world: Any) -> None:
    served = await world.served()
    path = world.part_path(served, world.committee)
    body = {"disposition": "accepted", "text": "Tiếp thu"}
    requests = [world.post(f"{path}/reply", world.head, body, etag=1) for _ in range(4)]
    lock = "SELECT 1 FROM addressee WHERE organisation_id = :body FOR UPDATE"
    answers = await world.all_waiting_for(lock, {"body": world.committee}, requests)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 3
    told = await world.rows("SELECT sequence FROM outbox WHERE type = 'oversight.recommendation.replied.v1'")
    assert [row.sequence for row in told] == [2]


async def test_two_addressees_replying_at_once_both_count(world: Any) -> None:
    served = await world.served()
    body = {"disposition": "accepted", "text": "Tiếp thu"}
    answers = await asyncio.gather(
        world.post(f"{world.part_path(served, world.committee)}/reply", world.head, body, etag=1),
        world.post(f"{world.part_path(served, world.other_committee)}/reply", world.other_head, body, etag=1),
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    told = await world.rows("SELECT sequence FROM outbox WHERE type = 'oversight.recommendation.replied.v1'")
    assert sorted(row.sequence for row in told) == [2, 3]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"addressees": [{"organisation_id": "committee", "roles": ["object"]}]}, "recipients_incomplete"),
        ({"addressees": [{"organisation_id": "committee"}, {"organisation_id": "committee"}]}, "named_twice"),
        ({"addressees": [{"organisation_id": "front"}]}, "presiding_body_named"),
        ({"addressees": [{"organisation_id": "nobody"}]}, "unknown_organisation"),
        ({"served_on": "2026-11-24"}, "dates_out_of_order"),
        ({"served_on": "2026-11-22"}, "dates_out_of_order"),
        ({"addressees": [{"organisation_id": "committee", "received_on": "2026-11-24"}]}, "dates_out_of_order"),
        ({"addressees": [{"organisation_id": "committee", "reply_due_on": "2026-11-30"}]}, "reply_date_not_allowed"),
        (
            {"addressees": [{"organisation_id": "committee", "reply_due_on": "2027-01-30", "reply_due_reason": "x"}]},
            "reply_date_not_allowed",
        ),
    ],
)
async def test_a_recommendation_that_breaks_a_rule_is_not_served(world: Any, changed: Any, code: str) -> None:
    case = await world.concluded()
    body = world.recommendation_body(**changed)
    for one in body["addressees"]:
        one["organisation_id"] = str(getattr(world, one["organisation_id"], one["organisation_id"]))
        if one["organisation_id"] == "nobody":
            one["organisation_id"] = str(uuid4())
    path = f"/cases/{case['id']}/recommendations"
    answer = await world.post(path, world.officer, body, key=uuid.uuid4().hex, etag=3)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert not await world.rows("SELECT id FROM recommendation")
    assert (await world.get(f"/cases/{case['id']}", world.officer)).json()["version"] == 3


async def test_the_same_recommendation_sent_twice_is_served_once(world: Any) -> None:
    case = await world.concluded()
    path, key, body = f"/cases/{case['id']}/recommendations", uuid.uuid4().hex, world.recommendation_body()
    first = await world.post(path, world.officer, body, key=key, etag=3)
    again = await world.post(path, world.officer, body, key=key, etag=3)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    same_number = await world.post(path, world.officer, body, key=uuid.uuid4().hex, etag=4)
    assert (same_number.status_code, same_number.json()["code"]) == (409, "already_exists")
    second = await world.post(path, world.officer, body | {"number": "15/KN-MTTQ"}, key=uuid.uuid4().hex, etag=4)
    assert second.status_code == 201
    assert len(await world.rows("SELECT id FROM recommendation")) == 2
    assert (await world.post(path, world.officer, body, key=uuid.uuid4().hex)).status_code == 428
    assert (await world.post(path, world.officer, body, etag=5)).status_code == 400


async def test_the_deadline_is_explained_day_by_day(world: Any) -> None:
    served = await world.served()
    answer = await world.get(f"{world.part_path(served, world.committee)}/deadline", world.head)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["due_on"], body["counted_on"], body["provisional"]) == ("2026-12-08", "2026-12-08", False)
    assert body["rule"]["confidence_vi"] == "không tìm thấy quy định, mặc định có thể cấu hình"
    assert "no legal figure" in body["explanation_en"]
    assert "15 ngày kể từ ngày nhận 23/11/2026" in body["explanation_vi"]
    assert body["rule"]["basis"] is None
    days = body["days"]
    assert (days[0]["date"], days[0]["counted"]) == ("2026-11-23", False)
    assert sum(day["counted"] for day in days) == 15
    assert days[-1]["date"] == "2026-12-08"
    weekend = next(day for day in days if day["date"] == "2026-11-28")
    assert weekend["reason_vi"] == "thứ Bảy, nghỉ cuối tuần"


async def test_the_explanation_keeps_the_pinned_rule_and_says_when_the_calendar_moved(world: Any) -> None:
    served = await world.served()
    await world.add_facts(
        world.new_rule(version=2, amount=30, valid_from="2026-01-01"),
        world.special_day("2026-12-08", "holiday", "Nghỉ đột xuất"),
    )
    body = (await world.get(f"{world.part_path(served, world.committee)}/deadline", world.officer)).json()
    assert (body["rule"]["version"], body["rule"]["amount"]) == (1, 15)
    assert (body["due_on"], body["default_due_on"], body["counted_on"]) == ("2026-12-08", "2026-12-08", "2026-12-09")
    assert body["days"][-2]["reason_vi"] == "thứ Ba, nghỉ lễ (Nghỉ đột xuất)"


async def test_a_shorter_term_is_shown_with_its_reason(world: Any) -> None:
    one = {
        "organisation_id": str(world.committee),
        "reply_due_on": "2026-11-27",
        "reply_due_reason": "Mưa lớn đang tới",
    }
    served = await world.served(addressees=[one])
    body = (await world.get(f"{world.part_path(served, world.committee)}/deadline", world.head)).json()
    assert (body["due_on"], body["default_due_on"], body["shortened"]) == ("2026-11-27", "2026-12-08", True)
    assert body["shortened_reason"] == "Mưa lớn đang tới"
    assert "cơ quan chủ trì đặt hạn ngắn hơn: 27/11/2026" in body["explanation_vi"]


async def test_the_list_is_filtered_and_paged_by_due_date(world: Any) -> None:
    served = await world.served(
        addressees=[
            {"organisation_id": str(world.committee)},
            {
                "organisation_id": str(world.other_committee),
                "reply_due_on": "2026-11-27",
                "reply_due_reason": "Khẩn cấp",
            },
        ]
    )
    first = (await world.get("/recommendations", world.officer, limit=1)).json()
    assert first["items"][0]["addressee"]["reply_due_on"] == "2026-11-27"
    rest = (await world.get("/recommendations", world.officer, limit=1, cursor=first["next_cursor"])).json()
    assert rest["items"][0]["addressee"]["reply_due_on"] == "2026-12-08"
    assert rest["next_cursor"] is None
    for query, number in (
        ({"status": "served"}, 2),
        ({"status": "overdue"}, 0),
        ({"case_id": served["case_id"]}, 2),
        ({"case_id": str(uuid4())}, 0),
        ({"organisation_id": str(world.committee)}, 1),
        ({"due_before": "2026-12-08"}, 1),
    ):
        assert len((await world.get("/recommendations", world.officer, **query)).json()["items"]) == number, query
