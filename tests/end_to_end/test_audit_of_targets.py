"""Every kind of change to targets leaves an audit row with its actor: the scene of the matrix, and what follows."""

import re
import secrets
from typing import Any

import httpx
import pytest

from devstack.access.calls import Operation, operations
from devstack.access.figure_calls import BODIES as FIGURES
from devstack.access.making import set_scene
from devstack.access.reporting_calls import BODIES as REPORTING
from devstack.access.resolution_calls import BODIES as RESOLUTIONS
from devstack.access.scene import FORM, INDICATOR, NOBODY_LISTENS, PERIOD, Scene
from devstack.access.tokens import Minter
from devstack.demo.client import Client

from .conftest import GENEROUS
from .documents import joined_document
from .watching import watched

DAY = "2026-11-02"
DECISION = {"decision": "1/QĐ", "decided_on": DAY}
NEW = {"If-Match": '"0"'}
NOT_CALLED = {
    "targets.accept_answer", "targets.approve_reports", "targets.close_dispute", "targets.close_form_period",
    "targets.refuse_correction", "targets.refuse_reopening", "targets.remove_evidence", "targets.return_report",
    "targets.return_reports", "targets.submit_sheet", "targets.verify_reports",
}  # fmt: skip
"""The other ways out of what is called here, and signing many reports at once, which the half-year does."""


@pytest.mark.timeout(900)
async def test_every_kind_of_change_to_targets_is_in_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"RATE_LIMITS": GENEROUS, "ALLOWED_TARGETS": NOBODY_LISTENS, "ANONYMOUS_EVENT_DELAY_SECONDS": "0"}
    async with watched(monkeypatch, **settings) as seen:
        nobody = Client(seen.stack.base_url)
        async with httpx.AsyncClient(base_url=seen.stack.base_url, timeout=60) as raw:
            known = operations(await joined_document(raw))
        scene = await set_scene(nobody, Minter(seen.stack, known))
        await decide_on_reports(scene)
        await fill_a_sheet(scene)
        await answer_the_dispute(scene)
        await describe_what_is_measured(scene)
        await set_what_is_judged_by(scene)
        assert seen.silent == []
    changes = [one for name, one in known.items() if one.method != "GET" and name.startswith("targets.")]
    assert {one.id for one in changes if not is_called(one, seen.paths)} == NOT_CALLED


def is_called(one: Operation, paths: set[str]) -> bool:
    """Say whether an operation is among the calls the witness was told of."""
    whole = re.compile(f"{one.method} " + re.sub(r"\{\w+\}", "[^/]+", one.path.removeprefix("/api/v1")))
    return any(whole.fullmatch(path) for path in paths)


def board(scene: Scene, role: str = "monitoring_officer") -> Client:
    return scene.acting(role, scene.place("front", "board"), role)


async def decide_on_reports(scene: Scene) -> None:
    """Let a unit in again, correct what is approved, correct and document a draft."""
    front = scene.place("front", "own")
    reporter = scene.acting("reporter", front, "reporter")
    verifier = scene.acting("verifier", scene.place("front", "parent"), "verifier")
    await board(scene).act(f"/targets/reopen-requests/{scene.ids['request_id']}", "approve", {})
    place, version = f"/targets/corrections/{scene.ids['correction_id']}", 1
    for person, step in ((verifier, "verify"), (board(scene, "approver"), "approve")):
        match = {"If-Match": f'"{version}"'}
        version = (await person.post(f"{place}/{step}", status=200, key=False, match=match))["version"]
    body = {"indicator_code": "TGT-02", "period": PERIOD, "organisation_id": front, "numerator": "1"}
    draft = f"/targets/reports/{(await reporter.post('/targets/reports', body))['id']}"
    await reporter.patch(draft, {"numerator": "2"})
    await reporter.post(f"{draft}/evidence", {"document_number": "1/BC", "document_date": DAY})


async def fill_a_sheet(scene: Scene) -> None:
    """Enter a unit's values of a form in one call."""
    front = scene.place("front", "own")
    sheet = f"/targets/forms/{FORM}/periods/{PERIOD}/organisations/{front}"
    reporter = scene.acting("reporter", front, "reporter")
    _, match = await reporter.read(sheet)
    await reporter.put(sheet, {"values": [{"indicator_code": "TGT-02", "numerator": "3"}]}, match)


async def answer_the_dispute(scene: Scene) -> None:
    """The answer is not accepted at first."""
    path = f"/targets/disputes/{scene.ids['dispute_id']}"
    reporter = scene.acting("reporter", scene.place("front", "own"), "reporter")
    await reporter.act(path, "answer", {"answer": "figure_stands", "text": "Đã đối chiếu"})
    await board(scene).act(path, "reject", {"text": "Chưa có tài liệu"})


def resolution(scene: Scene) -> dict[str, Any]:
    """Two indicators: one is reported, one computed by a formula."""
    small: dict[str, Any] = RESOLUTIONS["targets.create_resolution"](scene)
    reported = small["indicators"][0] | {"reporter_kinds": ["front_committee"]}
    computed = small["indicators"][0] | {
        "code": "X-2",
        "kind": "count",
        "unit": "persons",
        "numerator_vi": "x",
        "numerator_en": "x",
        "source": "formula",
        "formula": {"numerator": f"{INDICATOR}.numerator"},
        "reporting_kinds": [],
    }
    return small | {"indicators": [reported, computed]}


async def describe_what_is_measured(scene: Scene) -> None:
    """A resolution, a form and a term are added, and an indicator described."""
    monitor = board(scene)
    loaded = await monitor.post("/targets/resolutions", resolution(scene))
    end = {"valid_to": "2030-12-31", **DECISION}
    await monitor.patch(f"/targets/resolutions/{loaded['resolution_id']}", end)
    _, match = await monitor.read("/targets/indicators/X-2/formula")
    formula = {"numerator": f"{INDICATOR}.denominator", "applies_from": DAY}
    await monitor.put("/targets/indicators/X-2/formula", formula | DECISION, match)
    await monitor.patch(f"/targets/indicators/{INDICATOR}", {"definition_vi": "Theo hướng dẫn"})
    form: dict[str, Any] = REPORTING["targets.create_form"](scene)
    made = await monitor.post("/targets/forms", {**form, "code": f"F-{secrets.token_hex(3)}"})
    await monitor.patch(f"/targets/forms/{made['code']}", {"open_future": True})
    term, match = await monitor.read("/targets/calendar/terms/2025T2030")
    days = {name: term[name] for name in ("first_day", "last_day", "confidence")} | {"source": "Văn kiện"}
    await monitor.put("/targets/calendar/terms/2025T2030", days, match)


async def set_what_is_judged_by(scene: Scene) -> None:
    """Target, answer, formula, allocation, people and rules."""
    monitor, front = board(scene), scene.place("front", "own")
    target = {"comparator": ">=", "value": "80", "valid_from": "2027-01-01", "counting_method": "distinct_persons"}
    await monitor.post(f"/targets/indicators/{INDICATOR}/targets", target | DECISION)
    _, match = await monitor.read("/targets/indicators/TGT-03")
    answer = DECISION | {"answer": "heads_and_deputies"}
    await monitor.put("/targets/indicators/TGT-03/questions/key_officials", answer, match)
    parts = {"method": "sum", "units": [{"organisation_id": front, "value": "1"}]}
    await monitor.put("/targets/indicators/TGT-02/targets/1/allocation", parts | DECISION, NEW)
    counted = {"persons": 30_000, "source": "Công an phường"}
    unit = (await monitor.get(f"/registry/organisations/{front}"))["unit_id"]
    await monitor.put(f"/targets/population/{unit}/{DAY}", counted, NEW)
    rule: dict[str, Any] = FIGURES["targets.change_validation_rule"](scene)
    made = await monitor.post("/targets/validation-rules", {"code": f"R-{secrets.token_hex(3)}".upper(), **rule})
    path = f"/targets/validation-rules/{made['id']}"
    _, match = await monitor.read(path)
    await monitor.put(path, {**rule, "constant": "99"}, match)
