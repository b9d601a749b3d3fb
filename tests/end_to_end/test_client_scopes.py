"""A client that may only read, against every writing operation of the joined document, through the gateway."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from devstack.access.tokens import Minter
from devstack.demo.client import Client
from devstack.demo.people import city_organisation

from .documents import joined_document

WRITING = ("post", "put", "patch", "delete")
OWN = {"registry.end_session"}
LOOK_AT_NO_TOKEN = ("/api/v1/feedback/tracking", "/api/v1/feedback/receipts/", "/api/v1/feedback/uploads")
"""Open to anybody and blind to who calls, so that nothing ties a sender to an account: a token changes nothing."""


@pytest.fixture(scope="module")
async def document(raw: httpx.AsyncClient) -> dict[str, Any]:
    return await joined_document(raw)


@pytest.fixture(scope="module")
async def reader(nobody: Client, minter: Minter, document: dict[str, Any]) -> AsyncIterator[dict[str, str]]:
    """The headers of a system that may read whatever systems may read."""
    organisation = await city_organisation(nobody, "peoples_committee")
    token = minter.token("administrator", organisation, subject=str(uuid.uuid4()), kind="person")
    admin = Client(nobody.base_url, "administrator", token)
    reading = [
        operation["operationId"]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method == "get" and operation["operationId"].partition(".")[0] != "gateway"
    ]
    client_id = f"chi-doc-{uuid.uuid4().hex[:6]}"
    body = {"client_id": client_id, "name": "Hệ thống chỉ đọc", "organisation_id": organisation, "scopes": reading}
    made = await admin.post("/registry/clients", body)
    answer = await nobody.post(
        "/registry/tokens",
        {"grant_type": "client_credentials", "client_id": client_id, "client_secret": made["client_secret"]},
        status=200,
        key=False,
    )
    yield {"Authorization": f"Bearer {answer['access_token']}"}
    await admin.close()


def address(path: str) -> str:
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, "2026-11-23" if part in ("{day}", "{date}") else str(uuid.uuid4()))
    return path


async def test_a_reading_client_is_refused_every_write(
    raw: httpx.AsyncClient, document: dict[str, Any], reader: dict[str, str]
) -> None:
    wrong, tried = [], 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method not in WRITING or operation["operationId"] in OWN or path.startswith(LOOK_AT_NO_TOKEN):
                continue
            headers = {**reader, "Idempotency-Key": uuid.uuid4().hex, "If-Match": '"1"'}
            response = await raw.request(method.upper(), address(path), headers=headers, json={})
            tried += 1
            if (response.status_code, response.json().get("code")) != (403, "operation_not_in_scope"):
                wrong.append(f"{method} {path} → {response.status_code} {response.text[:120]}")
    assert not wrong, "\n".join(wrong)
    assert tried > 50


async def test_and_may_read_what_its_role_may_read(raw: httpx.AsyncClient, reader: dict[str, str]) -> None:
    assert (await raw.get("/api/v1/registry/me", headers=reader)).status_code == 200
    assert (await raw.get("/api/v1/registry/units?limit=1", headers=reader)).status_code == 200
    assert (await raw.get("/api/v1/oversight/cases?limit=1", headers=reader)).status_code == 200
