"""Reports over HTTP: who may do what, what is refused and leaves nothing behind, what is kept for ever."""

import uuid
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from targets_house import (
    BOARD,
    CITY,
    COMMUNES,
    FORMER,
    WARD_GOVERNMENT,
    House,
    Person,
    organisation_id,
    report_body,
    rows,
    submit_one,
)

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database

Open = Callable[..., Any]
HERE, THERE = COMMUNES[0], COMMUNES[1]


async def count(database: Database) -> dict[str, int]:
    query = (
        "SELECT (SELECT count(*) FROM report) AS reports, (SELECT count(*) FROM report_change) AS changes,"
        " (SELECT count(*) FROM audit_entry) AS audits, (SELECT count(*) FROM outbox) AS events,"
        " (SELECT count(*) FROM reporting_period) AS periods"
    )
    return (await rows(database, query))[0]


async def test_a_report_says_where_it_stands_and_what_its_own_figures_mean(period: Open, operator: Person) -> None:
    await period()
    made = await operator.post("/reports", report_body(HERE, "740", "1000.0", note="Kèm danh sách"))
    body = made.json()
    assert made.headers["etag"] == '"1"'
    assert (body["numerator"], body["denominator"], body["rate"]) == ("740", "1000", "74")
    assert (body["evaluation"]["status"], body["evaluation"]["reason"]) == ("not_assessed", "no_allocation")
    assert body["against_whole"]["status"] == "missed"
    assert body["evaluation"]["provisional"] is body["against_whole"]["provisional"] is True
    assert body["against_whole"]["comparison"] == "100 × 740 = 74000 > 74 × 1000 = 74000: sai"
    assert body["target"]["comparator"] == ">"
    assert body["counting_method"] == "distinct_persons"
    assert body["available_actions"] == ["revise", "submit"]
    read = await operator.get(f"/reports/{body['id']}")
    assert read.json() == body
    assert read.headers["etag"] == made.headers["etag"]


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"numerator": 1001}, 422, "bad_figures"),
    ({"numerator": -1}, 422, "bad_figures"),
    ({"denominator": 0}, 422, "bad_figures"),
    ({"denominator": None}, 422, "bad_figures"),
    ({"numerator": "7.5"}, 422, "bad_figures"),
    ({"breakdown": {"choir": 1}}, 422, "bad_figures"),
    ({"period": "2024"}, 422, "period_not_opened"),
    ({"period": "2025Q7"}, 422, "unknown_period"),
    ({"indicator_code": "TGT-99"}, 422, "unknown_indicator"),
    ({"indicator_code": "GEN-04"}, 422, "computed_indicator"),
    ({"organisation_id": str(uuid.uuid4())}, 422, "unknown_organisation"),
    ({"organisation_id": str(FORMER)}, 422, "organisation_not_valid_in_period"),
    ({"organisation_id": str(CITY)}, 422, "organisation_not_expected"),
    ({"organisation_id": str(WARD_GOVERNMENT)}, 404, "not_found"),
]


async def test_what_is_refused_leaves_nothing_behind(period: Open, operator: Person, database: Database) -> None:
    await period()
    before = await count(database)
    for changed, status, code in REFUSED:
        answer = await operator.post("/reports", report_body(HERE, **changed))
        assert (answer.status_code, answer.json()["code"]) == (status, code), (changed, answer.text)
    assert await count(database) == before


async def test_one_report_a_unit_and_period(period: Open, operator: Person) -> None:
    await period()
    assert (await operator.post("/reports", report_body(HERE))).status_code == 201
    second = await operator.post("/reports", report_body(HERE, 1, 2))
    assert (second.status_code, second.json()["code"]) == (409, "already_exists")


async def test_a_count_has_no_denominator_and_its_breakdown_adds_up(period: Open, operator: Person) -> None:
    await period("TGT-02")
    given = {"trade_union": 1, "youth_union": "2"}
    body = report_body(HERE, 3, ..., indicator_code="TGT-02", breakdown=given)
    made = (await operator.post("/reports", body)).json()
    assert made["denominator"] is None
    assert (made["evaluation"]["reason"], made["against_whole"]["status"]) == ("no_allocation", "achieved")
    assert made["breakdown"] == [
        {"category": "trade_union", "numerator": "1"},
        {"category": "youth_union", "numerator": "2"},
    ]
    wrong = await operator.post("/reports", report_body(THERE, 3, 10, indicator_code="TGT-02"))
    assert wrong.json()["errors"][0]["code"] == "not_used"


async def test_a_returned_report_is_corrected_and_its_history_keeps_everything(
    period: Open, operator: Person, verifier: Person, approver: Person, made: MadeDatabase, database: Database
) -> None:
    await period()
    path, etag = await submit_one(operator)
    returned = await verifier.post(f"{path}/return", {"reason": "Mẫu số chưa có nguồn"}, etag=etag)
    assert returned.json()["status"] == "returned"
    assert returned.json()["return_reason"] == "Mẫu số chưa có nguồn"
    unread = await operator.post(f"{path}/submit", etag=returned.headers["etag"])
    assert (unread.status_code, unread.json()["code"]) == (409, "step_not_allowed")
    change = {"numerator": "745", "denominator_source": "Công an xã", "reason": "Đếm lại theo danh sách"}
    corrected = await operator.patch(path, change, etag=returned.headers["etag"])
    assert (corrected.json()["status"], corrected.json()["numerator"]) == ("draft", "745")
    sent = await operator.post(f"{path}/submit", etag=corrected.headers["etag"])
    checked = await verifier.post(f"{path}/verify", etag=sent.headers["etag"])
    refused = await approver.post(f"{path}/return", {"reason": "Cần biên bản"}, etag=checked.headers["etag"])
    assert refused.json()["status"] == "returned"
    assert refused.json()["verified_by"] is None
    again = await operator.patch(path, {"note": "Đã kèm biên bản"}, etag=refused.headers["etag"])
    sent = await operator.post(f"{path}/submit", etag=again.headers["etag"])
    checked = await verifier.post(f"{path}/verify", etag=sent.headers["etag"])
    approved = await approver.post(f"{path}/approve", etag=checked.headers["etag"])
    assert approved.json()["status"] == "approved"
    assert approved.json()["evaluation"]["provisional"] is False
    history = (await operator.get(f"{path}/history")).json()["items"]
    assert [line["action"] for line in history] == [
        "enter", "submit", "return", "revise", "submit", "verify", "return", "revise", "submit", "verify", "approve",
    ]  # fmt: skip
    assert [line["version"] for line in history] == list(range(1, 12))
    revised = history[3]
    assert revised["values_before"] == {"numerator": "740", "denominator_source": None}
    assert revised["values_after"] == {"numerator": "745", "denominator_source": "Công an xã"}
    assert (revised["reason"], revised["actor_id"]) == ("Đếm lại theo danh sách", str(operator.id))
    assert (history[2]["reason"], history[2]["actor_id"]) == ("Mẫu số chưa có nguồn", str(verifier.id))
    told = await rows(database, "SELECT type, sequence, data FROM outbox WHERE subject = :id ORDER BY sequence",
                      id=uuid.UUID(path.removeprefix("/reports/")))  # fmt: skip
    assert [line["type"].split(".")[2] for line in told] == [
        "submitted", "returned", "submitted", "verified", "returned", "submitted", "verified", "approved",
    ]  # fmt: skip
    assert [line["sequence"] for line in told] == list(range(1, 9))
    assert told[-1]["data"]["numerator"] == "745"
    assert not any("biên bản" in str(line["data"]) or "nguồn" in str(line["data"]) for line in told)
    for dsn in (made.app_dsn, made.owner_dsn):
        connection = await asyncpg.connect(dsn)
        for verb in ("UPDATE report_change SET reason = 'x'", "DELETE FROM report_change", "TRUNCATE report_change"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(verb)
        await connection.close()


async def test_three_persons_are_three_persons(house: House, period: Open, operator: Person) -> None:
    await period()
    both = house.person(("reporter", CITY), ("verifier", CITY), ("approver", BOARD))
    path, etag = await submit_one(both)
    own = await both.post(f"{path}/verify", etag=etag)
    assert (own.status_code, own.json()["code"]) == (403, "same_person")
    second = house.person(("verifier", CITY), ("approver", BOARD))
    checked = await second.post(f"{path}/verify", etag=etag)
    assert checked.status_code == 200
    for person in (both, second):
        refused = await person.post(f"{path}/approve", etag=checked.headers["etag"])
        assert (refused.status_code, refused.json()["code"]) == (403, "same_person")
    third = house.person(("approver", BOARD))
    assert (await third.post(f"{path}/approve", etag=checked.headers["etag"])).status_code == 200


async def test_who_entered_the_figures_does_not_verify_what_another_submitted(house: House, period: Open) -> None:
    await period()
    clerk, chief = house.person(("reporter", HERE), ("verifier", HERE)), house.person(("reporter", HERE))
    made = await clerk.post("/reports", report_body(HERE))
    sent = await chief.post(f"/reports/{made.json()['id']}/submit", etag=made.headers["etag"])
    refused = await clerk.post(f"/reports/{made.json()['id']}/verify", etag=sent.headers["etag"])
    assert (refused.status_code, refused.json()["code"]) == (403, "same_person")


async def test_who_entered_in_an_earlier_round_does_not_verify_the_correction_of_another(
    house: House, period: Open
) -> None:
    await period()
    clerk, chief = house.person(("reporter", HERE), ("verifier", HERE)), house.person(("reporter", HERE))
    made = await clerk.post("/reports", report_body(HERE))
    path = f"/reports/{made.json()['id']}"
    corrected = await chief.patch(path, {"numerator": "77"}, etag=made.headers["etag"])
    sent = await chief.post(f"{path}/submit", etag=corrected.headers["etag"])
    refused = await clerk.post(f"{path}/verify", etag=sent.headers["etag"])
    assert (refused.status_code, refused.json()["code"]) == (403, "same_person")


@pytest.mark.parametrize(
    "signed",
    ["verified_by = entered_by", "verified_by = submitted_by", "approved_by = entered_by",
     "approved_by = submitted_by", "approved_by = verified_by"],
)  # fmt: skip
async def test_the_database_too_wants_three_persons(
    house: House, period: Open, operator: Person, verifier: Person, made: MadeDatabase, signed: str
) -> None:
    await period()
    path, etag = await submit_one(operator)
    await verifier.post(f"{path}/verify", etag=etag)
    connection = await asyncpg.connect(made.admin_dsn)  # the owner finds no row to break under row-level security
    try:
        with pytest.raises(asyncpg.CheckViolationError, match=r"verified_by_second|approved_by_third"):
            await connection.execute(f"UPDATE report SET {signed}")
    finally:
        await connection.close()


async def test_approving_is_the_monitoring_board_s_alone(
    house: House, period: Open, operator: Person, verifier: Person
) -> None:
    await period()
    path, etag = await submit_one(operator)
    etag = (await verifier.post(f"{path}/verify", etag=etag)).headers["etag"]
    elsewhere = house.person(("approver", CITY))
    refused = await elsewhere.post(f"{path}/approve", etag=etag)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await operator.post(f"{path}/approve", etag=etag)).status_code == 403


async def test_another_unit_s_report_is_not_there(house: House, period: Open, operator: Person) -> None:
    await period()
    path, etag = await submit_one(operator)
    neighbour = house.person(("reporter", THERE), ("verifier", THERE), ("front_officer", THERE))
    for call in (
        neighbour.get(path),
        neighbour.get(f"{path}/history"),
        neighbour.patch(path, {"numerator": 1}, etag=etag),
        neighbour.post(f"{path}/submit", etag=etag),
        neighbour.post(f"{path}/verify", etag=etag),
        neighbour.post(f"{path}/return", {"reason": "x"}, etag=etag),
        neighbour.post("/reports", report_body(HERE)),
    ):
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await neighbour.get("/reports")).json()["items"] == []
    stranger = house.person(("approver", organisation_id("district board")))
    assert (await stranger.post(f"{path}/approve", etag=etag)).status_code == 404
    assert len((await house.person(("reporter", HERE)).get("/reports")).json()["items"]) == 1
    assert len((await house.person(("auditor", BOARD)).get("/reports")).json()["items"]) == 1
    for role in ("handler", "citizen", "administrator"):
        assert (await house.person((role, BOARD)).get("/reports")).status_code == 403


async def test_a_role_elsewhere_counts_for_nothing_here(house: House, period: Open, operator: Person) -> None:
    await period()
    path, etag = await submit_one(operator)
    mixed = house.person(("auditor", HERE), ("verifier", THERE))
    refused = await mixed.post(f"{path}/verify", etag=etag)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_breakdown_names_its_dimension(period: Any, operator: Person) -> None:
    await period("TGT-02", "2025")
    body = {"indicator_code": "TGT-02", "period": "2025", "organisation_id": str(COMMUNES[0]), "numerator": "3"}
    kinds = {"organisation_type.trade_union": "2", "organisation_type.youth_union": "1"}
    made = await operator.post("/reports", body | {"breakdown": kinds})
    assert made.status_code == 201, made.text
    assert {one["category"]: one["numerator"] for one in made.json()["breakdown"]} == kinds
    body["organisation_id"] = str(COMMUNES[1])
    short = await operator.post("/reports", body | {"breakdown": {"organisation_type.trade_union": "2"}})
    assert [one["code"] for one in short.json()["errors"]] == ["does_not_add_up"]
