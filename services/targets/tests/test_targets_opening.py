"""Reporting periods over HTTP: opened with who owes a report and until when; closed means closed."""

from collections.abc import Callable
from typing import Any

from targets_house import BOARD, CITY, COMMUNES, House, Person, report_body, rows

from servicekit.db import Database

Open = Callable[..., Any]


async def test_opening_lists_who_owes_a_report_and_counts_the_due_day(
    period: Open, monitor: Person, operator: Person, database: Database
) -> None:
    opened = await period()
    assert (opened["expected"], opened["reported"], opened["status"]) == (103, 0, "open")
    assert (opened["first_day"], opened["last_day"]) == ("2025-01-01", "2025-12-31")
    assert opened["due_provisional"] is False
    expected: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 40} | ({"cursor": cursor} if cursor else {})
        page = (await operator.get(f"/periods/{opened['id']}/expected", **query)).json()
        expected += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert {line["organisation_id"] for line in expected} == {str(one) for one in COMMUNES}
    await operator.post("/reports", report_body(COMMUNES[5]))
    missing = []
    cursor = None
    while True:
        query = {"limit": 100, "missing": "true"} | ({"cursor": cursor} if cursor else {})
        page = (await operator.get(f"/periods/{opened['id']}/expected", **query)).json()
        missing += [line["organisation_id"] for line in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(missing) == 102
    assert str(COMMUNES[5]) not in missing
    told = await rows(database, "SELECT type, sequence, data FROM outbox")
    assert told == [
        {
            "type": "targets.period.opened.v1",
            "sequence": 1,
            "data": {"indicator_code": "TGT-01", "period": "2025", "due_on": "2026-01-15"},
        }
    ]
    audits = await rows(database, "SELECT action, actor_id, details FROM audit_entry WHERE action = 'period.open'")
    assert (audits[0]["actor_id"], audits[0]["details"]["expected"]) == (monitor.id, 103)


async def test_a_commune_sees_only_its_own_line(house: House, period: Open) -> None:
    opened = await period()
    unit = house.person(("reporter", COMMUNES[7]))
    page = (await unit.get(f"/periods/{opened['id']}/expected")).json()
    assert [line["organisation_id"] for line in page["items"]] == [str(COMMUNES[7])]


async def test_the_deadline_is_explained_day_by_day(period: Open, operator: Person) -> None:
    opened = await period()
    why = (await operator.get(f"/periods/{opened['id']}/deadline")).json()
    assert (why["due_on"], why["counted_from"], why["amount"]) == ("2026-01-15", "2025-12-31", 10)
    assert (why["basis"], why["confidence"]) == (None, "no_legal_figure")
    assert "mặc định" in why["confidence_vi"]
    new_year = next(line for line in why["days"] if line["date"] == "2026-01-01")
    assert new_year["counted"] is False
    assert "Tết Dương lịch" in new_year["reason_vi"]
    assert sum(line["counted"] for line in why["days"]) == 10


async def test_what_cannot_be_opened(house: House, period: Open, monitor: Person, database: Database) -> None:
    await period()
    cases = [
        ("TGT-01", "2025", 409, "already_exists"),
        ("TGT-01", "2025Q1", 422, "wrong_period_kind"),
        ("TGT-01", "2027", 422, "period_not_begun"),
        ("TGT-01", "2020", 422, "period_before_indicator"),
        ("TGT-01", "2025Q9", 422, "unknown_period"),
        ("TGT-77", "2025", 422, "unknown_indicator"),
        ("GEN-04", "2025", 422, "computed_indicator"),
    ]
    for code, span, status, problem in cases:
        answer = await monitor.post("/periods", {"indicator_code": code, "period": span})
        assert (answer.status_code, answer.json()["code"]) == (status, problem), answer.text
    body = {"indicator_code": "TGT-02", "period": "2025"}
    for grant in (("reporter", CITY), ("monitoring_officer", COMMUNES[0])):
        assert (await house.person(grant).post("/periods", body)).status_code == 403
    assert len(await rows(database, "SELECT 1 FROM reporting_period")) == 1


async def test_in_a_closed_period_nothing_moves(
    house: House, period: Open, monitor: Person, operator: Person, verifier: Person, approver: Person
) -> None:
    opened = await period()
    states: dict[str, tuple[str, str]] = {}
    for number, name in enumerate(("draft", "submitted", "verified")):
        made = await operator.post("/reports", report_body(COMMUNES[number]))
        path, etag = f"/reports/{made.json()['id']}", made.headers["etag"]
        if name != "draft":
            etag = (await operator.post(f"{path}/submit", etag=etag)).headers["etag"]
        if name == "verified":
            etag = (await verifier.post(f"{path}/verify", etag=etag)).headers["etag"]
        states[name] = (path, etag)
    closed = await monitor.post(f"/periods/{opened['id']}/close", {"reason_code": "final"}, etag=opened["etag"])
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    path, etag = states["draft"]
    answers = [
        await operator.post("/reports", report_body(COMMUNES[9])),
        await operator.patch(path, {"numerator": 1}, etag=etag),
        await operator.post(f"{path}/submit", etag=etag),
    ]
    path, etag = states["submitted"]
    answers += [
        await verifier.post(f"{path}/verify", etag=etag),
        await verifier.post(f"{path}/return", {"reason": "x"}, etag=etag),
    ]
    path, etag = states["verified"]
    answers += [await approver.post(f"{path}/approve", etag=etag)]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "period_closed")] * 6
    assert (await operator.get(path)).json()["available_actions"] == []
    stale = await monitor.post(f"/periods/{opened['id']}/close", {}, etag=opened["etag"])
    assert stale.status_code == 412
    twice = await monitor.post(f"/periods/{opened['id']}/close", {}, etag=closed.headers["etag"])
    assert (twice.status_code, twice.json()["code"]) == (409, "step_not_allowed")
    other = house.person(("monitoring_officer", COMMUNES[0]))
    refused = await other.post(f"/periods/{opened['id']}/close", {}, etag=closed.headers["etag"])
    assert refused.status_code == 403
    everyone = {"until_on": "2026-11-30", "reason": "Còn báo cáo chưa duyệt"}
    asked = await monitor.post(f"/periods/{opened['id']}/reopen-requests", everyone)
    another = house.person(("monitoring_officer", BOARD))
    await another.post(f"/reopen-requests/{asked.json()['id']}/approve", {}, etag=asked.headers["etag"])
    assert (await approver.post(f"{path}/approve", etag=etag)).status_code == 200


async def test_after_2025_the_target_has_ended_and_figures_are_still_kept(
    period: Open, operator: Person, verifier: Person, approver: Person, house: House
) -> None:
    await period("TGT-01", "2026")
    made = await operator.post("/reports", report_body(COMMUNES[0], 900, 1000, period="2026"))
    assert made.json()["evaluation"]["status"] == "period_ended"
    assert made.json()["target"] is None
    path = f"/reports/{made.json()['id']}"
    sent = await operator.post(f"{path}/submit", etag=made.headers["etag"])
    checked = await verifier.post(f"{path}/verify", etag=sent.headers["etag"])
    assert (await approver.post(f"{path}/approve", etag=checked.headers["etag"])).status_code == 200
    progress = (await operator.get("/indicators/TGT-01/progress", period="2026")).json()
    assert (progress["status"], progress["reason"]) == ("period_ended", "target_ended")
    assert (progress["numerator"], progress["coverage"]["counted"]) == ("900", 1)


async def test_progress_of_what_was_never_opened_and_of_what_is_no_indicator(house: House) -> None:
    officer = house.person(("monitoring_officer", BOARD))
    progress = (await officer.get("/indicators/TGT-01/progress", period="2024")).json()
    assert (progress["period"]["status"], progress["status"]) == ("not_opened", "not_assessed")
    assert progress["numerator"] is None  # missing is not zero
    assert (await officer.get("/indicators/TGT-99/progress", period="2024")).status_code == 404
    wrong = await officer.get("/indicators/TGT-01/progress", period="24")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_period")


async def test_only_approved_reports_count_and_missing_ones_are_shown(
    period: Open, operator: Person, verifier: Person, approver: Person
) -> None:
    await period()
    for number, upto in enumerate(("approve", "verify", "submit", "draft")):
        made = await operator.post("/reports", report_body(COMMUNES[number], 800, 1000))
        path, etag = f"/reports/{made.json()['id']}", made.headers["etag"]
        for person, action in ((operator, "submit"), (verifier, "verify"), (approver, "approve")):
            if upto == "draft":
                break
            etag = (await person.post(f"{path}/{action}", etag=etag)).headers["etag"]
            if action == upto:
                break
    progress = (await operator.get("/indicators/TGT-01/progress", period="2025")).json()
    assert (progress["numerator"], progress["denominator"], progress["rate"]) == ("800", "1000", "80")
    assert progress["coverage"]["counted"] == 1
    assert progress["coverage"]["expected"] == 103
    assert progress["coverage"]["by_status"] == {"approved": 1, "verified": 1, "submitted": 1, "draft": 1}
    assert (progress["status"], progress["reason"]) == ("not_assessed", "coverage_too_low")
    one = (await operator.get("/indicators/TGT-01/progress", period="2025", organisation_id=str(COMMUNES[0]))).json()
    assert (one["status"], one["reason"], one["coverage"]["expected"]) == ("not_assessed", "no_allocation", 1)
    assert one["against_whole"]["status"] == "achieved"
    none = (await operator.get("/indicators/TGT-01/progress", period="2025", organisation_id=str(COMMUNES[1]))).json()
    assert (none["numerator"], none["coverage"]["counted"], none["coverage"]["expected"]) == (None, 0, 1)
