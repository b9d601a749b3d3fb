"""A monitoring officer's whole half-year by API alone, through the gateway, as docs/operating/half-year.md tells it.

Open it, chase it, enter it (sheet, file, single value), send one value back, sign off level by level, close, let a unit
in again, correct, dispute, judge, publish; then an unknown reader downloads what is public.
"""

import io
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import docx
import httpx
import pytest

from devstack.access.tokens import Minter
from devstack.demo.client import Client, eventually
from devstack.demo.people import city_organisation
from devstack.demo.working_day import today
from devstack.stack import Stack

FORM, PERIOD = "NQ08-S", "2026S1"
PATH = f"/targets/forms/{FORM}/periods/{PERIOD}"
COUNTED = ("TGT-01", "TGT-02", "TGT-03")
DECISION = {"decision": "12-QĐ/BTGDV", "decided_on": "2026-01-05"}

pytestmark = pytest.mark.timeout(900)


@dataclass
class Officers:
    """Who takes part, each with one role at one body."""

    minter: Minter
    house: Stack
    nobody: Client
    places: dict[str, str]
    fronts: list[dict[str, Any]]
    opened: list[Client] = field(default_factory=list)

    def person(self, role: str, place: str) -> Client:
        token = self.minter.token(role, self.places[place], subject=str(uuid.uuid4()), kind="person")
        client = Client(self.house.base_url, role, token)
        self.opened.append(client)
        return client

    @property
    def unit(self) -> str:
        return str(self.fronts[0]["id"])


@pytest.fixture(scope="module")
async def officers(house: Stack, nobody: Client, minter: Minter) -> AsyncIterator[Officers]:
    fronts = await nobody.all("/registry/organisations", kind="front_committee", level="commune", on="2026-06-30")
    places = {
        "front": await city_organisation(nobody, "front_committee"),
        "board": await city_organisation(nobody, "mass_mobilisation_board"),
        "unit": str(fronts[0]["id"]),
        "other": str(fronts[1]["id"]),
    }
    made = Officers(minter, house, nobody, places, fronts)
    yield made
    for client in made.opened:
        await client.close()


def figures(place: int) -> dict[str, tuple[int, int | None]]:
    """What a unit counts; the city stands above 74 % although the mean of the units' rates does not."""
    return {
        "TGT-01": (700 + place, 1000) if place < 60 else (9_000 - place, 10_000),
        "TGT-02": (place % 3, None),
        "TGT-03": (8, 10),
    }


def csv_of(fronts: list[dict[str, Any]], *, first: int = 0) -> bytes:
    lines = ["indicator_code,period,organisation_id,numerator,denominator,denominator_source"]
    for place, front in enumerate(fronts[first:], first):
        for code, (numerator, denominator) in figures(place).items():
            below = "" if denominator is None else str(denominator)
            lines.append(f"{code},{PERIOD},{front['id']},{numerator},{below},Công an xã 30/6/2026")
    return "\n".join(lines).encode()


async def send_file(raw: httpx.AsyncClient, person: Client, body: bytes, **query: str) -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {person.token}",
        "Content-Type": "text/csv",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    return await raw.post("/api/v1/targets/imports", content=body, headers=headers, params=query)


async def _open(monitor: Client) -> None:
    opened = await monitor.post(f"/targets/forms/{FORM}/periods", {"period": PERIOD})
    codes = {one["indicator_code"] for one in opened["indicators"]}
    assert set(COUNTED) <= codes
    assert len(codes) > 30
    matrix = await monitor.get("/targets/completeness", form=FORM, period=PERIOD)
    assert matrix["totals"]["complete"] == 0
    assert matrix["totals"]["expected"] > 103 * 3


async def _chase(monitor: Client, unit_officer: Client, unit: str) -> None:
    owed = await unit_officer.all("/targets/obligations", organisation_id=unit, form=FORM)
    assert set(COUNTED) <= {one["indicator_code"] for one in owed}
    reminded = await monitor.post(f"{PATH}/remind", {"organisation_ids": [unit], "note_code": "phone_call"})
    assert reminded
    again = {"json": {"organisation_ids": [unit], "note_code": "phone_call"}}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    refused = await monitor.refused("POST", f"{PATH}/remind", 409, headers=headers, **again)
    assert refused["vi" if "vi" in refused else "detail"]
    sent = await monitor.all("/targets/reminders", form=FORM, period=PERIOD, organisation_id=unit)
    assert {one["organisation_id"] for one in sent} == {unit}


async def _enter(raw: httpx.AsyncClient, who: Officers, reporter: Client, unit_officer: Client) -> None:
    sheet = f"{PATH}/organisations/{who.unit}"
    _, match = await unit_officer.read(sheet)
    values = [
        {"indicator_code": code, "numerator": str(numerator)} | ({} if below is None else {"denominator": str(below)})
        for code, (numerator, below) in figures(0).items()
    ]
    broken = [values[0] | {"numerator": "1001"}, *values[1:]]
    refused = await unit_officer.refused("PUT", sheet, 422, json={"values": broken}, headers=match)
    assert [one["code"] for one in refused["errors"]] == ["above_denominator"]
    await unit_officer.put(sheet, {"values": values}, match)
    file = csv_of(who.fronts, first=1)
    tried = await send_file(raw, reporter, file, dry_run="true")
    assert tried.status_code == 200, tried.text
    assert tried.json()["counts"]["imported"] == 102 * 3
    spoilt = file.replace(b",8,10,", b",11,10,", 1)
    half = await send_file(raw, reporter, spoilt)
    assert half.status_code == 409, half.text
    done = await send_file(raw, reporter, csv_of(who.fronts, first=1))
    assert done.json()["counts"]["imported"] == 102 * 3
    again = await send_file(raw, reporter, csv_of(who.fronts))
    assert again.json()["counts"] == {"imported": 0, "updated": 3, "ignored": 102 * 3, "deleted": 0, "conflicts": 0}


async def _submit(reporter: Client) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for code in COUNTED:
        for report in await reporter.all("/targets/reports", indicator_code=code, period=PERIOD, limit=100):
            if report["warnings"] and not report["note"]:
                report = await reporter.patch(f"/targets/reports/{report['id']}", {"note": "Đã kiểm tra với đơn vị"})
            await reporter.act(f"/targets/reports/{report['id']}", "submit")
            found[code, report["organisation_id"]] = report
    assert len(found) == 103 * 3
    return found


async def _waiting(person: Client, place: str, act: str) -> list[dict[str, Any]]:
    waiting = await person.get(f"{PATH}/organisations/{place}/waiting", act=act)
    return [{"report_id": one["report_id"], "version": one["version"]} for one in waiting["reports"]]


async def _sign_off(who: Officers, reporter: Client, verifier: Client, approver: Client) -> None:
    city = who.places["front"]
    first, *_ = await _waiting(verifier, city, "verify")
    returned = {"reports": [first | {"reason": "Tử số khác danh sách kèm theo"}]}
    assert (await verifier.post(f"{PATH}/organisations/{city}/return", returned, status=200))["accepted"] == 1
    path = f"/targets/reports/{first['report_id']}"
    matrix = await verifier.get("/targets/completeness", form=FORM, period=PERIOD, state="returned")
    assert matrix["totals"]["returned"] == 1
    await reporter.patch(path, {"note": "Đã đối chiếu lại danh sách", "reason": "Theo ý kiến trả lại"})
    await reporter.act(path, "submit")
    named = {"reports": await _waiting(verifier, city, "verify")}
    assert len(named["reports"]) == 103 * 3
    signed = await verifier.post(f"{PATH}/organisations/{city}/verify", named, status=200)
    assert (signed["accepted"], signed["refused"]) == (103 * 3, 0)
    ready = {"reports": await _waiting(approver, city, "approve")}
    approved = await approver.post(f"{PATH}/organisations/{city}/approve", ready, status=200)
    assert (approved["accepted"], approved["refused"]) == (103 * 3, 0)


async def _judge(monitor: Client, who: Officers) -> dict[str, Any]:
    ended = await monitor.get("/targets/indicators/TGT-01/progress", period=PERIOD)
    assert (ended["status"], ended["reason"]) == ("period_ended", "target_ended")
    version = DECISION | {
        "comparator": ">",
        "value": "74",
        "valid_from": "2026-01-01",
        "counting_method": "distinct_persons",
        "minimum_coverage": "90",
    }
    await monitor.post("/targets/indicators/TGT-01/targets", version)
    judged = await monitor.get("/targets/indicators/TGT-01/progress", period=PERIOD)
    pairs = [figures(place)["TGT-01"] for place in range(103)]
    above, below = sum(pair[0] for pair in pairs), sum(pair[1] or 0 for pair in pairs)
    assert (Decimal(judged["numerator"]), Decimal(judged["denominator"])) == (above, below)
    assert judged["coverage"]["counted"] == judged["coverage"]["expected"] == 103
    assert judged["target"]["decision"] == DECISION["decision"]
    assert "đúng" in judged["comparison"]
    page = await monitor.get("/targets/dashboards/resolutions/08-NQ/TU", period=PERIOD)
    line = next(one for one in page["indicators"] if one["code"] == "TGT-01")
    assert (line["numerator"], line["status"], line["period"]) == (judged["numerator"], judged["status"], PERIOD)
    assert len(page["indicators"]) > 60
    trace = await monitor.get("/targets/indicators/TGT-01/trace", period=PERIOD, organisation_id=who.unit)
    assert trace
    return dict(judged)


async def _correct(who: Officers, people: dict[str, Client], report: str, period_id: str, before: Decimal) -> None:
    monitor, unit_officer = people["monitor"], people["unit_officer"]
    _, match = await monitor.read(PATH)
    await monitor.post(f"{PATH}/close", {"reason_code": "final"}, status=200, key=False, match=match)
    wrong = {"numerator": "712", "reason": "Đếm sót một ấp"}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    path = f"/targets/reports/{report}/corrections"
    closed = await unit_officer.refused("POST", path, 409, json=wrong, headers=headers)
    assert closed["code"] == "period_closed"
    until = (today() + timedelta(days=3)).isoformat()
    asked = {"organisation_ids": [who.unit], "until_on": until, "reason": "Nhập sót"}
    request = await unit_officer.post(f"/targets/periods/{period_id}/reopen-requests", asked)
    await people["second_monitor"].act(f"/targets/reopen-requests/{request['id']}", "approve", {})
    correction = (await unit_officer.post(path, wrong))["id"]
    standing = await monitor.get("/targets/indicators/TGT-01/progress", period=PERIOD)
    assert Decimal(standing["numerator"]) == before  # counts on until the corrected one is approved
    place = f"/targets/corrections/{correction}"
    listed = (await unit_officer.get(path))["items"][0]
    for person, action in ((people["verifier"], "verify"), (people["approver"], "approve")):
        match = {"If-Match": f'"{listed["version"]}"'}
        listed = await person.post(f"{place}/{action}", status=200, key=False, match=match)
    after = await monitor.get("/targets/indicators/TGT-01/progress", period=PERIOD)
    assert Decimal(after["numerator"]) == before + 12
    history = await unit_officer.all(f"/targets/reports/{report}/history")
    assert history[-1]["values_before"]["numerator"] == "700"
    assert history[-1]["values_after"]["numerator"] == "712"


async def _dispute(who: Officers, people: dict[str, Client]) -> None:
    nobody, officer = who.nobody, people["front_officer"]
    unit_code = next(front["unit_code"] for front in who.fronts if front["id"] == who.unit)
    for text in ("Tổ của tôi không ai được hỏi", "Số liệu hội viên không đúng", "Hội viên bị đếm hai lần"):
        sent = {
            "identity_mode": "anonymous",
            "unit_code": unit_code,
            "text": text,
            "consent": {"purpose": "feedback_handling", "text_version": "2026-01", "agreed": True},
        }
        await nobody.post("/feedback/submissions", sent)
    items = (await officer.get("/feedback/submissions"))["items"]
    subjects = [item["id"] for item in items][:3]
    body = {
        "kind": "feedback_cluster",
        "indicator_code": "TGT-01",
        "period": PERIOD,
        "organisation_id": who.unit,
        "subject_ids": subjects,
        "reason_code": "other",
        "text": "Ba phản ánh cùng nói số liệu đếm hai lần.",
    }

    async def raised() -> Any:
        answer = await officer.refused("POST", "/targets/disputes", None, json=body, headers=key())
        return answer if "id" in answer else None  # the events of the submissions may still be on their way

    made = await eventually("the dispute is taken", raised)
    page = await people["monitor"].get("/targets/dashboards/resolutions/08-NQ/TU", period=PERIOD)
    assert next(one for one in page["indicators"] if one["code"] == "TGT-01")["disputed"] is True
    progress = await people["monitor"].get("/targets/indicators/TGT-01/progress", period=PERIOD)
    assert progress["disputed_values"] == 1
    answer = {"answer": "figure_stands", "text": "Đã đối chiếu sổ hội viên từng ấp, không đếm trùng."}
    await people["unit_officer"].act(f"/targets/disputes/{made['id']}", "answer", answer)
    await people["monitor"].act(f"/targets/disputes/{made['id']}", "accept")
    progress = await people["monitor"].get("/targets/indicators/TGT-01/progress", period=PERIOD)
    assert progress["disputed"] is False


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


async def _publish(raw: httpx.AsyncClient, people: dict[str, Client], numerator: Decimal) -> None:
    monitor, approver = people["monitor"], people["approver"]
    review = {
        "kind": "interim_review",
        "title": "Sơ kết 6 tháng đầu năm 2026",
        "resolution": "08-NQ/TU",
        "periods": [PERIOD],
    }
    snapshot = await monitor.post("/targets/snapshots", review)
    path = f"/targets/snapshots/{snapshot['id']}"
    frozen = await monitor.get(f"{path}/figures/TGT-01_{PERIOD}_city")
    assert Decimal(str(frozen["numerator"])) == numerator
    _, match = await monitor.read(path)
    document = {"number": "15-BC/BTGDV", "issued_on": today().isoformat()}
    own = await monitor.refused("POST", f"{path}/issue", 403, json=document, headers=match)
    assert own["detail"]
    hidden = await raw.get(f"/api/v1/targets/published/{snapshot['id']}")
    assert hidden.status_code == 404
    await approver.act(path, "issue", document)
    pdf = await monitor.bytes(f"{path}/document.pdf")
    assert pdf.startswith(b"%PDF")
    word = docx.Document(io.BytesIO(await monitor.bytes(f"{path}/document.docx")))
    assert any("Sơ kết 6 tháng đầu năm 2026" in paragraph.text for paragraph in word.paragraphs)
    public = f"/api/v1/targets/published-files/{snapshot['id']}"
    text = await raw.get(f"{public}/document.md")
    assert text.status_code == 200
    assert "TGT-01" in text.text
    data = await raw.get(f"{public}/data.sdmx-csv")
    assert data.status_code == 200
    assert data.text.startswith("STRUCTURE,STRUCTURE_ID,ACTION")
    assert {"json", "csv", "xlsx"} == {
        form for form in ("json", "csv", "xlsx") if (await raw.get(f"{public}/data.{form}")).status_code == 200
    }
    listed = (await raw.get("/api/v1/targets/published")).json()["items"]
    assert snapshot["id"] in {one["id"] for one in listed}


async def test_a_whole_half_year(officers: Officers, raw: httpx.AsyncClient) -> None:
    who = officers
    people = {
        "monitor": who.person("monitoring_officer", "board"),
        "second_monitor": who.person("monitoring_officer", "board"),
        "approver": who.person("approver", "board"),
        "reporter": who.person("reporter", "front"),
        "verifier": who.person("verifier", "front"),
        "unit_officer": who.person("front_officer", "unit"),
        "front_officer": who.person("front_officer", "unit"),
        "neighbour": who.person("front_officer", "other"),
    }
    await _open(people["monitor"])
    await _chase(people["monitor"], people["unit_officer"], who.unit)
    await _enter(raw, who, people["reporter"], people["unit_officer"])
    reports = await _submit(people["reporter"])
    own = reports["TGT-01", who.unit]
    await people["neighbour"].refused("GET", f"/targets/reports/{own['id']}", 404)
    await _sign_off(who, people["reporter"], people["verifier"], people["approver"])
    judged = await _judge(people["monitor"], who)
    opened = await people["monitor"].all("/targets/periods", indicator_code="TGT-01")
    period = next(one for one in opened if one["period"] == PERIOD)
    await _correct(who, people, own["id"], period["id"], Decimal(judged["numerator"]))
    await _dispute(who, people)
    await _publish(raw, people, Decimal(judged["numerator"]) + 12)
