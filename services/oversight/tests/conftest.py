"""Oversight against a real PostgreSQL: a fresh migrated database a test, real tokens, a clock that can be set."""

import asyncio
import base64
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import insert, text

from devstack.engines import Engines
from oversight.app import create_app
from oversight.settings import OversightSettings
from oversight.tables import feedback_item
from servicekit import migrations
from servicekit.identity import TokenVerifier
from servicekit.tables import reference, reference_source
from servicekit.working_days import ZONE

TEMPLATE = "oversight_migrated"
BASE = "/api/v1/oversight"
TODAY = date(2026, 11, 23)
"""A Monday; the first day of every test."""


def at(day: date, hour: int = 9) -> datetime:
    """A moment of a day in Cần Thơ."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    running = Engines().start_now()
    try:
        made = asyncio.run(running.create_database(TEMPLATE, service="oversight"))
        migrations.upgrade("oversight", made.owner_url)
        running.template = made  # type: ignore[attr-defined]
        running.settings_of_process = {name.upper(): value for name, value in SECRETS.items()}  # type: ignore[attr-defined]
        yield running
    finally:
        running.stop_now()


KEY = base64.b64encode(bytes(32)).decode()
SECRETS = {
    "deployment": "test",
    "client_secret": "not-used-here",
    "keyring": f'{{"current":"k1","keys":{{"k1":"{KEY}"}}}}',
    "index_key": KEY,
}


def new_settings(database_url: str, nats_url: str) -> OversightSettings:
    values: dict[str, Any] = SECRETS | {
        "service_port": 8004,
        "registry_url": "http://127.0.0.1:9",
        "database_url": database_url,
        "nats_url": nats_url,
    }
    return OversightSettings(**values)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def go_to(self, day: date, hour: int = 9) -> None:
        self.moment = at(day, hour)


class Issuer:
    """Signs tokens as the registry would."""

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("Ed25519", {"kid": "test", "use": "sig"})

    async def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def token(self, *grants: tuple[str, UUID], subject: UUID | None = None) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": "nhipcau/test",
            "aud": "nhipcau",
            "sub": str(subject or uuid4()),
            "kind": "person",
            "sid": str(uuid4()),
            "jti": str(uuid4()),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=10)).timestamp()),
            "grants": [{"role": role, "organisation": str(where)} for role, where in grants],
            "scope": "",
        }
        header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "test"}
        return jwt.encode(header, claims, self.key, algorithms=["EdDSA"])


def organisation(kind: str, name: str, parent: UUID | None = None, own: UUID | None = None) -> dict[str, Any]:
    own = own or uuid4()
    return {
        "id": own,
        "kind": "organisation",
        "data": {
            "kind": kind,
            "name": name,
            "level": "commune" if parent else "city",
            "unit_id": str(uuid4()),
            "unit_code": "31135",
            "parent_id": str(parent) if parent else None,
            "path": [str(one) for one in ([parent] if parent else []) + [own]],
            "valid_from": "2025-07-01",
            "valid_to": None,
        },
    }


def rule(version: int = 1, amount: int = 15, valid_from: str = "2025-01-01", **more: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "kind": "deadline_rule",
        "data": {
            "key": "OVS.REPLY",
            "version": version,
            "amount": amount,
            "unit": "calendar_days",
            "direction": "after",
            "anchor": "recommendation_received",
            "basis": None,
            "confidence": "no_legal_figure",
            "valid_from": valid_from,
            "valid_to": None,
            **more,
        },
    }


def special_day(day: str, kind: str, name: str) -> dict[str, Any]:
    data = {"date": day, "kind": kind, "name": name, "source": "test", "confirmed": True}
    return {"id": uuid4(), "kind": "calendar_day", "data": data}


class World:
    """One running oversight: its database, its organisations, and people with tokens."""

    today = TODAY
    new_rule = staticmethod(rule)
    new_organisation = staticmethod(organisation)
    special_day = staticmethod(special_day)

    def __init__(self, app: Any, made: Any, issuer: Issuer, clock: Clock) -> None:
        self.app, self.made, self.issuer, self.clock = app, made, issuer, clock
        self.runtime = app.state.runtime
        self.database = self.runtime.database
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://x"
        )
        self.city_front, self.front, self.other_front = uuid4(), uuid4(), uuid4()
        self.city_committee, self.committee, self.other_committee = uuid4(), uuid4(), uuid4()
        self.submission = uuid4()
        officer = uuid4()
        self.officer = issuer.token(("front_officer", self.front), subject=officer)
        self.city_officer = issuer.token(("front_officer", self.city_front))
        self.other_officer = issuer.token(("front_officer", self.other_front))
        self.replier = uuid4()
        self.head = issuer.token(("head", self.committee), subject=self.replier)
        self.other_head = issuer.token(("head", self.other_committee))
        self.city_head = issuer.token(("head", self.city_committee))

    async def fill(self) -> None:
        rows = [
            organisation("front_committee", "Ủy ban MTTQ thành phố Cần Thơ", own=self.city_front),
            organisation("front_committee", "Ủy ban MTTQ phường Ninh Kiều", self.city_front, self.front),
            organisation("front_committee", "Ủy ban MTTQ phường Cái Khế", self.city_front, self.other_front),
            organisation("peoples_committee", "UBND thành phố Cần Thơ", own=self.city_committee),
            organisation("peoples_committee", "UBND phường Ninh Kiều", self.city_committee, self.committee),
            organisation("peoples_committee", "UBND phường Cái Khế", self.city_committee, self.other_committee),
            rule(),
            {
                "id": uuid4(),
                "kind": "calendar_year",
                "data": {"year": 2026, "confirmed": True, "source": "test"},
            },
            special_day("2026-12-14", "holiday", "Ngày nghỉ thử nghiệm"),
        ]
        self.facts = rows
        await self.add_facts(*rows)
        async with self.database.write() as session:
            for kind in self.runtime.service.references:
                await session.execute(insert(reference_source).values(kind=kind, complete_at=self.clock.now()))
        await self.runtime.book.refresh()
        await self.add_submission(self.submission, self.front)

    async def add_facts(self, *rows: dict[str, Any]) -> None:
        async with self.database.write() as session:
            for row in rows:
                path = [UUID(one) for one in row["data"].get("path", ())]
                values = row | {"version": 1, "path": path, "changed_at": self.clock.now()}
                await session.execute(insert(reference).values(values))
        await self.runtime.book.refresh()

    async def add_submission(self, submission: UUID, front: UUID) -> None:
        async with self.database.write() as session:
            await session.execute(
                insert(feedback_item).values(
                    submission_id=submission,
                    sequence=1,
                    status="disputed",
                    front_organisation_id=front,
                    unit_id=uuid4(),
                    received_on=TODAY,
                )
            )

    async def get(self, path: str, token: str, **query: Any) -> httpx.Response:
        return await self.http.get(BASE + path, params=query, headers={"Authorization": f"Bearer {token}"})

    async def post(
        self, path: str, token: str | None, body: Any = None, *, key: str | None = None, etag: str | int | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        if etag is not None:
            headers["If-Match"] = f'"{etag}"' if isinstance(etag, int) else etag
        return await self.http.post(BASE + path, json=body, headers=headers)

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        async with self.database.read() as session:
            return list((await session.execute(text(sql), values)).all())

    # the usual steps, each checked, for tests of what comes after them
    def case_body(self, **more: Any) -> dict[str, Any]:
        return {
            "form": "oversight_delegation",
            "trigger": "feedback",
            "submission_id": str(self.submission),
            "title": "Giám sát việc xử lý ngập hẻm 51",
            "content": "Người dân phản ánh hẻm ngập kéo dài, đã trả lời nhưng chưa khắc phục.",
            "object_organisation_ids": [str(self.committee)],
        } | more

    async def opened(self, **more: Any) -> dict[str, Any]:
        answer = await self.post("/cases", self.officer, self.case_body(**more), key=uuid.uuid4().hex)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def plan_body(self, day: date = TODAY) -> dict[str, Any]:
        names = ("purpose", "scope", "members", "time_and_place", "assignments", "conditions")
        parts = {name: f"Nội dung {name}" for name in names}
        return {"parts": parts, "document_number": "12/KH-MTTQ", "document_date": day.isoformat()}

    def conclusion_body(self, day: date = TODAY) -> dict[str, Any]:
        return {
            "conclusion": "Hẻm 51 chưa được nạo vét cống như đã trả lời.",
            "document_number": "13/KL-MTTQ",
            "document_date": day.isoformat(),
        }

    async def concluded(self, day: date = TODAY) -> dict[str, Any]:
        case = await self.opened()
        path = f"/cases/{case['id']}"
        answer = await self.post(f"{path}/plan", self.officer, self.plan_body(day), etag=1)
        assert answer.status_code == 200, answer.text
        answer = await self.post(f"{path}/conclude", self.officer, self.conclusion_body(day), etag=2)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def recommendation_body(self, **more: Any) -> dict[str, Any]:
        return {
            "number": "14/KN-MTTQ",
            "text": "Đề nghị nạo vét cống hẻm 51 và trả lời bằng văn bản.",
            "addressees": [
                {"organisation_id": str(self.committee)},
                {"organisation_id": str(self.other_committee), "roles": ["competent_body"]},
            ],
        } | more

    async def served(self, day: date = TODAY, **more: Any) -> dict[str, Any]:
        case = await self.concluded(day)
        answer = await self.post(
            f"/cases/{case['id']}/recommendations",
            self.officer,
            self.recommendation_body(**more),
            key=uuid.uuid4().hex,
            etag=case["version"],
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def part_path(self, served: dict[str, Any], organisation_id: UUID) -> str:
        return f"/recommendations/{served['id']}/addressees/{organisation_id}"

    async def replied(self, **more: Any) -> tuple[dict[str, Any], str]:
        served = await self.served()
        path = self.part_path(served, self.committee)
        body = {"disposition": "accepted", "text": "UBND phường tiếp thu.", "plan": "Nạo vét trước 30/12."} | more
        answer = await self.post(f"{path}/reply", self.head, body, etag=1)
        assert answer.status_code == 200, answer.text
        return served, path


@asynccontextmanager
async def fresh_world(engines: Engines) -> AsyncIterator[World]:
    """Oversight on a database of its own."""
    name = f"oversight_{uuid.uuid4().hex[:10]}"
    made = await engines.create_database(name, service="oversight", template=TEMPLATE)
    app = create_app(new_settings(made.app_url, engines.nats_url("oversight")))
    issuer, clock = Issuer(), Clock(at(TODAY))
    app.state.runtime.verifier = TokenVerifier(issuer.keys, issuer="nhipcau/test")
    app.state.runtime.clock = clock
    app.state.runtime.waker = SimpleNamespace(wake=lambda: None)
    world = World(app, made, issuer, clock)
    await world.fill()
    try:
        yield world
    finally:
        await world.http.aclose()
        await world.database.close()
        await engines.drop_database(name)


@pytest.fixture
async def world(engines: Engines) -> AsyncIterator[World]:
    """A world for one test."""
    async with fresh_world(engines) as made:
        yield made


@pytest.fixture(scope="module")
async def quiet_world(engines: Engines) -> AsyncIterator[World]:
    """One world for all tests of a file that leave nothing behind."""
    async with fresh_world(engines) as made:
        yield made
