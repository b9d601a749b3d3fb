"""Real engines once a session, and the things a test world of oversight is made of: facts, tokens, a clock."""

import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from devstack.engines import Engines
from devstack.testing import Issuer, migrated_engines, new_secrets
from oversight.settings import OversightSettings
from servicekit.working_days import ZONE

TODAY = date(2026, 11, 23)
"""A Monday; the first day of every test."""


def at(day: date, hour: int = 9) -> datetime:
    """A moment of a day in Cần Thơ."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    with migrated_engines("oversight") as running:
        running.settings_of_process = {name.upper(): value for name, value in SECRETS.items()}  # type: ignore[attr-defined]
        yield running


SECRETS = new_secrets()


def new_settings(database_url: str, nats_url: str) -> OversightSettings:
    values: dict[str, Any] = SECRETS | {
        "service_port": 8004,
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


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """What worlds are built from; conftest files cannot be imported."""
    return SimpleNamespace(
        TODAY=TODAY,
        Clock=Clock,
        Issuer=Issuer,
        at=at,
        new_settings=new_settings,
        organisation=organisation,
        rule=rule,
        special_day=special_day,
    )
