"""Second half of the journey: a flooded lane, an answer that solves nothing, and what the Front does about it."""

import hashlib
import json
from datetime import date, timedelta
from typing import Any

from devstack.demo.client import Client, eventually, expect
from devstack.demo.people import NINH_KIEU, Cast
from devstack.demo.photo import photo_with_position, traces
from devstack.demo.working_day import today

TEXT = "Hẻm 12 đường Nguyễn Trãi ngập gần nửa mét mỗi khi mưa lớn, trẻ em không đến trường được."


async def submit(cast: Cast) -> tuple[dict[str, str], dict[str, Any]]:
    """Somebody without a name sends the report with a photo; the answer is a code, a secret and a signed receipt."""
    photo = photo_with_position()
    expect(traces(photo), "the photo must carry a position to begin with")
    upload = await cast.nobody.post("/feedback/uploads", key=False, files={"file": ("anh.jpg", photo, "image/jpeg")})
    expect(upload["sha256"] != hashlib.sha256(photo).hexdigest(), "the photo was stored as it came")
    ticket = await cast.nobody.post(
        "/feedback/submissions",
        {
            "identity_mode": "anonymous",
            "unit_code": NINH_KIEU,
            "text": TEXT,
            "place": "Hẻm 12",
            "attachments": [upload["upload_id"]],
            "consent": {"purpose": "feedback_handling", "text_version": "2026-01", "agreed": True},
        },
    )
    verdict = await cast.nobody.post("/feedback/receipts/verify", ticket["receipt"], status=200, key=False)
    forged = {**ticket["receipt"], "payload": ticket["receipt"]["payload"].replace(ticket["code"][-1], "0")}
    refuted = await cast.nobody.post("/feedback/receipts/verify", forged, status=200, key=False)
    expect(verdict["valid"] and not refuted["valid"], "the receipt does not prove what it should")
    signed = json.loads(ticket["receipt"]["payload"])
    expect(upload["sha256"] in json.dumps(signed), "the receipt does not name the photo")
    keys = {"code": ticket["code"], "secret": ticket["secret"]}
    wrong = await cast.nobody.refused(
        "POST", "/feedback/tracking", 404, json={**keys, "secret": ticket["secret"][::-1]}
    )
    return keys, {"code": ticket["code"], "receipt_valid": True, "wrong_secret": wrong["code"]}


async def find(cast: Cast, keys: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The commune's officer sees it; another commune's does not exist for them; the stored photo has no position."""
    officer = cast.people["front_officer"]
    found = await officer.get("/feedback/submissions", code=keys["code"])
    expect(len(found["items"]) == 1, "the officer of Ninh Kiều does not see the submission")
    submission = str(found["items"][0]["id"])
    item = await officer.get(f"/feedback/submissions/{submission}")
    stored = await officer.bytes(f"/feedback/submissions/{submission}/attachments/{item['attachments'][0]['id']}")
    left = traces(stored)
    expect(not left, f"the stored photo still carries {left}")
    await cast.people["neighbour"].refused("GET", f"/feedback/submissions/{submission}", 404)
    return submission, {"photo_bytes": len(stored), "traces_of_the_sender": left}


async def handle(cast: Cast, submission: str, keys: dict[str, str]) -> dict[str, Any]:
    """Classify, accept with a deadline explained day by day, assign, answer."""
    path = f"/feedback/submissions/{submission}"
    officer, committee = cast.people["front_officer"], cast.people["committee"]
    skipped = await officer.refused("POST", f"{path}/accept", 409, headers={"If-Match": '"1"'})
    await officer.act(path, "classify", {"kind": "report"})
    stale = await officer.refused("POST", f"{path}/accept", 412, headers={"If-Match": '"1"'})
    await officer.act(path, "accept")
    deadline = await officer.get(f"{path}/deadline")
    await officer.act(path, "assign", {"holder_organisation_id": cast.organisations["committee"]})
    await committee.act(path, "answer", {"outcome": "done", "text": "Đã nạo vét cống thoát nước trong hẻm."})
    seen = await cast.nobody.post("/feedback/tracking", keys, status=200, key=False)
    expect(seen["status"] == "answered" and seen["answer"]["on_time"], "the sender does not see the answer")
    return {
        "skipped_state": skipped["code"],
        "stale_version": stale["code"],
        "due_on": seen["clocks"]["due_on"],
        "explained": bool(deadline),
    }


async def dispute(cast: Cast, keys: dict[str, str]) -> dict[str, Any]:
    """The sender says that it is not solved."""
    seen = await cast.nobody.post("/feedback/tracking", keys, status=200, key=False)
    match = {"If-Match": f'"{seen["version"]}"'}
    body = {**keys, "reason": "Mưa chiều qua hẻm vẫn ngập như cũ."}
    await cast.nobody.post("/feedback/tracking/dispute", body, status=200, key=False, match=match)
    seen = await cast.nobody.post("/feedback/tracking", keys, status=200, key=False)
    expect(seen["status"] == "disputed", "the sender's word did not count")
    return {"status": seen["status"], "waiting_for": seen["waiting_for"]}


async def open_case(cast: Cast, submission: str) -> tuple[str, dict[str, Any]]:
    """The Front opens an oversight case from it, plans and concludes; the sender sees that it went on."""
    officer = cast.people["front_officer"]
    body = {
        "form": "document_review",
        "trigger": "feedback",
        "submission_id": submission,
        "title": "Giám sát việc khắc phục ngập úng hẻm 12",
        "content": "Kết quả xử lý phản ánh của người dân về ngập úng và trách nhiệm của các cơ quan liên quan.",
        "object_organisation_ids": [cast.organisations["committee"]],
    }
    await eventually("the feedback item in oversight", lambda: _known(officer, submission))
    case = str((await officer.post("/oversight/cases", body))["id"])
    parts = dict.fromkeys(PLAN_PARTS, "Theo kế hoạch đã thống nhất.")
    paper = _paper_day().isoformat()
    plan = {"parts": parts, "document_number": "12/KH-MTTQ-BTT", "document_date": paper}
    await officer.act(f"/oversight/cases/{case}", "plan", plan)
    conclusion = {"conclusion": "Cống chưa được nâng cấp.", "document_number": "15/KL-MTTQ-BTT", "document_date": paper}
    await officer.act(f"/oversight/cases/{case}", "conclude", conclusion)
    return case, {"case": case}


PLAN_PARTS = ("purpose", "scope", "members", "time_and_place", "assignments", "conditions")


def _paper_day() -> date:
    # Served on paper 50 days ago: the clock of who stays silent has run out today.
    return today() - timedelta(days=50)


async def _known(officer: Client, submission: str) -> bool:
    item = await officer.get(f"/feedback/submissions/{submission}")
    return bool(item["status"] == "disputed")


async def recommend(cast: Cast, case: str) -> tuple[str, dict[str, Any]]:
    """One recommendation for two bodies, each with its own clock; one replies, one stays silent."""
    officer, committee = cast.people["front_officer"], cast.people["committee"]
    now, paper = today().isoformat(), _paper_day().isoformat()
    path = f"/oversight/cases/{case}"
    _, match = await officer.read(path)
    body = {
        "number": "21/KN-MTTQ-BTT",
        "text": "Đề nghị nâng cấp cống hẻm 12 và công khai tiến độ.",
        "served_on": paper,
        "addressees": [
            {"organisation_id": cast.organisations["committee"], "roles": ["object"], "received_on": now},
            {
                "organisation_id": cast.organisations["city_committee"],
                "roles": ["competent_body"],
                "received_on": paper,
            },
        ],
    }
    made = await officer.post(f"{path}/recommendations", body, match=match)
    recommendation = str(made["id"])
    part = f"/oversight/recommendations/{recommendation}/addressees/{cast.organisations['committee']}"
    await committee.act(part, "acknowledge")
    reply = {"disposition": "accepted", "text": "Tiếp thu, sẽ nâng cấp trong quý I/2027.", "plan": "Quý I/2027"}
    await committee.act(part, "reply", reply)
    finding = {"finding": "Đã khởi công.", "evidence": "Biên bản kiểm tra hiện trường ngày hôm nay."}
    await officer.act(part, "verify", finding)
    verified = (await officer.get(part))["addressee"]
    expect(verified["status"] == "verified", "the reply was not verified")
    return recommendation, {"recommendation": recommendation, "replied": verified["status"]}


async def silence(cast: Cast, recommendation: str) -> dict[str, Any]:
    """The job has turned the other body's silence into a state."""
    officer = cast.people["front_officer"]
    part = f"/oversight/recommendations/{recommendation}/addressees/{cast.organisations['city_committee']}"

    async def overdue() -> Any:
        found = (await officer.get(part))["addressee"]
        return found if found["status"] == "overdue" else None

    found = await eventually("the silent body is overdue", overdue, 60)
    return {"status": found["status"], "due_on": found["reply_due_on"], "noticed_on": found["overdue_on"]}


async def linked(cast: Cast, keys: dict[str, str]) -> dict[str, Any]:
    """The sender sees that the matter is under oversight."""

    async def told() -> Any:
        seen = await cast.nobody.post("/feedback/tracking", keys, status=200, key=False)
        return seen if seen["under_oversight"] else None

    seen = await eventually("the sender is told of the case", told)
    return {"under_oversight": True, "timeline": [line["action"] for line in seen["timeline"]]}
