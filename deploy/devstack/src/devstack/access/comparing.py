"""Calls every cell and says where the answer is not the one that was reviewed."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from devstack.access.calls import Call, Operation, call_of
from devstack.access.scene import Scene
from devstack.access.table import ALLOW, ANONYMOUS, EMPTY, Cell

REFUSED: Final = (401, 403, 404)
BUSY: Final = (502, 503, 504)
AT_ONCE: Final = 12
_PATIENCE: Final = 5
_COSTLY: Final = re.compile(r"/(exports|published-files)/")
"""What the gateway lets through two at a time is asked for one at a time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell and what came instead of what was reviewed."""

    cell: Cell
    got: str


async def compare(
    cells: Iterable[Cell], known: Mapping[str, Operation], scene: Scene, http: httpx.AsyncClient
) -> list[Difference]:
    """Return the cells whose answer differs; operations that end tokens come last, one after the other."""
    turn, file = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(1)

    async def one(cell: Cell, call: Call) -> Difference | None:
        async with file if _COSTLY.search(call.path) else turn:
            got = await answer(cell, call, scene, http)
        return None if got == cell.expected else Difference(cell, got)

    calls = [(cell, call_of(known[cell.operation], scene, cell.view)) for cell in cells]
    found = await asyncio.gather(*(one(cell, call) for cell, call in calls if not call.ends_tokens))
    found += [await one(cell, call) for cell, call in calls if call.ends_tokens]
    return [difference for difference in found if difference is not None]


async def answer(cell: Cell, call: Call, scene: Scene, http: httpx.AsyncClient) -> str:
    """Make the call and return its outcome, or status and code when it is none of those a call may have."""
    headers = dict(call.headers)
    if cell.role != ANONYMOUS:
        organisation = scene.place(cell.view, cell.relation)
        if call.ends_tokens:
            await asyncio.sleep(0.01)  # a token is as old as its millisecond, a revocation as its microsecond
        token = (scene.leaving if call.ends_tokens else scene.token)(cell.role, organisation)
        headers["Authorization"] = f"Bearer {token}"
    query = dict(call.query)
    while True:
        response = await _send(call, headers, query, http)
        status = response.status_code
        if status in REFUSED:
            return str(status)
        if status not in call.done:
            return f"{status} {_code(response)}"
        if call.shown is None or call.shown in response.text:
            return ALLOW
        query["cursor"] = response.json().get("next_cursor") or ""
        if not query["cursor"]:
            return EMPTY


def shown(differences: Iterable[Difference]) -> str:
    """Write the differences as a table for people."""
    lines = [f"{'operation':36} {'view':10} {'role':24} {'relation':8} expected  got"]
    lines += [
        f"{one.cell.operation:36} {one.cell.view:10} {one.cell.role:24} {one.cell.relation:8} "
        f"{one.cell.expected:9} {one.got}"
        for one in differences
    ]
    return "\n".join(lines)


async def _send(call: Call, headers: dict[str, str], query: dict[str, str], http: httpx.AsyncClient) -> httpx.Response:
    options: dict[str, Any] = {"params": query, "headers": headers}
    if call.file is not None:
        options["files"] = {"file": call.file}
    elif call.json is not None:
        options["json"] = call.json
    for _ in range(_PATIENCE):
        response = await http.request(call.method, call.path, **options)
        if response.status_code not in BUSY:
            break
        await asyncio.sleep(0.5)
    return response


def _code(response: httpx.Response) -> str:
    if response.headers.get("content-type") != "application/problem+json":
        return ""
    return str(response.json()["code"])
