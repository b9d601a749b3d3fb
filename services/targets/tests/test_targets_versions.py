"""Target versions: one at a time, the one before ends the day before, what was judged keeps its target."""

import asyncio

import asyncpg
import pytest
from targets_house import BOARD, CITY, COMMUNES, House, Person, day, report_body, rows

from devstack.databases import Database as MadeDatabase
from servicekit.db import Database
from targets.domain.validity import standing

NEW = {
    "comparator": ">=",
    "value": "80",
    "valid_from": "2026-01-01",
    "counting_method": "distinct_persons",
    "minimum_coverage": "90",
    "baseline_value": "74.5",
    "baseline_on": "2025-12-31",
    "decision": "12-QĐ/TU",
    "decided_on": "2026-01-15",
}


async def approved(house: House, code: str = "TGT-02", period: str = "2025", **more: object) -> None:
    """Open a period and have one commune's report approved in it."""
    monitor = house.person(("monitoring_officer", BOARD))
    opened = await monitor.post("/periods", {"indicator_code": code, "period": period})
    assert opened.status_code == 201, opened.text
    figures = report_body(COMMUNES[0], 5, ..., indicator_code=code, period=period, **more)
    path, etag = "", ""
    for who, step in ((("reporter", CITY), "submit"), (("verifier", CITY), "verify"), (("approver", BOARD), "approve")):
        person = house.person(who)
        if not path:
            made = await person.post("/reports", figures)
            assert made.status_code == 201, made.text
            path, etag = f"/reports/{made.json()['id']}", made.headers["etag"]
        moved = await person.post(f"{path}/{step}", etag=etag)
        assert moved.status_code == 200, moved.text
        etag = moved.headers["etag"]


async def test_a_new_version_follows_one_that_has_ended(house: House, monitor: Person, database: Database) -> None:
    answer = await monitor.post("/indicators/TGT-01/targets", NEW)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["number"], body["ended"]) == (2, None)
    first, second = body["indicator"]["targets"]
    assert (first["number"], first["standing"], first["value"], first["valid_to"]) == (1, "ended", "74", "2025-12-31")
    assert (second["number"], second["standing"], second["baseline_value"]) == (2, "valid", "74.5")
    before = (await monitor.get("/indicators/TGT-01/progress", period="2025")).json()
    after = (await monitor.get("/indicators/TGT-01/progress", period="2026")).json()
    assert (before["target"]["number"], after["target"]["number"]) == (1, 2)
    events = await rows(database, "SELECT sequence, data FROM outbox WHERE type = 'targets.target.changed.v1'")
    assert [event["sequence"] for event in events] == [1]
    assert events[0]["data"] == {
        "indicator_code": "TGT-01",
        "number": 2,
        "comparator": ">=",
        "value": "80",
        "valid_from": "2026-01-01",
        "valid_to": None,
        "decision": "12-QĐ/TU",
        "decided_on": "2026-01-15",
        "ended_number": None,
        "ended_on": None,
    }
    history = (await monitor.get("/indicators/TGT-01/changes")).json()["items"]
    assert [(line["version"], line["action"], line["decision"]) for line in history] == [(2, "set_target", "12-QĐ/TU")]
    assert history[0]["values_after"]["value"] == "80"


async def test_the_open_version_ends_the_day_before_and_that_is_told(house: House, monitor: Person) -> None:
    body = NEW | {"value": "3", "valid_from": "2027-01-01", "counting_method": "organisations_founded"}
    answer = (await monitor.post("/indicators/TGT-02/targets", body)).json()
    assert (answer["ended"]["number"], answer["ended"]["last_day"]) == (1, "2026-12-31")
    assert "31/12/2026" in answer["ended"]["note_vi"]
    first, second = answer["indicator"]["targets"]
    assert (first["valid_to"], first["standing"]) == ("2026-12-31", "valid")
    assert (second["valid_from"], second["standing"]) == ("2027-01-01", "future")


@pytest.mark.parametrize("valid_from", ["2021-12-27", "2020-01-01", "2025-12-31"])
async def test_overlaps_are_refused(house: House, monitor: Person, database: Database, valid_from: str) -> None:
    answer = await monitor.post("/indicators/TGT-01/targets", NEW | {"valid_from": valid_from})
    assert (answer.status_code, answer.json()["code"]) == (409, "target_overlap")
    assert "2025-12-31" in answer.json()["detail"]
    stored = await rows(
        database,
        "SELECT number FROM target_version v JOIN indicator i ON i.id = v.indicator_id WHERE i.code = 'TGT-01'",
    )
    assert stored == [{"number": 1}]


async def test_a_period_judged_already_keeps_its_version(house: House, monitor: Person) -> None:
    await approved(house)
    judged = (await monitor.get("/indicators/TGT-02/progress", period="2025")).json()
    assert (judged["status"], judged["target"]["number"]) == ("achieved", 1)
    body = NEW | {"value": "10", "counting_method": "organisations_founded"}
    refused = await monitor.post("/indicators/TGT-02/targets", body | {"valid_from": "2025-07-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "period_judged_already")
    assert "2025" in refused.json()["detail"]
    answer = await monitor.post("/indicators/TGT-02/targets", body | {"valid_from": "2026-01-01"})
    assert answer.status_code == 201, answer.text
    again = (await monitor.get("/indicators/TGT-02/progress", period="2025")).json()
    assert (again["status"], again["target"]["number"], again["comparison"]) == ("achieved", 1, judged["comparison"])


async def test_a_period_shown_without_a_figure_may_get_one(house: House, monitor: Person) -> None:
    """TGT-03 has no figure in the text: its periods were shown and never judged."""
    await approved(house, "TGT-03-MISSING", breakdown={"theory": 5})
    body = NEW | {"value": "0", "comparator": "<=", "valid_from": "2025-07-01"}
    answer = await monitor.post("/indicators/TGT-03-MISSING/targets", body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("spoilt", "field"),
    [
        ({"value": "101"}, "value"),
        ({"value": "-1"}, "value"),
        ({"valid_to": "2025-01-01"}, "valid_to"),
        ({"minimum_coverage": "101"}, "minimum_coverage"),
        ({"baseline_on": None}, "baseline_on"),
    ],
)
async def test_a_bad_target_is_refused_with_its_field(
    house: House, monitor: Person, spoilt: dict[str, object], field: str
) -> None:
    answer = await monitor.post("/indicators/TGT-01/targets", NEW | spoilt)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_target")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"comparator": "≥"},
        {"value": "1e400"},
        {"value": True},
        {"valid_from": "01/01/2026"},
        {"decision": ""},
        {"x": 1},
    ],
)
async def test_a_malformed_target_is_refused(house: House, monitor: Person, spoilt: dict[str, object]) -> None:
    answer = await monitor.post("/indicators/TGT-01/targets", NEW | spoilt)
    assert answer.status_code == 422, answer.text


async def test_only_the_board_sets_targets(house: House) -> None:
    for person in (house.person(("monitoring_officer", CITY)), house.person(("approver", BOARD))):
        assert (await person.post("/indicators/TGT-01/targets", NEW)).status_code == 403
    monitor = house.person(("monitoring_officer", BOARD))
    assert (await monitor.post("/indicators/TGT-99/targets", NEW)).status_code == 404


async def test_a_version_is_never_edited_or_deleted(monitor: Person, made: MadeDatabase, house: House) -> None:
    """Not by a request, whose role may only end an open one, and not by the owner of the tables."""
    owner = await asyncpg.connect(made.owner_url.replace("+asyncpg", ""))
    try:
        for statement in (
            "UPDATE target_version SET value = 1",
            "UPDATE target_version SET valid_to = '2030-01-01' WHERE valid_to IS NOT NULL",
            "UPDATE target_version SET valid_to = NULL",
            "DELETE FROM target_version",
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await owner.execute(statement)
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute("UPDATE indicator_change SET action = 'x'")
    finally:
        await owner.close()
    app = await asyncpg.connect(made.app_url.replace("+asyncpg", ""))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("UPDATE indicator SET quote = 'x'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("UPDATE target_version SET value = 1")
        assert await app.execute("UPDATE indicator SET definition_vi = 'x'") == "UPDATE 0"  # nobody's transaction
        assert (
            await app.execute("UPDATE target_version SET valid_to = '2030-01-01' WHERE valid_to IS NULL") == "UPDATE 0"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("INSERT INTO congress_term SELECT * FROM congress_term")
    finally:
        await app.close()


def test_what_is_ended_follows_from_dates() -> None:
    first, last = day("2021-12-27"), day("2025-12-31")
    assert standing(first, last, day("2021-12-26")) == "future"
    assert standing(first, last, last) == "valid"
    assert standing(first, last, day("2026-01-01")) == "ended"
    assert standing(first, None, day("2100-01-01")) == "valid"


async def test_two_at_once_do_not_overlap(house: House, database: Database) -> None:
    officers = [house.person(("monitoring_officer", BOARD)) for _ in range(4)]
    sent = [officer.post("/indicators/TGT-01/targets", NEW) for officer in officers]
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refused == {"target_overlap"}  # each waited for the one before, none ran into a constraint
    stored = await rows(
        database, "SELECT number FROM target_version v JOIN indicator i ON i.id = v.indicator_id WHERE code = 'TGT-01'"
    )
    assert sorted(row["number"] for row in stored) == [1, 2]
