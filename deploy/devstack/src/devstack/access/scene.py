"""What the matrix is tried on: organisations in every relation, people, and one object of each kind, really made."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from devstack.access.tokens import LIFETIME_SECONDS, Minter
from devstack.demo.client import Client, Unexpected, eventually
from devstack.demo.people import CAI_KHE, NINH_KIEU, city_organisation, commune_organisation, join
from devstack.demo.photo import photo_with_position
from devstack.demo.working_day import today

CLIENT_ROLES: Final = frozenset({"integrating_system", "service"})
NOBODY_LISTENS: Final = "127.0.0.1:9"
"""Where the endpoint points; the stack must have it in ALLOWED_TARGETS."""
INDICATOR, PERIOD = "TGT-01", "2025"
FORM: Final = "NQ08-Y"
RESOLUTION: Final = "08-NQ/TU"
FORWARDED = "TASK-5.2"
"""The indicator for which the scene's submission counts."""
READ_ME: Final = "registry.read_me"
PLAN_PARTS: Final = ("purpose", "scope", "members", "time_and_place", "assignments", "conditions")


@dataclass
class Scene:
    """Ids of everything by name, and tokens for everybody."""

    nobody: Client
    minter: Minter
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    """(view, relation) → organisation."""
    ids: dict[str, str] = field(default_factory=dict)
    """Path parameter, or name of a thing → id."""
    accounts: dict[str, str] = field(default_factory=dict)
    """Organisation → the account of whoever holds a role there."""
    secrets: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    """What names the legal instrument and its provision."""
    tokens: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    """(role, organisation) → when the token is made anew, and the token."""

    def place(self, view: str, relation: str) -> str:
        """Return the organisation that stands in a relation to the object's."""
        return self.places[view, relation]

    def token(self, role: str, organisation: str) -> str:
        """Return the token of a role at an organisation, the same for half its life."""
        anew, token = self.tokens.get((role, organisation), (0.0, ""))
        if time.monotonic() >= anew:
            kind = "client" if role in CLIENT_ROLES else "person"
            subject = self.ids["client"] if kind == "client" else self.accounts[organisation]
            token = self.minter.token(role, organisation, subject=subject, kind=kind)
            self.tokens[role, organisation] = time.monotonic() + LIFETIME_SECONDS / 2, token
        return token

    def leaving(self, role: str, organisation: str) -> str:
        """Return a token nobody else uses, of somebody whose tokens may be declared no good."""
        kind = "client" if role in CLIENT_ROLES else "person"
        return self.minter.token(role, organisation, subject=self.ids[f"leaving_{kind}"], kind=kind)

    def acting(self, role: str, organisation: str, name: str) -> Client:
        """Return a person of their own for the making of an object."""
        token = self.minter.token(role, organisation, subject=str(uuid4()), kind="person")
        return Client(self.nobody.base_url, name, token)


async def set_scene(nobody: Client, minter: Minter) -> Scene:
    """Make everything through the API and return it."""
    scene = Scene(nobody, minter)
    await _find_places(scene)
    await _make_people(scene)
    await asyncio.gather(_make_report(scene), _make_submission(scene), _make_case(scene), _make_endpoint(scene))
    await asyncio.gather(_make_dispute(scene), _find_facts(scene))
    return scene


async def _find_places(scene: Scene) -> None:
    ask, places = scene.nobody, scene.places
    board = await city_organisation(ask, "mass_mobilisation_board")
    council = await commune_organisation(ask, "peoples_council")
    for view, kind in (("front", "front_committee"), ("committee", "peoples_committee")):
        places[view, "own"] = await commune_organisation(ask, kind)
        places[view, "parent"] = await city_organisation(ask, kind)
        places[view, "sibling"] = await commune_organisation(ask, kind, CAI_KHE)
        places[view, "other"], places[view, "board"] = council, board
        admin = scene.acting("administrator", places[view, "parent"], "administrator")
        founding = {
            "happened_on": "2026-01-01",
            "legal_basis": f"Quyết định thành lập thử nghiệm {secrets.token_hex(3)}",
            "changes": [new_department(places[view, "own"])],
        }
        made = await admin.post("/registry/restructurings", founding)
        places[view, "child"] = str(made["started"][0]["id"])


def new_department(parent: str) -> dict[str, Any]:
    """Return the change of a restructuring that makes a department below a body."""
    name = f"Ban chuyên môn {secrets.token_hex(3)}"
    new = {"name": name, "kind": "department", "parent": {"id": parent}}
    return {"change": "create", "of": "organisation", "new": new}


async def _make_people(scene: Scene) -> None:
    front, city = scene.place("front", "own"), scene.place("front", "parent")
    admin = scene.acting("administrator", city, "administrator")
    for organisation in set(scene.places.values()):
        topmost = str((await scene.nobody.get(f"/registry/organisations/{organisation}"))["path"][0])
        there = scene.acting("administrator", topmost, "administrator")
        scene.accounts[organisation] = str((await _account(scene, there, organisation))["id"])
    scene.ids["leaving_person"] = str((await _account(scene, admin, front))["id"])
    kept = await _account(scene, admin, front, "handler")
    scene.ids["account_id"], scene.ids["grant_id"] = str(kept["id"]), str(kept["grants"][0]["id"])
    scene.secrets["username"] = kept["username"]
    for name in ("client", "leaving_client"):
        body = {"client_id": f"{name.replace('_', '-')}-{secrets.token_hex(3)}", "name": "Hệ thống thử nghiệm"}
        made = await admin.post("/registry/clients", {**body, "organisation_id": front, "scopes": [READ_ME]})
        scene.ids[name] = str(made["client"]["id"])
        scene.secrets[name], scene.secrets[f"{name}_id"] = made["client_secret"], body["client_id"]
    scene.ids["row_id"], scene.ids["credential_id"] = scene.ids["client"], str(uuid4())
    guest = {"username": f"matrix.{secrets.token_hex(4)}", "name": "Người đang đăng nhập", "organisation_id": front}
    present = await join(scene.nobody, admin, guest, "guest")
    [goes_on] = (await present.get("/registry/me/sessions"))["items"]
    scene.ids["session_id"] = str(goes_on["id"])
    await _make_provider(scene, admin)


async def _make_provider(scene: Scene, admin: Client) -> None:
    provider = await admin.post("/registry/identity-providers", new_provider(scene, f"thu-{secrets.token_hex(4)}"))
    scene.ids["provider_id"], scene.secrets["provider"] = str(provider["id"]), provider["key"]
    path = f"/registry/accounts/{scene.ids['account_id']}/identities"
    link = await admin.post(path, {"provider": provider["key"], "subject": "mot-nguoi"})
    scene.ids["identity_id"] = str(link["id"])


def new_provider(scene: Scene, key: str) -> dict[str, Any]:
    """Return the body that configures an identity provider for the Front committee."""
    return {
        "key": key,
        "organisation_id": scene.place("front", "own"),
        "name": "Hệ thống định danh thử nghiệm",
        "issuer": f"https://{key}.example.vn",
        "client_id": "nhipcau",
        "auth_method": "client_secret_basic",
        "client_secret": secrets.token_urlsafe(24),
        "redirect_uris": ["https://nhipcau.example.vn/back"],
        "scopes": ["openid"],
        "claims": {},
        "creates_accounts": False,
    }


async def _account(scene: Scene, admin: Client, organisation: str, *roles: str) -> Any:
    body = {
        "username": f"matrix.{secrets.token_hex(4)}",
        "name": "Người trong bảng phân quyền",
        "organisation_id": organisation,
        "roles": [{"role": role, "organisation_id": organisation} for role in roles],
    }
    made = await admin.post("/registry/accounts", body)
    chosen = {"code": made["code"], "password": secrets.token_urlsafe(18)}
    await scene.nobody.post("/registry/passwords", chosen, status=204, key=False)
    return made["account"]


async def _make_report(scene: Scene) -> None:
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
    scene.ids["rule_id"] = str((await monitor.get("/targets/validation-rules"))["items"][0]["id"])
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
    [period] = (await monitor.get("/targets/periods", indicator_code="TGT-02"))["items"]
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


async def _make_submission(scene: Scene) -> None:
    photo = {"file": ("anh.jpg", photo_with_position(), "image/jpeg")}
    upload = await scene.nobody.post("/feedback/uploads", key=False, files=photo)
    body = {
        "identity_mode": "named",
        "contact": {"name": "Trần Thị Hiền", "phone": "0912345678"},
        "unit_code": NINH_KIEU,
        "text": "Hẻm 12 ngập nước mỗi khi mưa.",
        "attachments": [upload["upload_id"]],
        "consent": {"purpose": "feedback_handling", "text_version": "2026-01", "agreed": True},
    }
    ticket = await scene.nobody.post("/feedback/submissions", body)
    officer = scene.acting("front_officer", scene.place("front", "own"), "officer")
    [item] = (await officer.get("/feedback/submissions", code=ticket["code"]))["items"]
    path = f"/feedback/submissions/{item['id']}"
    await officer.act(path, "classify", {"kind": "report"})
    await officer.act(path, "accept")
    await officer.act(path, "assign", {"holder_organisation_id": scene.place("committee", "own")})
    scene.ids["submission_id"], scene.ids["unit_of_submission"] = str(item["id"]), str(item["unit_id"])
    scene.ids["attachment_id"] = str((await officer.get(path))["attachments"][0]["id"])
    scene.secrets |= {name: ticket[name] for name in ("code", "secret")}
    scene.secrets |= {f"receipt_{name}": value for name, value in ticket["receipt"].items()}
    counted = f"/targets/indicators/{FORWARDED}/periods/{today().year}/items"
    async with asyncio.timeout(30):
        while item["id"] not in {one["subject_id"] for one in (await officer.get(counted))["items"]}:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def _make_case(scene: Scene) -> None:
    officer, paper = scene.acting("front_officer", scene.place("front", "own"), "officer"), today().isoformat()
    committee = scene.place("committee", "own")
    opened = {
        "form": "document_review",
        "trigger": "media",
        "title": "Giám sát thoát nước hẻm 12",
        "content": "Kết quả xử lý ngập úng.",
        "object_organisation_ids": [committee],
    }
    case = str((await officer.post("/oversight/cases", opened))["id"])
    path = f"/oversight/cases/{case}"
    plan = {"parts": dict.fromkeys(PLAN_PARTS, "Theo kế hoạch."), "document_number": "1/KH", "document_date": paper}
    await officer.act(path, "plan", plan)
    await officer.act(path, "conclude", {"conclusion": "x", "document_number": "2/KL", "document_date": paper})
    _, match = await officer.read(path)
    served = {"number": "3/KN", "text": "Nâng cấp cống.", "addressees": [{"organisation_id": committee}]}
    made = await officer.post(f"{path}/recommendations", served, match=match)
    scene.ids |= {"case_id": case, "recommendation_id": str(made["id"])}


async def _make_dispute(scene: Scene) -> None:
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


async def _make_endpoint(scene: Scene) -> None:
    system = scene.acting("integrating_system", scene.place("front", "own"), "system")
    body = {
        "url": f"http://{NOBODY_LISTENS}/nhipcau",
        "description": "Không ai nghe",
        "event_types": ["targets.*"],
        "owner_organisation_id": scene.place("front", "own"),
    }
    scene.ids["endpoint_id"] = str((await system.post("/webhooks/endpoints", body))["id"])
    path = f"/webhooks/endpoints/{scene.ids['endpoint_id']}"
    await system.act(path, "disable")  # what waits stays in line, so nothing is sent while the cells are called
    scene.ids["delivery_id"] = str((await system.post(f"{path}/test", status=202))["delivery_id"])


async def _find_facts(scene: Scene) -> None:
    for name, path in (("unit_id", "units"), ("rule_id", "deadline-rules")):
        page = await scene.nobody.get(f"/registry/{path}", limit=1)
        scene.ids[name] = str(page["items"][0]["id"])
    for brief in await scene.nobody.all("/registry/instruments"):
        instrument = await scene.nobody.get(f"/registry/instruments/{brief['id']}")
        if instrument["provisions"]:
            break
    provision = instrument["provisions"][0]
    scene.ids["instrument_id"], scene.ids["provision_id"] = str(instrument["id"]), str(provision["id"])
    scene.facts = {"code": instrument["code"], "article": provision["article"], "clause": provision["clause"]}
