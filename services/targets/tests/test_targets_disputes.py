"""Disputes: raised on what events told of, marked on every surface until the owner answers, decided by another."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import BOARD, CITY, COMMUNES, NOW, House, Person, StatementCount, report_body, rows
from test_targets_dashboard import PAGE, approve, line

from contracts.catalogue import fact
from servicekit.db import Database
from servicekit.events import Event
from servicekit.inbox import Outcome, handle_once
from targets.consumers import FEEDBACK, OVERSIGHT
from targets.jobs import NOTICE_SILENCE

HERE, THERE = COMMUNES[0], COMMUNES[1]
TOLD = "SELECT type, sequence, data FROM outbox WHERE type LIKE 'targets.value.%' ORDER BY position"


async def tell(database: Database, name: str, subject: UUID, sequence: int, **data: Any) -> None:
    consumer, source = (OVERSIGHT, "oversight") if name.startswith("oversight") else (FEEDBACK, "feedback")
    event = Event(
        id=uuid.uuid4(),
        type=name,
        source=f"nhipcau/{source}",
        subject=subject,
        sequence=sequence,
        time=NOW,
        data=fact(name, data).model_dump(mode="json"),
    )
    assert await handle_once(database, consumer, event, NOW) is Outcome.APPLIED


async def concluded_case(database: Database, presiding: UUID = CITY, **more: Any) -> UUID:
    """Let oversight tell of a case with its conclusion."""
    case = uuid.uuid4()
    opened = {"form": "document_review", "trigger": "media", "submission_id": None, "opened_on": "2026-11-02"}
    await tell(database, "oversight.case.opened.v1", case, 1, presiding_organisation_id=str(presiding), **opened)
    await tell(database, "oversight.case.planned.v1", case, 2, planned_on="2026-11-03")
    await tell(database, "oversight.case.concluded.v1", case, 3, concluded_on="2026-11-20", **more)
    return case


async def submissions(database: Database, number: int, front: UUID = HERE) -> list[str]:
    """Let feedback tell of submissions to a Front committee."""
    made = [uuid.uuid4() for _ in range(number)]
    for one in made:
        await tell(
            database,
            "feedback.submission.received.v1",
            one,
            1,
            identity_mode="named",
            front_organisation_id=str(front),
            unit_id=str(uuid.uuid4()),
            received_on="2026-11-20",
        )
    return [str(one) for one in made]


def body(*subjects: Any, kind: str = "oversight_finding", organisation: UUID = HERE, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "indicator_code": "TGT-01",
        "period": "2025",
        "organisation_id": str(organisation),
        "subject_ids": [str(one) for one in subjects],
        "reason_code": "figure_too_high",
        "text": "Đoàn giám sát đếm được ít hơn số báo cáo.",
    } | more


@pytest.fixture
def officer(house: House) -> Person:
    """Leads oversight at the city's Front committee."""
    return house.person(("front_officer", CITY))


@pytest.fixture
def owner(house: House) -> Person:
    return house.person(("front_officer", HERE))


@pytest.fixture
async def value(period: Callable[..., Any], operator: Person, verifier: Person, approver: Person) -> dict[str, Any]:
    """The first commune's approved figure, another beside it."""
    await period()
    await approve(operator, verifier, approver, report_body(THERE, 745))
    return (await approve(operator, verifier, approver, report_body(HERE, 900)))[0]


@pytest.fixture
async def dispute(value: dict[str, Any], officer: Person, database: Database) -> tuple[str, str]:
    """A dispute on a finding; its path and ETag."""
    made = await officer.post("/disputes", body(await concluded_case(database)))
    assert made.status_code == 201, made.text
    return f"/disputes/{made.json()['id']}", made.headers["etag"]


async def marks(person: Person, **query: Any) -> dict[str, tuple[bool, int]]:
    """Return what every surface says of the figure of an organisation, or of the whole."""
    progress = (await person.get("/indicators/TGT-01/progress", period="2025", **query)).json()
    page = (await person.get(PAGE, period="2025", **query)).json()
    found = {"progress": progress, "dashboard": line(page, "TGT-01")}
    return {name: (one["disputed"], one["disputed_values"]) for name, one in found.items()}


async def test_a_disputed_value_is_marked_everywhere_until_its_owner_answers(
    value: dict[str, Any], dispute: tuple[str, str], owner: Person, monitor: Person
) -> None:
    path, etag = dispute
    one = {"progress": (True, 1), "dashboard": (True, 1)}
    for query in ({}, {"organisation_id": str(CITY)}, {"organisation_id": str(HERE)}):
        assert await marks(monitor, **query) == one, query
    none = {"progress": (False, 0), "dashboard": (False, 0)}
    assert await marks(monitor, organisation_id=str(THERE)) == none
    report = (await monitor.get(f"/reports/{value['id']}")).json()
    assert (report["disputed"], report["disputed_values"]) == (True, 1)
    assert report["disputed_vi"] == "Có 1 số liệu đang bị nghi vấn, chờ giải trình."
    listed = {item["organisation_id"]: item["disputed"] for item in (await monitor.get("/reports")).json()["items"]}
    assert listed == {str(HERE): True, str(THERE): False}
    ranked = (await monitor.get("/dashboards/organisations", indicator="TGT-01", period="2025", limit=2)).json()
    assert [(item["organisation_id"], item["disputed"]) for item in ranked["items"]] == [
        (str(HERE), True),
        (str(THERE), False),
    ]
    page = (await monitor.get(PAGE, period="2025")).json()
    assert sum(section["disputed"] for section in page["sections"]) == 1
    answered = await owner.post(
        f"{path}/answer", {"answer": "figure_stands", "text": "Đã đối chiếu danh sách."}, etag=etag
    )
    assert (answered.status_code, answered.json()["status"], answered.json()["disputed"]) == (200, "answered", False)
    for query in ({}, {"organisation_id": str(HERE)}):
        assert await marks(monitor, **query) == none
    assert (await monitor.get(f"/reports/{value['id']}")).json()["disputed"] is False


async def test_the_whole_way_and_what_is_told(
    dispute: tuple[str, str], owner: Person, monitor: Person, house: House, database: Database
) -> None:
    path, etag = dispute
    stands = {"answer": "figure_stands", "text": "Đã đối chiếu danh sách có chữ ký."}
    answered = await owner.post(f"{path}/answer", stands, etag=etag)
    rejected = await monitor.post(
        f"{path}/reject", {"text": "Danh sách không có chữ ký."}, etag=answered.headers["etag"]
    )
    assert (rejected.status_code, rejected.json()["status"], rejected.json()["disputed"]) == (200, "rejected", True)
    assert await marks(monitor) == {"progress": (True, 1), "dashboard": (True, 1)}
    again = await owner.post(f"{path}/answer", stands | {"text": "Gửi kèm danh sách."}, etag=rejected.headers["etag"])
    assert again.json()["decided_by"] is None
    accepted = await monitor.post(f"{path}/accept", etag=again.headers["etag"])
    closed = await monitor.post(f"{path}/close", etag=accepted.headers["etag"])
    assert (closed.status_code, closed.json()["status"], closed.json()["available_actions"]) == (200, "closed", [])
    told = await rows(database, TOLD)
    verbs = [row["type"].removeprefix("targets.value.").removesuffix(".v1") for row in told]
    answered_twice = ["dispute_answered", "dispute_rejected", "dispute_answered"]
    assert verbs == ["disputed", *answered_twice, "dispute_accepted", "dispute_closed"]
    assert [row["sequence"] for row in told] == [1, 2, 3, 4, 5, 6]
    for row in told:
        fact(row["type"], row["data"])
        assert "Danh" not in str(row["data"]) and "Đoàn" not in str(row["data"])
    history = (await monitor.get(f"{path}/history")).json()["items"]
    assert [item["action"] for item in history] == ["raise", "answer", "reject", "answer", "accept", "close"]
    assert history[2]["text"] == "Danh sách không có chữ ký."
    audited = await rows(database, "SELECT action, details FROM audit_entry WHERE action LIKE 'dispute.%' ORDER BY at")
    assert len(audited) == 6
    assert "chữ ký" not in str(audited)
    with pytest.raises(DBAPIError, match=r"permission denied|append"):
        async with database.write() as session:
            await session.execute(text("UPDATE dispute_change SET text = 'x'"))


async def test_a_corrected_figure_is_one_that_was_approved_with_other_numbers(
    value: dict[str, Any], dispute: tuple[str, str], owner: Person, database: Database
) -> None:
    path, etag = dispute
    given = {"answer": "figure_corrected", "text": "Đã sửa.", "report_version": value["version"]}
    for wrong in (given, given | {"report_version": 99}, given | {"report_version": None}):
        refused = await owner.post(f"{path}/answer", wrong, etag=etag)
        assert (refused.status_code, refused.json()["code"]) == (409, "no_correction"), wrong
    async with database.write() as session:
        await session.execute(
            text("UPDATE report SET numerator = 700, version = version + 3 WHERE id = :id"), {"id": value["id"]}
        )
    answered = await owner.post(f"{path}/answer", given | {"report_version": value["version"] + 3}, etag=etag)
    assert (answered.status_code, answered.json()["answer_report_version"]) == (200, value["version"] + 3)
    (_, told) = await rows(database, TOLD)
    assert told["data"]["report_version"] == value["version"] + 3


async def test_a_cluster_needs_as_many_submissions_as_the_setting_says(
    value: dict[str, Any], owner: Person, database: Database
) -> None:
    ids = await submissions(database, 3)
    few = await owner.post("/disputes", body(*ids[:2], kind="feedback_cluster"))
    assert (few.status_code, few.json()["code"]) == (422, "too_few_submissions")
    twice = await owner.post("/disputes", body(ids[0], ids[0], ids[1], kind="feedback_cluster"))
    assert twice.json()["code"] == "too_few_submissions"
    async with database.write() as session:
        await session.execute(text("UPDATE dispute_kind SET minimum_subjects = 2 WHERE kind = 'feedback_cluster'"))
    made = await owner.post("/disputes", body(*ids[:2], kind="feedback_cluster"))
    assert made.status_code == 201, made.text
    assert {one["id"] for one in made.json()["subjects"]} == set(ids[:2])
    again = await owner.post("/disputes", body(*ids[1:], kind="feedback_cluster"))
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"subject_ids": [str(uuid.uuid4())]}, 422, "unknown_subject"),
        ({"subject_ids": []}, 422, "invalid"),
        ({"period": "2024"}, 422, "no_such_value"),
        ({"period": "2025-01"}, 422, "unknown_period"),
        ({"indicator_code": "TGT-99"}, 422, "no_such_value"),
        ({"organisation_id": str(COMMUNES[5])}, 422, "no_such_value"),
        ({"organisation_id": str(uuid.uuid4())}, 404, "not_found"),
        ({"kind": "feedback_cluster"}, 422, "subject_of_other_kind"),
        ({"kind": "rumour"}, 422, "invalid"),
        ({"reason_code": "because"}, 422, "invalid"),
        ({"text": "\u0000"}, 422, "broken_text"),
        ({"surprise": 1}, 422, "invalid"),
    ],
)
async def test_what_cannot_be_disputed_is_refused_and_nothing_stored(
    value: dict[str, Any], officer: Person, database: Database, more: dict[str, Any], status: int, code: str
) -> None:
    refused = await officer.post("/disputes", body(await concluded_case(database)) | more)
    assert refused.status_code == status, refused.text
    assert refused.json()["code"] == code
    assert await rows(database, "SELECT id FROM dispute") == []
    assert await rows(database, TOLD) == []


async def test_a_draft_is_no_value_yet(
    period: Callable[..., Any], operator: Person, officer: Person, database: Database
) -> None:
    await period()
    case = await concluded_case(database)
    await operator.post("/reports", report_body(HERE))
    assert (await officer.post("/disputes", body(case))).json()["code"] == "no_such_value"


async def test_a_case_without_a_conclusion_contradicts_nothing(
    value: dict[str, Any], officer: Person, database: Database
) -> None:
    case = uuid.uuid4()
    opened = {"form": "document_review", "trigger": "media", "submission_id": None, "opened_on": "2026-11-02"}
    await tell(database, "oversight.case.opened.v1", case, 1, presiding_organisation_id=str(CITY), **opened)
    assert (await officer.post("/disputes", body(case))).json()["code"] == "unknown_subject"
    recommendation = uuid.uuid4()
    addressed = {"organisation_id": str(uuid.uuid4()), "reply_due_on": "2026-12-15"}
    served = {"case_id": str(case), "served_on": "2026-11-20", "rule_key": "OVS.REPLY", "rule_version": 1}
    await tell(database, "oversight.recommendation.served.v1", recommendation, 1, addressees=[addressed], **served)
    made = await officer.post("/disputes", body(recommendation))
    assert made.json()["subjects"] == [{"id": str(recommendation), "kind": "recommendation"}]


async def test_two_persons_answer_and_decide(
    value: dict[str, Any], house: House, database: Database, officer: Person
) -> None:
    both = house.person(("front_officer", CITY), ("monitoring_officer", BOARD))
    case = await concluded_case(database)
    made = await both.post("/disputes", body(case))
    path, stands = f"/disputes/{made.json()['id']}", {"answer": "figure_stands", "text": "Đúng."}
    own = await both.post(f"{path}/answer", stands, etag=made.headers["etag"])
    assert (own.status_code, own.json()["code"]) == (403, "answerer_raised_it")
    answered = await officer.post(f"{path}/answer", stands, etag=made.headers["etag"])
    assert answered.status_code == 200
    decided = await both.post(f"{path}/accept", etag=answered.headers["etag"])
    assert (decided.status_code, decided.json()["code"]) == (403, "decider_answered")
    for statement in ("UPDATE dispute SET decided_by = answered_by", "UPDATE dispute SET answered_by = raised_by"):
        with pytest.raises(DBAPIError, match="by_another"):
            async with database.write() as session:
                await session.execute(text(statement))


async def test_who_sees_and_who_may(dispute: tuple[str, str], house: House, value: dict[str, Any]) -> None:
    path, etag = dispute
    seen = {("reporter", HERE): 200, ("front_officer", CITY): 200, ("auditor", BOARD): 200, ("head", THERE): 404}
    for grant, status in seen.items():
        person = house.person(grant)
        assert (await person.get(path)).status_code == status, grant
        listed = (await person.get("/disputes")).json()["items"]
        assert len(listed) == (status == 200), grant
        assert (await person.get(f"{path}/history")).status_code == status
    stands = {"answer": "figure_stands", "text": "Đúng."}
    for grant, step, status in (
        (("front_officer", THERE), "answer", 404),
        (("monitoring_officer", HERE), "accept", 403),
        (("monitoring_officer", BOARD), "accept", 409),
        (("approver", CITY), "close", 403),
    ):
        given = stands if step == "answer" else None
        assert (await house.person(grant).post(f"{path}/{step}", given, etag=etag)).status_code == status, grant
    stale = await house.person(("reporter", HERE)).post(f"{path}/answer", stands, etag='"99"')
    assert stale.status_code == 412


async def test_from_the_source_s_side_only_what_is_one_s_own(
    value: dict[str, Any], house: House, database: Database
) -> None:
    """Who received the feedback disputes a neighbour's figure and sees the dispute; others' feedback is not told of."""
    neighbour = house.person(("front_officer", THERE))
    theirs, others = await submissions(database, 3, THERE), await submissions(database, 1, COMMUNES[7])
    assert (await neighbour.post("/disputes", body(*others, kind="feedback_cluster"))).status_code == 404
    mixed = await neighbour.post("/disputes", body(*theirs, *others, kind="feedback_cluster"))
    assert (mixed.status_code, mixed.json()["code"]) == (422, "unknown_subject")
    made = await neighbour.post("/disputes", body(*theirs, kind="feedback_cluster"))
    assert made.status_code == 201, made.text
    assert made.json()["available_actions"] == []
    assert (await neighbour.get(f"/disputes/{made.json()['id']}")).status_code == 200
    assert (await house.person(("head", COMMUNES[7])).get(f"/disputes/{made.json()['id']}")).status_code == 404


async def test_silence_past_the_day_is_noticed_once(
    dispute: tuple[str, str], monitor: Person, house: House, owner: Person, database: Database
) -> None:
    path, _ = dispute
    stands = (await monitor.get(path)).json()
    assert (stands["due_on"], stands["rule"]["confidence"]) == ("2026-12-07", "no_legal_figure")
    for later, status in ((14, "open"), (15, "overdue"), (15, "overdue")):
        await NOTICE_SILENCE.run(house.runtime.database, house.runtime, NOW + timedelta(days=later))
        assert (await monitor.get(path)).json()["status"] == status
    told = await rows(database, TOLD)
    assert [row["type"] for row in told][1:] == ["targets.value.dispute_overdue.v1"]
    assert await marks(monitor) == {"progress": (True, 1), "dashboard": (True, 1)}
    house.clock.at = NOW + timedelta(days=15)
    seen = await monitor.get(path)
    late = await owner.post(
        f"{path}/answer", {"answer": "figure_stands", "text": "Xin lỗi."}, etag=seen.headers["etag"]
    )
    assert late.status_code == 200
    assert (await rows(database, TOLD))[-1]["data"]["on_time"] is False


async def test_the_marks_cost_no_statement_more_than_allowed(
    dispute: tuple[str, str], value: dict[str, Any], monitor: Person, house: House
) -> None:
    for path, query, most in (
        (f"/reports/{value['id']}", {}, 3),
        ("/reports", {}, 4),
        ("/indicators/TGT-01/progress", {"period": "2025"}, 3),
        (PAGE, {"period": "2025"}, 4),
        (dispute[0], {}, 3),
        ("/disputes", {}, 4),
        (f"{dispute[0]}/history", {}, 4),
    ):
        with StatementCount(house.runtime.database) as count:
            assert (await monitor.get(path, **query)).status_code == 200
        assert len(count) <= most, (path, count.statements)


async def test_a_conclusion_that_names_values_disputes_them_at_once(
    value: dict[str, Any], monitor: Person, owner: Person, database: Database
) -> None:
    named = {"indicator_code": "TGT-01", "period": "2025", "reason_code": "counted_twice"}
    given = [
        named | {"organisation_id": str(HERE)},
        named | {"organisation_id": str(HERE), "reason_code": "of_tomorrow"},
        named | {"organisation_id": str(COMMUNES[9])},
        named | {"organisation_id": str(HERE), "period": "no period"},
    ]
    case = await concluded_case(database, disputed_values=given)
    (found,) = (await monitor.get("/disputes")).json()["items"]
    assert (found["subjects"], found["reason_code"]) == ([{"id": str(case), "kind": "case"}], "other")
    assert (found["raised_on"], found["due_on"], found["rule"]["version"]) == ("2026-11-23", "2026-12-07", 1)
    assert await marks(monitor) == {"progress": (True, 1), "dashboard": (True, 1)}
    missing = await rows(database, "SELECT details FROM audit_entry WHERE action = 'dispute.value_not_there'")
    assert {row["details"]["period"] for row in missing} == {"2025", "no period"}
    again = await owner.post("/disputes", body(case))
    assert again.status_code == 409  # the same evidence disputes a value once
    path = f"/disputes/{found['id']}"
    seen = await owner.get(path)
    answered = await owner.post(
        f"{path}/answer", {"answer": "figure_stands", "text": "Đúng."}, etag=seen.headers["etag"]
    )
    assert answered.status_code == 200, answered.text


async def test_what_a_formula_makes_of_a_disputed_value_is_marked_too(
    value: dict[str, Any], dispute: tuple[str, str], monitor: Person, database: Database
) -> None:
    made = (
        "INSERT INTO indicator SELECT (jsonb_populate_record(i, CAST(:more AS jsonb))).* FROM indicator i"
        " WHERE code = 'TGT-01'"
    )
    async with database.write() as session:
        for code, named in (
            ("FRM-01", "TGT-01 / TGT-02"),
            ("FRM-02", "FRM-01.numerator * 2"),
            ("FRM-03", "TGT-011 + TGT-02"),
        ):
            formula = {"numerator": named, "denominator": "1"}
            more = {"id": str(uuid.uuid4()), "code": code, "source": "formula", "formula": formula}
            await session.execute(text(made), {"more": json.dumps(more)})
    page = (await monitor.get(PAGE, period="2025", organisation_id=str(CITY))).json()
    found = {one["code"]: one["disputed_values"] for one in page["indicators"]}
    assert {code: found[code] for code in ("TGT-01", "FRM-01", "FRM-02", "FRM-03", "TGT-02")} == {
        "TGT-01": 1,
        "FRM-01": 1,
        "FRM-02": 1,
        "FRM-03": 0,
        "TGT-02": 0,
    }
    progress = (await monitor.get("/indicators/FRM-02/progress", period="2025")).json()
    assert progress["disputed_values"] == 1
