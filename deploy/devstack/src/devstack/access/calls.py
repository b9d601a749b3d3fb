"""How each operation is called so that an allowed call changes nothing: mostly with an If-Match nobody ever gave out.

What is not said in `BODIES`, `QUERIES`, `SHOWN` and `DONE` follows from the OpenAPI document: ids of the scene for path
parameters, a fresh Idempotency-Key, and 200 (GET) or 412 (If-Match) as the answer to an allowed call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from devstack.access import figure_calls, reporting_calls, resolution_calls
from devstack.access.scene import (
    NOBODY_LISTENS,
    PLAN_PARTS,
    READ_ME,
    Scene,
    new_department,
    new_provider,
)
from devstack.demo.people import NINH_KIEU

NEVER_GIVEN: Final = '"999999"'
DAY: Final = "2026-11-02"
HOLIDAY: Final = "2026-01-01"
"""A day of which something has been said, so that saying more needs its version."""
Make = Callable[[Scene], Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the OpenAPI document describes it."""

    id: str
    method: str
    path: str
    access: str | list[str]
    headers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `shown` is what a list holds for those who may see it, `done` the answers to an allowed call."""

    method: str
    path: str
    done: frozenset[int]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    file: tuple[str, bytes, str] | None = None
    shown: str | None = None
    ends_tokens: bool = False


def operations(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Read the operations of an OpenAPI document by their ids."""
    found = {}
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            headers = {entry["name"] for entry in one.get("parameters", ()) if entry["in"] == "header"}
            name = one["operationId"]
            found[name] = Operation(name, method.upper(), path, one["x-access"], frozenset(headers))
    return found


def call_of(operation: Operation, scene: Scene, view: str) -> Call:
    """Return the request that tries an operation."""
    headers = {}
    if "If-Match" in operation.headers:
        headers["If-Match"] = NEVER_GIVEN
    if "Idempotency-Key" in operation.headers:
        headers["Idempotency-Key"] = uuid4().hex
    done = DONE.get(operation.id) or {412 if "If-Match" in operation.headers else 200}
    shown = SHOWN.get(operation.id)
    return Call(
        method=operation.method,
        path=_address(operation, scene, view),
        done=frozenset(done),
        query=QUERIES[operation.id](scene) if operation.id in QUERIES else {},
        headers=headers,
        json=BODIES[operation.id](scene) if operation.id in BODIES else None,
        file=("x.jpg", b"no photo", "image/jpeg") if operation.id == "feedback.upload_photo" else None,
        shown=shown(scene) if shown else None,
        ends_tokens=operation.id == "registry.end_session",
    )


def _address(operation: Operation, scene: Scene, view: str) -> str:
    organisation = scene.place("committee" if "/addressees/" in operation.path else "front", "own")
    fixed = {"organisation_id": organisation, "day": HOLIDAY, "year": "2026", "number": "1", "code": "31135"}
    fixed["key"] = scene.secrets["provider"]
    if operation.id.startswith("targets."):
        fixed |= figure_calls.names_of(operation.path, scene)
    return operation.path.format_map({**scene.ids, **fixed})


def _ticket(scene: Scene) -> dict[str, str]:
    return {name: scene.secrets[name] for name in ("code", "secret")}


def _front(scene: Scene) -> str:
    return scene.place("front", "own")


def _shares(successor: str) -> dict[str, Any]:
    share = {"successor_id": successor, "ratio": "0.5", "ratio_source": "x"}
    return {"reason_code": "first_known", "shares": [share]}


def _newcomer() -> dict[str, Any]:
    organisation = {"kind": "front_committee", "unit_code": NINH_KIEU}
    return {"username": f"new.{uuid4().hex[:8]}", "name": "Người mới", "organisation": organisation}


_REASON: Final = {"reason": "Kiểm tra phân quyền"}
_INSTRUMENT: Final = {"title": "x", "status": "in_force", "confidence": "unconfirmed", "source": "x"}
_DOCUMENT: Final = {"document_number": "1/KH", "document_date": DAY}
BODIES: Final[dict[str, Make]] = {
    **resolution_calls.BODIES,
    **reporting_calls.BODIES,
    **figure_calls.BODIES,
    # A name that is taken (409): asked after the organisation was found to be the caller's.
    "registry.add_account": lambda s: {
        "username": s.secrets["username"],
        "name": "Người thử",
        "organisation_id": _front(s),
    },
    "registry.lock": lambda _: {"reason_code": "left"},
    "registry.add_role": lambda s: {"role": "handler", "organisation_id": _front(s)},
    # Without a password (422): asked after the caller was found to be signed in.
    "registry.change_password": lambda _: {},
    "registry.enrol_totp": lambda _: {},
    "registry.confirm_totp": lambda _: {},
    "registry.set_password_with_code": lambda _: {},
    # Linked already (409): asked after the account was found to be the caller's.
    "registry.link_identity": lambda s: {"provider": s.secrets["provider"], "subject": "mot-nguoi"},
    # A key that is taken (409): asked after the organisation was found to be the caller's.
    "registry.add_identity_provider": lambda s: new_provider(s, s.secrets["provider"]),
    "registry.change_identity_provider": lambda s: {
        name: value
        for name, value in new_provider(s, s.secrets["provider"]).items()
        if name not in ("key", "organisation_id")
    },
    # An address nobody registered (422).
    "registry.begin_sign_in": lambda _: {"redirect_uri": "https://elsewhere.example.vn/"},
    "registry.add_client": lambda s: {
        "client_id": s.secrets["client_id"],
        "name": "Hệ thống",
        "organisation_id": _front(s),
        "scopes": [READ_ME],
    },
    "registry.rotate_credential": lambda _: {},
    "registry.change_client_scopes": lambda _: {"scopes": [READ_ME]},
    "registry.restructure_all": lambda s: {
        "happened_on": DAY,
        "legal_basis": "Quyết định thử",
        "changes": [new_department(_front(s))],
    },
    "registry.put_unit_shares": lambda s: _shares(s.ids["unit_id"]),
    "registry.put_organisation_shares": lambda s: _shares(_front(s)),
    "registry.put_day": lambda _: {"kind": "off_in_lieu", "name": "x", "source": "x", "confirmed": False},
    "registry.put_year": lambda _: {"confirmed": False, "source": "x"},
    "registry.apply_setup": lambda _: {"people": [_newcomer()]},
    "registry.put_notice": lambda _: {"source": "x", "confirmed": False, "days": []},
    "registry.end": lambda _: {"last_day": "2027-01-01", "source": "x"},
    # A number, and a clause, that are there already (409).
    "registry.add_instrument": lambda s: {"code": s.facts["code"], **_INSTRUMENT},
    "registry.put_instrument": lambda _: _INSTRUMENT,
    "registry.add_provision": lambda s: {"article": s.facts["article"], "clause": s.facts["clause"], "summary": "x"},
    "registry.put_provision": lambda _: {"summary": "x"},
    "registry.add_rule": lambda _: {
        "key": "IND.REPORT_DUE",
        "title": "Hạn báo cáo",
        "amount": 5,
        "unit": "working_days",
        "direction": "after",
        "anchor": "period_end",
        "confidence": "no_legal_figure",
        "valid_from": "2027-01-01",
        "replaces_version": 99,
    },
    "registry.create_token": lambda s: {
        "grant_type": "client_credentials",
        "client_id": s.secrets["client_id"],
        "client_secret": s.secrets["client"],
    },
    "feedback.verify_receipt": lambda s: {n: s.secrets[f"receipt_{n}"] for n in ("payload", "signature", "key_id")},
    "feedback.send_submission": lambda _: {
        "identity_mode": "anonymous",
        "unit_code": "00000",
        "text": "Không có xã, phường này.",
        "consent": {"purpose": "feedback_handling", "text_version": "2026-01", "agreed": True},
    },
    "feedback.classify_submission": lambda _: {"kind": "report"},
    "feedback.refuse_submission": lambda _: {"reason_code": "unclear", "text": "Không rõ"},
    "feedback.guide_sender_out": lambda _: {"text": "Gửi nơi khác"},
    "feedback.assign_submission": lambda s: {"holder_organisation_id": s.place("committee", "own")},
    "feedback.answer_submission": lambda _: {"outcome": "done", "text": "Xong"},
    "feedback.reveal": lambda _: {"reason_code": "safety"},
    "feedback.track": _ticket,
    "feedback.explain_tracked_deadline": _ticket,
    "feedback.read_receipt_again": _ticket,
    "feedback.read_tracked_photo": lambda s: {**_ticket(s), "attachment_id": s.ids["attachment_id"]},
    "feedback.confirm_solved": _ticket,
    "feedback.say_not_solved": _ticket,
    # The presiding body as its own object (422): asked after it was found to be the caller's.
    "oversight.post_case": lambda s: {
        "form": "document_review",
        "trigger": "media",
        "presiding_organisation_id": _front(s),
        "object_organisation_ids": [_front(s)],
        "title": "x",
        "content": "x",
    },
    "oversight.post_plan": lambda _: {"parts": dict.fromkeys(PLAN_PARTS, "x"), **_DOCUMENT},
    "oversight.post_conclusion": lambda _: {"conclusion": "x", **_DOCUMENT},
    "oversight.post_recommendation": lambda s: {
        "number": "9/KN",
        "text": "x",
        "addressees": [{"organisation_id": s.place("committee", "own")}],
    },
    "oversight.post_reply": lambda _: {"disposition": "accepted", "text": "x", "plan": "x"},
    "oversight.post_verification": lambda _: {"finding": "x", "evidence": "x"},
    "oversight.post_end": lambda _: {"reason_code": "superseded", "note": "x"},
    # A type of event that is not there (422): asked after the owner was found to be the caller's.
    "webhooks.register": lambda s: {
        "url": f"http://{NOBODY_LISTENS}/",
        "description": "x",
        "event_types": ["feedback.nothing.happened.v1"],
        "owner_organisation_id": _front(s),
    },
    "webhooks.change": lambda _: {"description": "x"},
}
DONE: Final[dict[str, set[int]]] = {
    **resolution_calls.DONE,
    **reporting_calls.DONE,
    **figure_calls.DONE,
    "registry.add_account": {409},
    "registry.add_role": {409},
    "registry.add_client": {409},
    "registry.add_rule": {409},
    "registry.change_password": {422},
    "registry.enrol_totp": {422},
    "registry.confirm_totp": {422},
    "registry.set_password_with_code": {422},
    "registry.end_my_other_sessions": {204},
    "registry.end_one_session": {204},
    "registry.end_session": {204},
    "registry.link_identity": {409},
    "registry.add_identity_provider": {409},
    "registry.begin_sign_in": {422},
    "registry.add_instrument": {409},
    "registry.add_provision": {409},
    "feedback.send_submission": {422},
    "feedback.upload_photo": {422},
    "oversight.post_case": {422},
    "webhooks.register": {422},
    "webhooks.send_test": {202},
    "webhooks.resend": {409},
    "webhooks.disable": {409},
}
QUERIES: Final[dict[str, Make]] = {
    **resolution_calls.QUERIES,
    **reporting_calls.QUERIES,
    **figure_calls.QUERIES,
    "registry.list_accounts": lambda s: {"organisation_id": _front(s)},
    "registry.list_clients": lambda s: {"organisation_id": _front(s)},
    "registry.read_calendar": lambda _: {"from": "2026-01-01", "until": "2026-02-01"},
    "registry.restructure_all": lambda _: {"dry_run": "true"},
    "registry.apply_setup": lambda _: {"dry_run": "true"},
    "registry.find_units_by_name": lambda _: {"name": "Ninh Kiều"},
    "registry.find_organisations_by_name": lambda _: {"name": "Ban"},
    "registry.read_unit_successors": lambda s: {"id": s.ids["unit_id"]},
    "registry.read_organisation_successors": lambda s: {"id": _front(s)},
    "registry.list_facts": lambda _: {"kind": "calendar_year", "limit": "1"},
    "feedback.list_submissions": lambda s: {"code": s.secrets["code"]},
    "oversight.list_facts": lambda _: {"kind": "case", "limit": "1"},
}
SHOWN: Final[dict[str, Make]] = {
    **reporting_calls.SHOWN,
    **figure_calls.SHOWN,
    "registry.list_accounts": lambda s: s.ids["account_id"],
    "registry.list_clients": lambda s: s.ids["row_id"],
    "registry.list_identities": lambda s: s.ids["identity_id"],
    "registry.list_identity_providers": lambda s: s.ids["provider_id"],
    "feedback.list_submissions": lambda s: s.ids["submission_id"],
    "oversight.get_cases": lambda s: s.ids["case_id"],
    "oversight.get_recommendations": lambda s: s.ids["recommendation_id"],
    "webhooks.list_endpoints": lambda s: s.ids["endpoint_id"],
}
