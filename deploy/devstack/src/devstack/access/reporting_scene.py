"""The reports, snapshot and dispute the matrix is tried on, really made; see `making`."""

import secrets
from typing import Any

from devstack.access.scene import FORM, INDICATOR, PERIOD, RESOLUTION, Scene
from devstack.demo.client import Client, Unexpected, eventually
from devstack.demo.photo import photo_with_position
from devstack.demo.working_day import today


async def make_report(scene: Scene) -> None:
    """Reports in every state, with all that can be asked about them."""
    monitor = scene.acting("monitoring_officer", scene.place("front", "board"), "monitor")
    period = await monitor.post("/targets/periods", {"indicator_code": INDICATOR, "period": PERIOD})
    body = {
        "indicator_code": INDICATOR,
        "period": PERIOD,
        "organisation_id": scene.place("front", "own"),
        "numerator": "75",
        "denominator": "100",
        "counting_method": "distinct_persons",
        "denominator_source": "Công an phường, 31/12/2025",
    }
    reporter = scene.acting("reporter", scene.place("front", "own"), "reporter")
    report = await reporter.post("/targets/reports", body)
    value = {"dataElement": INDICATOR, "orgUnit": body["organisation_id"], "value": "75"}
    whole = {**value, "categoryOptionCombo": "denominator", "value": "100"}
    file = {"period": PERIOD, "dataValues": [value, whole]}
    scene.ids["import_id"] = str((await reporter.post("/targets/imports", file, status=200))["id"])
    scene.ids["validation_rule_id"] = str((await monitor.get("/targets/validation-rules"))["items"][0]["id"])
    await reporter.act(f"/targets/reports/{report['id']}", "submit")
    scene.ids["period_id"], scene.ids["report_id"] = str(period["id"]), str(report["id"])
    await monitor.post(f"/targets/forms/{FORM}/periods", {"period": PERIOD})
    await _make_snapshot(scene, monitor)
    await _make_approved(scene)
    await _make_reopening(scene, monitor)
    front = scene.place("front", "own")
    chased = {"organisation_ids": [front], "note_code": "phone_call"}
    await monitor.post(f"/targets/forms/{FORM}/periods/{PERIOD}/remind", chased)


async def _make_approved(scene: Scene) -> None:
    """An approved report with evidence, and a correction asked for."""
    front = scene.place("front", "own")
    reporter = scene.acting("reporter", front, "reporter")
    body = {
        "indicator_code": "TGT-03",
        "period": PERIOD,
        "organisation_id": front,
        "numerator": "3",
        "denominator": "4",
    }
    report = await reporter.post("/targets/reports", body)
    path = f"/targets/reports/{report['id']}"
    scene.ids["evidence_id"] = str((await reporter.upload(f"{path}/evidence", photo_with_position()))["id"])
    await reporter.act(path, "submit")
    await scene.acting("verifier", scene.place("front", "parent"), "verifier").act(path, "verify")
    await scene.acting("approver", scene.place("front", "board"), "approver").act(path, "approve")
    asked = {"numerator": "4", "reason": "Đếm lại"}
    scene.ids["correction_id"] = str((await reporter.post(f"{path}/corrections", asked))["id"])


async def _make_reopening(scene: Scene, monitor: Client) -> None:
    """A request to reopen a period that is closed."""
    opened = (await monitor.get("/targets/periods", indicator_code="TGT-02"))["items"]
    [period] = [one for one in opened if one["period"] == PERIOD]
    await monitor.act(f"/targets/periods/{period['id']}", "close", {})
    front = scene.place("front", "own")
    asked = {"organisation_ids": [front], "until_on": today().isoformat(), "reason": "Nhập sót"}
    reporter = scene.acting("reporter", front, "reporter")
    made = await reporter.post(f"/targets/periods/{period['id']}/reopen-requests", asked)
    scene.ids["request_id"] = str(made["id"])


async def _make_snapshot(scene: Scene, monitor: Client) -> None:
    """An issued review."""
    review = {"kind": "interim_review", "title": "Sơ kết thử", "resolution": RESOLUTION, "periods": [PERIOD]}
    snapshot = await monitor.post("/targets/snapshots", review)
    scene.ids["snapshot_id"] = str(snapshot["id"])
    approver = scene.acting("approver", scene.place("front", "board"), "approver")
    document = {"number": f"{secrets.token_hex(4)}/BC", "issued_on": today().isoformat()}
    await approver.act(f"/targets/snapshots/{snapshot['id']}", "issue", document)


async def make_dispute(scene: Scene) -> None:
    """As soon as the conclusion of the case has arrived at targets, dispute the report by it."""
    officer = scene.acting("front_officer", scene.place("front", "own"), "officer")
    value = {"indicator_code": INDICATOR, "period": PERIOD, "organisation_id": scene.place("front", "own")}
    why = {"kind": "oversight_finding", "reason_code": "other", "text": "Số đếm được khác số báo cáo."}
    body = {**value, **why, "subject_ids": [scene.ids["case_id"]]}

    async def raised() -> Any:
        try:
            return await officer.post("/targets/disputes", body)
        except Unexpected:
            return None

    scene.ids["dispute_id"] = str((await eventually("a case's conclusion is known to targets", raised))["id"])
