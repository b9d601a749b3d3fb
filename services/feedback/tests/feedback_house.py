"""The house the tests of feedback live in: the registry's facts, people with tokens, and how they call."""

import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from devstack.testing import Issuer, tell_complete, tell_facts
from servicekit.working_days import ZONE

BASE = "/api/v1/feedback"
TODAY = date(2026, 11, 23)
"""A Monday; the first day of every test."""
UNIT_CODE = "31135"


def at(day: date, hour: int = 9, minute: int = 41, second: int = 7) -> datetime:
    """A moment of a day in Cần Thơ."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE).astimezone(UTC)


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def go_to(self, day: date, hour: int = 9, minute: int = 41) -> None:
        self.moment = at(day, hour, minute)


def fact(kind: str, data: dict[str, Any], own: UUID | None = None) -> dict[str, Any]:
    return {"id": own or uuid4(), "kind": kind, "data": data}


def organisation(kind: str, name: str, own: UUID, *, unit: UUID, code: str, parent: UUID | None) -> dict[str, Any]:
    data = {
        "kind": kind,
        "name": name,
        "level": "commune" if parent else "city",
        "unit_id": str(unit),
        "unit_code": code,
        "parent_id": str(parent) if parent else None,
        "path": [str(one) for one in ([parent] if parent else []) + [own]],
        "valid_from": "2025-07-01",
        "valid_to": None,
    }
    return fact("organisation", data, own)


def rule(key: str, amount: int, **more: Any) -> dict[str, Any]:
    data = {
        "key": key,
        "version": 1,
        "amount": amount,
        "unit": "working_days",
        "direction": "after",
        "anchor": "received" if key == "FB.STATUS" else "accepted",
        "basis": "Luật Tiếp công dân 2013, Điều 28 khoản 1" if key == "FB.STATUS" else None,
        "confidence": "confirmed" if key == "FB.STATUS" else "no_legal_figure",
        "valid_from": "2025-01-01",
        "valid_to": None,
        **more,
    }
    return fact("deadline_rule", data)


def special_day(day: str, kind: str, name: str) -> dict[str, Any]:
    return fact("calendar_day", {"date": day, "kind": kind, "name": name, "source": "test", "confirmed": True})


def year(number: int, *, confirmed: bool = True) -> dict[str, Any]:
    return fact("calendar_year", {"year": number, "confirmed": confirmed, "source": "test"})


class World:
    """One running feedback service: its database, its organisations, and people with tokens."""

    today = TODAY
    new_rule = staticmethod(rule)
    special_day = staticmethod(special_day)
    year = staticmethod(year)

    def __init__(self, app: Any, made: Any, issuer: Issuer, clock: Clock, files: Path) -> None:
        self.app, self.made, self.issuer, self.clock, self.files = app, made, issuer, clock, files
        self.runtime = app.state.runtime
        self.database = self.runtime.database
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://x"
        )
        self.city_unit, self.unit, self.other_unit = uuid4(), uuid4(), uuid4()
        self.city_front, self.front, self.other_front = uuid4(), uuid4(), uuid4()
        self.city_committee, self.committee, self.other_committee = uuid4(), uuid4(), uuid4()
        self.officer = issuer.token(("front_officer", self.front))
        self.intake = issuer.token(("intake_officer", self.front))
        self.front_head = issuer.token(("head", self.front))
        self.city_officer = issuer.token(("front_officer", self.city_front))
        self.other_officer = issuer.token(("front_officer", self.other_front))
        self.handler = issuer.token(("handler", self.committee))
        self.other_handler = issuer.token(("handler", self.other_committee))
        self.reporter = issuer.token(("reporter", self.front))

    async def fill(self) -> None:
        front, ubnd = "front_committee", "peoples_committee"
        city = {"unit": self.city_unit, "code": "92", "parent": None}
        here = {"unit": self.unit, "code": UNIT_CODE}
        there = {"unit": self.other_unit, "code": "31150"}
        await self.add_facts(
            organisation(front, "Ủy ban MTTQ thành phố Cần Thơ", self.city_front, **city),
            organisation(front, "Ủy ban MTTQ phường Ninh Kiều", self.front, **here, parent=self.city_front),
            organisation(front, "Ủy ban MTTQ phường Cái Khế", self.other_front, **there, parent=self.city_front),
            organisation(ubnd, "UBND thành phố Cần Thơ", self.city_committee, **city),
            organisation(ubnd, "UBND phường Ninh Kiều", self.committee, **here, parent=self.city_committee),
            organisation(ubnd, "UBND phường Cái Khế", self.other_committee, **there, parent=self.city_committee),
            fact("unit", {"code": UNIT_CODE, "name": "Phường Ninh Kiều"}, self.unit),
            rule("FB.STATUS", 10),
            rule("FB.RESOLVE", 15),
            year(2026),
        )
        async with self.database.write() as session:
            await tell_complete(session, self.runtime.service.references, self.clock.now())
        await self.runtime.book.refresh()

    async def add_facts(self, *rows: dict[str, Any]) -> None:
        async with self.database.write() as session:
            await tell_facts(session, rows, self.clock.now())
        await self.runtime.book.refresh()

    async def get(self, path: str, token: str | None = None, **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.http.get(BASE + path, params=query, headers=headers)

    async def post(
        self,
        path: str,
        body: Any = None,
        token: str | None = None,
        *,
        key: str | None = None,
        etag: str | int | None = None,
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

    def body(self, **more: Any) -> dict[str, Any]:
        """A valid anonymous submission."""
        return {
            "identity_mode": "anonymous",
            "unit_code": UNIT_CODE,
            "title": "Hẻm 51 ngập nước",
            "text": "Hẻm 51 ngập nửa mét mỗi khi mưa, đã hai tuần.",
            "place": "Hẻm 51 đường 3 Tháng 2",
            "consent": {"purpose": "feedback_handling", "text_version": "2026-01", "agreed": True},
        } | more

    def named(self, **more: Any) -> dict[str, Any]:
        """A valid named submission."""
        contact = {"name": "Nguyễn Thị Lụa", "phone": "+84 912 345 678"}
        return self.body(identity_mode="named", contact=contact, **more)

    async def submitted(self, body: dict[str, Any] | None = None) -> "Case":
        answer = await self.post("/submissions", body or self.body(), key=uuid.uuid4().hex)
        assert answer.status_code == 201, answer.text
        ticket = answer.json()
        ((own,),) = await self.rows("SELECT id FROM submission WHERE code = :code", code=ticket["code"])
        return Case(self, own, ticket)

    async def at_step(self, step: str, body: dict[str, Any] | None = None) -> "Case":
        """A submission on which every step up to `step` was taken."""
        case = await self.submitted(body)
        for one in ("classify", "accept", "assign", "answer", "dispute"):
            if case.last == step:
                return case
            answer = await case.take(one)
            assert answer.status_code == 200, answer.text
        assert case.last == step
        return case


class Case:
    """One submission of a test, its version followed."""

    def __init__(self, world: World, own: UUID, ticket: dict[str, Any]) -> None:
        self.world, self.id, self.ticket = world, own, ticket
        self.version = 1
        self.last = "submit"

    @property
    def key(self) -> dict[str, str]:
        return {"code": self.ticket["code"], "secret": self.ticket["secret"]}

    async def take(
        self, step: str, *, token: str | None = None, etag: int | None = None, **more: Any
    ) -> httpx.Response:
        world = self.world
        body, path, who = {
            "classify": ({"kind": "report"}, "classify", world.officer),
            "accept": (None, "accept", world.officer),
            "refuse": ({"reason_code": "unclear", "text": "Chưa rõ nơi xảy ra."}, "refuse", world.front_head),
            "guide_out": ({"text": "Hãy gửi đơn đến Chủ tịch UBND phường."}, "guide-out", world.officer),
            "assign": ({"holder_organisation_id": str(world.committee)}, "assign", world.officer),
            "answer": ({"outcome": "done", "text": "Đã nạo vét cống hẻm 51."}, "answer", world.handler),
            "reveal": ({"reason_code": "contact_sender"}, "reveal-identity", world.officer),
            "confirm": (self.key, "/tracking/confirm", None),
            "dispute": (self.key | {"reason": "Hôm qua vẫn ngập."}, "/tracking/dispute", None),
        }[step]
        path = path if path.startswith("/") else f"/submissions/{self.id}/{path}"
        if body is not None:
            body = body | more
        answer = await world.post(path, body, token or who, etag=self.version if etag is None else etag)
        if answer.status_code == 200 and step != "reveal":
            self.version += 1
            self.last = step
        return answer

    async def track(self) -> httpx.Response:
        return await self.world.post("/tracking", self.key)

    async def read(self, token: str | None = None) -> httpx.Response:
        return await self.world.get(f"/submissions/{self.id}", token or self.world.officer)
