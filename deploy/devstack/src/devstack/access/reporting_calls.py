"""How the operations of reporting, by single values, files and forms, are called; see `calls`."""

from collections.abc import Callable
from typing import Any, Final

from devstack.access.scene import FORM, INDICATOR, PERIOD, Scene
from devstack.demo.working_day import today

DAY: Final = "2026-11-02"
_REASON: Final = {"reason": "Kiểm tra phân quyền"}
Make = Callable[[Scene], Any]


def _front(scene: Scene) -> str:
    return scene.place("front", "own")


def _figures(scene: Scene) -> dict[str, str]:
    return {"indicator_code": INDICATOR, "period": PERIOD, "organisation_id": _front(scene), "numerator": "1"}


def _named(scene: Scene) -> dict[str, Any]:
    """Name a report at a version it never had: it is refused in the answer, and nothing changes."""
    return {"reports": [{"report_id": scene.ids["report_id"], "version": 99999}]}


BODIES: Final[dict[str, Make]] = {
    "targets.create_period": lambda _: {"indicator_code": INDICATOR, "period": PERIOD},
    "targets.close_period": lambda _: {},
    "targets.create_report": _figures,
    "targets.correct_report": lambda _: {"numerator": "2"},
    "targets.return_report": lambda _: _REASON,
    # A code that is taken (409): asked after the caller was found to be at the board.
    "targets.create_form": lambda _: {
        "code": FORM,
        "name_vi": "x",
        "name_en": "x",
        "period_kind": "year",
        "indicators": [INDICATOR],
        "levels": [
            {"key": "city", "act": "verify", "name_vi": "x", "name_en": "x"},
            {"key": "board", "act": "approve", "name_vi": "x", "name_en": "x"},
        ],
    },
    "targets.change_form": lambda _: {"open_future": False},
    "targets.create_form_period": lambda _: {"period": PERIOD},
    "targets.close_form_period": lambda _: {},
    "targets.fill_sheet": lambda _: {"values": [{"indicator_code": INDICATOR, "numerator": "2"}]},
    "targets.verify_reports": _named,
    "targets.approve_reports": _named,
    "targets.return_reports": lambda s: {"reports": [{**_named(s)["reports"][0], **_REASON}]},
    "targets.remind_units": lambda s: {"organisation_ids": [_front(s)], "note_code": "phone_call"},
    "targets.request_reopening": lambda s: {
        "organisation_ids": [_front(s)],
        "until_on": today().isoformat(),
        "reason": "x",
    },
    "targets.approve_reopening": lambda _: {},
    "targets.refuse_reopening": lambda _: _REASON,
    "targets.request_correction": lambda _: {"numerator": "2", **_REASON},
    "targets.refuse_correction": lambda _: _REASON,
    "targets.add_evidence_document": lambda _: {"document_number": "1/BC", "document_date": DAY},
}
DONE: Final[dict[str, set[int]]] = {
    "targets.create_period": {409},
    "targets.create_report": {409},
    # Without a body, so of no type (415): asked after the caller was found to enter figures somewhere.
    "targets.import_values": {415},
    "targets.create_form": {409},
    "targets.create_form_period": {409},
    "targets.remind_units": {409},
    # The period is open.
    "targets.request_reopening": {409},
    # The report is not approved.
    "targets.request_correction": {409},
    # No bytes.
    "targets.add_evidence_file": {415},
    # Once there are as many as a report carries.
    "targets.add_evidence_document": {201, 409},
    # The report is approved.
    "targets.remove_evidence": {409},
}
QUERIES: Final[dict[str, Make]] = {
    "targets.list_expected": lambda _: {"limit": "100"},
    "targets.make_template": lambda _: {"period": PERIOD},
    "targets.read_completeness": lambda _: {"form": FORM, "period": PERIOD},
    "targets.export_completeness": lambda _: {"form": FORM, "period": PERIOD},
    "targets.list_obligations": lambda s: {"organisation_id": _front(s)},
    "targets.list_reminders": lambda s: {"organisation_id": _front(s)},
}
SHOWN: Final[dict[str, Make]] = {
    "targets.list_reports": lambda s: s.ids["report_id"],
    "targets.list_imports": lambda s: s.ids["import_id"],
    "targets.list_expected": _front,
    "targets.read_completeness": _front,
    "targets.list_obligations": _front,
    "targets.list_reminders": _front,
    "targets.list_reopen_requests": lambda s: s.ids["request_id"],
}
