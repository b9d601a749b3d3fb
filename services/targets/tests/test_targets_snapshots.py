"""Snapshots: frozen, every figure traced to its reports, issued by a second person, compared with the next."""

from collections.abc import Callable
from typing import Any

import pytest
from snapshot_house import FIGURES, ISSUE, NEW, approve, approve_some, issue, make
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from targets_house import BOARD, CITY, COMMUNES, House, Person, rows

from servicekit.db import Database


async def test_a_snapshot_holds_every_figure_with_its_reports(
    house: House, period: Callable[..., Any], monitor: Person, operator: Person
) -> None:
    await period()
    reports = await approve_some(house)
    snapshot, _ = await make(monitor)
    found = await operator.get(f"/snapshots/{snapshot}/figures/TGT-01_2025_city")
    assert found.status_code == 200, found.text
    figure = found.json()
    numerator, denominator = sum(a + b for a, b, _ in FIGURES), sum(c for _, _, c in FIGURES)
    assert (figure["numerator"], figure["denominator"]) == (str(numerator), str(denominator))
    assert (figure["counted"], figure["expected"]) == (len(FIGURES), 103)
    assert {one["id"] for one in figure["reports"]} == set(reports)
    assert {one["version"] for one in figure["reports"]} == {4}
    assert figure["target"]["comparator"] == ">"
    assert "trên 74%" in figure["quote"]
    assert figure["verdict"]["status"] == "not_assessed"
    assert figure["formula_vi"].startswith("100 × Σ (")
    own = (await operator.get(f"/snapshots/{snapshot}/figures/TGT-01_2025_{COMMUNES[0]}")).json()
    assert [one["id"] for one in own["reports"]] == [reports[0]]
    assert own["organisation_name"]


async def test_a_review_follows_the_order_of_the_resolution(
    house: House, period: Callable[..., Any], monitor: Person
) -> None:
    await period()
    made = (await monitor.post("/snapshots", NEW)).json()
    answer = await house.client.get(f"/api/v1/targets/exports/snapshots/{made['id']}.json", headers=monitor.headers)
    codes = [one["code"] for one in answer.json()["content"]["indicators"]]
    page = (await monitor.get("/dashboards/resolutions/08-NQ/TU", period="2025")).json()
    assert codes == [one["code"] for one in page["indicators"]]


async def test_what_is_corrected_later_shows_in_the_next_snapshot_only(
    house: House, period: Callable[..., Any], monitor: Person, approver: Person, database: Database
) -> None:
    await period()
    await approve_some(house)
    first = await make(monitor)
    await issue(approver, first)
    before = await rows(database, "SELECT content, sha256 FROM snapshot")
    await approve(house, COMMUNES[20], numerator=500, denominator=600)
    assert await rows(database, "SELECT content, sha256 FROM snapshot") == before
    second, _ = await make(monitor, supersedes=first[0], title="Sơ kết năm 2025, bản thay thế")
    listed = (await monitor.get(f"/snapshots/{second}/changes", since=first[0])).json()
    page = (await monitor.get(f"/snapshots/{second}/changes", since=first[0], limit=2)).json()
    more = await monitor.get(f"/snapshots/{second}/changes", since=first[0], cursor=page["next_cursor"])
    assert [*page["items"], *more.json()["items"]] == listed["items"]
    changed = {(one["key"], one["name"]): (one["before"], one["after"]) for one in listed["items"]}
    numerator, denominator = sum(a + b for a, b, _ in FIGURES), sum(c for _, _, c in FIGURES)
    assert changed.pop(("TGT-01_2025_city", "numerator")) == (str(numerator), str(numerator + 500))
    assert changed.pop(("TGT-01_2025_city", "denominator")) == (str(denominator), str(denominator + 600))
    assert changed.pop(("TGT-01_2025_city", "counted")) == (str(len(FIGURES)), str(len(FIGURES) + 1))
    assert changed.pop((f"TGT-01_2025_{COMMUNES[20]}", "numerator")) == (None, "500")
    assert {key for key, _ in changed} <= {f"TGT-01_2025_{one}" for one in (COMMUNES[20], CITY)}
    old = (await monitor.get(f"/snapshots/{first[0]}/figures/TGT-01_2025_city")).json()
    assert old["numerator"] == str(numerator)


async def test_who_made_it_does_not_issue_it(house: House, period: Callable[..., Any], database: Database) -> None:
    await period()
    both = house.person(("monitoring_officer", BOARD), ("approver", BOARD))
    snapshot, etag = await make(both)
    refused = await both.post(f"/snapshots/{snapshot}/issue", ISSUE, etag=etag)
    assert (refused.status_code, refused.json()["code"]) == (403, "maker_does_not_issue")
    assert (await rows(database, "SELECT status FROM snapshot")) == [{"status": "draft"}]
    with pytest.raises(DBAPIError, match="issued_by_another"):
        async with database.write() as session:
            await session.execute(
                text(
                    "UPDATE snapshot SET status = 'issued', version = 2, number = 'x', issued_on = '2026-01-01',"
                    " issued_at = now(), issued_by = made_by, hidden = '{}'"
                )
            )


async def test_not_even_the_house_changes_what_was_frozen(
    period: Callable[..., Any], monitor: Person, approver: Person, database: Database
) -> None:
    await period()
    await issue(approver, await make(monitor))
    for statement in (
        "UPDATE snapshot SET content = '{}'",
        "UPDATE snapshot SET title = 'khác'",
        "UPDATE snapshot SET status = 'draft'",
        "DELETE FROM published_snapshot",
        "UPDATE published_snapshot SET content = '{}'",
    ):
        with pytest.raises(DBAPIError, match="frozen"):
            async with database.write() as session:
                await session.execute(text(statement))


async def test_issuing_twice_with_an_old_version_or_a_used_number_is_refused(
    period: Callable[..., Any], monitor: Person, approver: Person
) -> None:
    await period()
    first, second = await make(monitor), await make(monitor, title="Bản khác")
    await issue(approver, first)
    again = await approver.post(f"/snapshots/{first[0]}/issue", ISSUE, etag=first[1])
    assert again.status_code == 412
    again = await approver.post(f"/snapshots/{first[0]}/issue", ISSUE, etag='"2"')
    assert (again.status_code, again.json()["code"]) == (409, "step_not_allowed")
    used = await approver.post(f"/snapshots/{second[0]}/issue", ISSUE, etag=second[1])
    assert (used.status_code, used.json()["code"]) == (409, "already_exists")


@pytest.mark.parametrize(
    "change,code",
    [
        ({"resolution": "09-NQ/TU"}, "unknown_resolution"),
        ({"periods": ["2025Q9"]}, "unknown_period"),
        ({"periods": []}, "invalid"),
        ({"periods": ["202501"]}, "nothing_to_freeze"),
        ({"supersedes": "00000000-0000-7000-8000-000000000000"}, "unknown_snapshot"),
        ({"title": "  "}, "invalid"),
        ({"kind": "weekly"}, "invalid"),
    ],
)
async def test_a_snapshot_of_nothing_is_refused(
    monitor: Person, database: Database, change: dict[str, Any], code: str
) -> None:
    refused = await monitor.post("/snapshots", NEW | change)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert await rows(database, "SELECT id FROM snapshot") == []


async def test_only_the_board_makes_and_issues(house: House, period: Callable[..., Any], monitor: Person) -> None:
    await period()
    elsewhere = house.person(("monitoring_officer", CITY), ("approver", CITY))
    assert (await elsewhere.post("/snapshots", NEW)).status_code == 403
    snapshot, etag = await make(monitor)
    assert (await elsewhere.post(f"/snapshots/{snapshot}/issue", ISSUE, etag=etag)).status_code == 403
    assert (await house.person(("citizen", CITY)).get(f"/snapshots/{snapshot}")).status_code == 403


async def test_the_same_request_twice_makes_one_snapshot(
    period: Callable[..., Any], monitor: Person, database: Database
) -> None:
    await period()
    first = await monitor.post("/snapshots", NEW, key="one-and-the-same-key")
    second = await monitor.post("/snapshots", NEW, key="one-and-the-same-key")
    assert first.json()["id"] == second.json()["id"]
    assert len(await rows(database, "SELECT id FROM snapshot")) == 1
