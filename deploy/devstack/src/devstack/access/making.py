"""Sets the scene: one object of each kind, people and places, all made through the API."""

import asyncio
import secrets
from typing import Any
from uuid import uuid4

from devstack.access.reporting_scene import make_dispute, make_report
from devstack.access.scene import (
    FORWARDED,
    NOBODY_LISTENS,
    PLAN_PARTS,
    READ_ME,
    Scene,
    new_department,
    new_provider,
)
from devstack.access.tokens import Minter
from devstack.demo.client import Client
from devstack.demo.people import CAI_KHE, NINH_KIEU, city_organisation, commune_organisation, join
from devstack.demo.photo import photo_with_position
from devstack.demo.working_day import today


async def set_scene(nobody: Client, minter: Minter) -> Scene:
    """Make everything through the API and return it."""
    scene = Scene(nobody, minter)
    await _find_places(scene)
    await _make_people(scene)
    await asyncio.gather(make_report(scene), _make_submission(scene), _make_case(scene), _make_endpoint(scene))
    await asyncio.gather(make_dispute(scene), _find_facts(scene))
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
