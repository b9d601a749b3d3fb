"""A running oversight on a fresh migrated database: organisations, people with tokens, and the usual steps."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import insert, text

from devstack.testing import fresh_database, tell_complete, tell_facts
from oversight.app import create_app, prepare
from oversight.tables import feedback_item
from servicekit.row_scope import PUBLIC

BASE = "/api/v1/oversight"
WAITING = (
    "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class World:
    """One running oversight: its database, its organisations, and people with tokens."""

    def __init__(self, kit: Any, app: Any, issuer: Any, clock: Any) -> None:
        self.kit, self.issuer, self.clock, self.today = kit, issuer, clock, kit.TODAY
        self.new_rule, self.special_day = kit.rule, kit.special_day
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
        organisation = self.kit.organisation
        rows = [
            organisation("front_committee", "Ủy ban MTTQ thành phố Cần Thơ", own=self.city_front),
            organisation("front_committee", "Ủy ban MTTQ phường Ninh Kiều", self.city_front, self.front),
            organisation("front_committee", "Ủy ban MTTQ phường Cái Khế", self.city_front, self.other_front),
            organisation("peoples_committee", "UBND thành phố Cần Thơ", own=self.city_committee),
            organisation("peoples_committee", "UBND phường Ninh Kiều", self.city_committee, self.committee),
            organisation("peoples_committee", "UBND phường Cái Khế", self.city_committee, self.other_committee),
            self.new_rule(),
            {
                "id": uuid4(),
                "kind": "calendar_year",
                "data": {"year": 2026, "confirmed": True, "source": "test"},
            },
            self.special_day("2026-12-14", "holiday", "Ngày nghỉ thử nghiệm"),
        ]
        self.facts = rows
        await self.add_facts(*rows)
        async with self.database.write() as session:
            await tell_complete(session, self.runtime.service.references, self.clock.now())
        await self.runtime.book.refresh()
        await self.add_submission(self.submission, self.front)

    async def add_facts(self, *rows: dict[str, Any]) -> None:
        async with self.database.write() as session:
            await tell_facts(session, rows, self.clock.now())
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
                    received_on=self.today,
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

    async def all_waiting_for(self, lock: str, values: dict[str, Any], requests: list[Any]) -> list[httpx.Response]:
        """Start requests while a row is locked; let them go on together when every one of them waits for it."""
        await asyncio.gather(*(self._connect() for _ in range(len(requests) + 1)))
        async with self.database.write() as session:
            await session.execute(text(lock), values)
            running = [asyncio.ensure_future(request) for request in requests]
            for _ in range(300):
                async with self.database.read(PUBLIC) as looking:  # a role sees only how its own sessions wait
                    waiting = await looking.scalar(text(WAITING))
                if waiting >= len(requests):
                    break
                await asyncio.sleep(0.005)
        return list(await asyncio.gather(*running))

    async def _connect(self) -> None:
        async with self.database.write() as session:
            await session.execute(text("SELECT 1"))

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

    def plan_body(self, day: date | None = None) -> dict[str, Any]:
        names = ("purpose", "scope", "members", "time_and_place", "assignments", "conditions")
        parts = {name: f"Nội dung {name}" for name in names}
        return {"parts": parts, "document_number": "12/KH-MTTQ", "document_date": (day or self.today).isoformat()}

    def conclusion_body(self, day: date | None = None) -> dict[str, Any]:
        return {
            "conclusion": "Hẻm 51 chưa được nạo vét cống như đã trả lời.",
            "document_number": "13/KL-MTTQ",
            "document_date": (day or self.today).isoformat(),
        }

    async def concluded(self, day: date | None = None) -> dict[str, Any]:
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

    async def served(self, day: date | None = None, **more: Any) -> dict[str, Any]:
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
async def fresh_world(engines: Any, kit: Any) -> AsyncIterator[World]:
    """Oversight on a database of its own."""
    async with fresh_database(engines, "oversight") as made:
        app = create_app(kit.new_settings(made.app_url, engines.nats_url("oversight")))
        issuer, clock = kit.Issuer(), kit.Clock(kit.at(kit.TODAY))
        app.state.runtime.verifier = issuer.verifier()
        app.state.runtime.clock = clock
        app.state.runtime.waker = SimpleNamespace(wake=lambda: None)
        await prepare(app.state.runtime)
        world = World(kit, app, issuer, clock)
        await world.fill()
        try:
            yield world
        finally:
            await world.http.aclose()
            await world.database.close()


@pytest.fixture
async def world(engines: Any, kit: Any) -> AsyncIterator[World]:
    """A world for one test."""
    async with fresh_world(engines, kit) as made:
        yield made


@pytest.fixture(scope="module")
async def quiet_world(engines: Any, kit: Any) -> AsyncIterator[World]:
    """One world for all tests of a file that leave nothing behind."""
    async with fresh_world(engines, kit) as made:
        yield made
