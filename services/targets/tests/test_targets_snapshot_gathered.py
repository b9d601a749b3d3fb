"""A year of quarters in a snapshot: the reports behind it, what is missing, and never a report counted twice."""

import csv
import io
import json
from typing import Any

import pytest
from figures_house import add_target
from snapshot_house import approve, issue, make
from targets_house import CITY, COMMUNES, House, Person, add_indicator

from servicekit.db import Database

BOTH, ONE, OTHER = COMMUNES[:3]
CODE = "QRT-01"


async def quarters(house: House, monitor: Person, database: Database, how: str) -> dict[tuple[str, Any], str]:
    """Two communes report by quarter: one both quarters, one the first of them; return the reports."""
    indicator = await add_indicator(
        database, CODE, like="TGT-01", reporting_kinds=["quarter", "year"], time_aggregation=how
    )
    await add_target(database, indicator, ">", "74", valid_from="2025-01-01")
    reports = {}
    for period, places in (("2025Q3", (BOTH, ONE)), ("2025Q4", (BOTH,))):
        opened = await monitor.post("/periods", {"indicator_code": CODE, "period": period})
        assert opened.status_code == 201, opened.text
        for place in places:
            reports[period, place] = await approve(
                house, place, numerator=300, denominator=400, indicator_code=CODE, period=period
            )
    return reports


async def read(monitor: Person, snapshot: str, place: Any) -> Any:
    found = await monitor.get(f"/snapshots/{snapshot}/figures/{CODE}_2025_{place}")
    assert found.status_code == 200, found.text
    return found.json()


@pytest.mark.parametrize("how", ["sum", "last"])
async def test_a_year_names_its_quarters_and_their_reports(
    house: House, monitor: Person, approver: Person, database: Database, how: str
) -> None:
    reports = await quarters(house, monitor, database, how)
    made = await make(monitor, periods=["2025"])
    whole = await read(monitor, made[0], "city")
    behind = {(one["period"], one["organisation_id"]): (one["id"], one["version"]) for one in whole["reports"]}
    counted = reports if how == "sum" else {key: value for key, value in reports.items() if key[0] == "2025Q4"}
    assert behind == {(period, str(place)): (report, 4) for (period, place), report in counted.items()}
    assert whole["numerator"] == str(300 * len(counted))
    assert whole["periods"] == (["2025Q3", "2025Q4"] if how == "sum" else ["2025Q4"])
    assert whole["missing_periods"] == ["2025Q1", "2025Q2"]
    one = await read(monitor, made[0], ONE)
    assert (one["periods"], one["missing_periods"]) == (["2025Q3"], ["2025Q1", "2025Q2", "2025Q4"])
    assert [(found["id"], found["period"]) for found in one["reports"]] == [(reports["2025Q3", ONE], "2025Q3")]
    exported = await monitor.get(f"/exports/snapshots/{made[0]}.json")
    content = json.loads(exported.content)["content"]
    [part] = [found for found in content["parts"] if found["indicator"] == CODE]
    assert part["period_status"] == "not_opened"
    assert str(ONE) in part["missing"]
    assert str(BOTH) not in part["missing"]
    assert len(part["missing"]) == 102
    paper = (await monitor.get(f"/snapshots/{made[0]}/document.md")).text
    assert f"gộp từ {', '.join(whole['periods'])}; thiếu 2025Q1, 2025Q2" in paper
    data = (await monitor.get(f"/exports/snapshots/{made[0]}.csv")).text.removeprefix("\ufeff")
    line = next(one for one in csv.DictReader(io.StringIO(data)) if one["indicator_code"] == CODE)
    assert (line["periods"], line["missing_periods"]) == (" ".join(whole["periods"]), "2025Q1 2025Q2")
    assert (line["status"], line["reason"]) == (whole["verdict"]["status"], whole["verdict"]["reason"])
    await issue(approver, made)
    public = await house.client.get(f"/api/v1/targets/published/{made[0]}/figures/{CODE}_2025_city")
    assert public.json()["periods"] == whole["periods"]
    assert public.json()["reports"] == []


async def test_a_year_reported_for_itself_is_not_added_to_its_quarters(
    house: House, monitor: Person, database: Database
) -> None:
    reports = await quarters(house, monitor, database, "sum")
    opened = await monitor.post("/periods", {"indicator_code": CODE, "period": "2025"})
    assert opened.status_code == 201, opened.text
    year = await approve(house, OTHER, numerator=90, denominator=100, indicator_code=CODE, period="2025")
    made, _ = await make(monitor, periods=["2025"])
    whole = await read(monitor, made, "city")
    assert (whole["numerator"], whole["periods"], whole["period_status"]) == ("90", ["2025"], "open")
    assert [one["id"] for one in whole["reports"]] == [year]
    top = await read(monitor, made, CITY)
    assert [one["id"] for one in top["reports"]] == [year]
    both = await read(monitor, made, BOTH)
    assert (both["numerator"], both["periods"]) == ("600", ["2025Q3", "2025Q4"])
    assert {one["id"] for one in both["reports"]} == {reports["2025Q3", BOTH], reports["2025Q4", BOTH]}
