"""Rules of access that hold for whole groups of operations (reliability §6 D, rows 70, 75, 78 and 81)."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from devstack.access.calls import Call, Operation, call_of
from devstack.access.scene import READ_ME, Scene
from devstack.access.table import ALLOW, Cell, read_table

pytestmark = pytest.mark.timeout(300)
NOT_YOURS_TO_SET = ("id", "created_by", "entered_by", "organisation_id", "owner_organisation_id", "org_unit", "version",
                    "status")  # fmt: skip


def bearer(scene: Scene, cell: Cell) -> dict[str, str]:
    return {"Authorization": f"Bearer {scene.token(cell.role, scene.place(cell.view, cell.relation))}"}


def allowed(known: dict[str, Operation], scene: Scene) -> Iterator[tuple[Operation, Cell, Call]]:
    """Yield every closed operation with one cell that is allowed, and its call."""
    table, of_nobody = read_table(), set()
    for operation in known.values():
        if operation.access != "public":
            cell = next((one for one in table.cells(operation.id) if one.expected == ALLOW), None)
            if cell is None:
                of_nobody.add(operation.id)
            else:
                yield operation, cell, call_of(operation, scene, cell.view)
    assert of_nobody == {"registry.end_one_session"}  # the scene's session is another's for everybody


async def send(raw: httpx.AsyncClient, call: Call, headers: dict[str, str], **changes: Any) -> httpx.Response:
    call = replace(call, **changes)
    return await raw.request(
        call.method, call.path, params=dict(call.query), json=call.json, headers={**call.headers, **headers}
    )


async def test_who_may_change_something_must_say_which_version(
    raw: httpx.AsyncClient, scene: Scene, known: dict[str, Operation]
) -> None:
    tried = 0
    for operation, cell, call in allowed(known, scene):
        if "If-Match" in operation.headers:
            others = {name: value for name, value in call.headers.items() if name != "If-Match"}
            answer = await send(raw, replace(call, headers=others), bearer(scene, cell))
            assert (answer.status_code, answer.json()["code"]) == (428, "version_required"), operation.id
            tried += 1
    assert tried > 30


async def test_a_change_cannot_touch_what_is_not_for_callers_to_set(
    raw: httpx.AsyncClient, scene: Scene, known: dict[str, Operation]
) -> None:
    tried = 0
    for operation, cell, call in allowed(known, scene):
        if operation.method in ("PATCH", "PUT") and call.json is not None:  # the bytes of a file have no fields
            for name in NOT_YOURS_TO_SET:
                answer = await send(raw, call, bearer(scene, cell), json={**call.json, name: str(uuid.uuid4())})
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), f"{operation.id} {name}"
                tried += 1
    assert tried >= 9 * len(NOT_YOURS_TO_SET)


async def test_a_remembered_answer_is_only_for_the_same_person_with_the_right_they_had(
    raw: httpx.AsyncClient, scene: Scene
) -> None:
    front, city = scene.place("front", "own"), scene.place("front", "parent")
    body = {
        "client_id": f"replay-{uuid.uuid4().hex[:8]}",
        "name": "Hệ thống",
        "organisation_id": front,
        "scopes": [READ_ME],
    }
    key = {"Idempotency-Key": uuid.uuid4().hex}

    async def ask(role: str, subject: str) -> httpx.Response:
        token = scene.minter.token(role, city, subject=subject, kind="person")
        headers = {**key, "Authorization": f"Bearer {token}"}
        return await raw.post("/api/v1/registry/clients", json=body, headers=headers)

    person, other = str(uuid.uuid4()), str(uuid.uuid4())
    made = await ask("administrator", person)
    assert made.status_code == 201, made.text
    again = await ask("administrator", person)
    assert again.json() == made.json()
    somebody_else = await ask("administrator", other)
    assert (somebody_else.status_code, somebody_else.json()["code"]) == (409, "already_exists")
    without_the_role = await ask("head", person)
    assert (without_the_role.status_code, without_the_role.json()["code"]) == (403, "forbidden")


FILTERS: dict[str, tuple[str, Callable[[Scene], str]]] = {
    "registry.list_accounts": ("organisation_id", lambda scene: scene.place("front", "own")),
    "registry.list_clients": ("organisation_id", lambda scene: scene.place("front", "own")),
    "targets.list_reports": ("organisation_id", lambda scene: scene.place("front", "own")),
    "feedback.list_submissions": ("unit_id", lambda scene: scene.ids["unit_of_submission"]),
    "oversight.get_cases": ("presiding_organisation_id", lambda scene: scene.place("front", "own")),
    "oversight.get_recommendations": ("case_id", lambda scene: scene.ids["case_id"]),
}


@pytest.mark.parametrize("operation", FILTERS)
async def test_a_filter_for_what_is_hidden_answers_as_for_what_is_not_there(
    raw: httpx.AsyncClient, scene: Scene, known: dict[str, Operation], operation: str
) -> None:
    name, hidden = FILTERS[operation]
    cells = [cell for cell in read_table().cells(operation) if cell.expected == "empty" and cell.relation != "board"]
    assert cells
    call = call_of(known[operation], scene, "front")
    for cell in cells:
        seen = []
        for wanted in (hidden(scene), str(uuid.uuid4())):
            answer = await send(raw, call, bearer(scene, cell), query={name: wanted, "limit": "1"})
            told = {one for one in answer.headers if one.startswith(("etag", "link", "x-total", "content-length"))}
            seen.append((answer.status_code, answer.json(), {one: answer.headers[one] for one in told}))
        assert seen[0] == seen[1], cell
        assert seen[0][1] == {"items": [], "next_cursor": None}
