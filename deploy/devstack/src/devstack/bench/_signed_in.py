"""Signed-in people for measurements, and how long their requests take, one after the other."""

import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from devstack.access.tokens import Minter
from devstack.demo.client import Client
from devstack.demo.people import city_organisation, commune_organisation
from devstack.stack import Stack

_PLENTY = "100000000/60"
SETTINGS = {
    "LOG_FORMAT": "json",
    "RATE_LIMITS": json.dumps(dict.fromkeys(("address", "signed_in", "client", "public"), _PLENTY)),
}
WARM_UP = 20


@dataclass(frozen=True)
class Times:
    """Milliseconds of requests, sorted."""

    sorted_ms: tuple[float, ...]

    def percentile(self, percent: int) -> float:
        """Return the time within which so many percent were answered."""
        place = min(len(self.sorted_ms) - 1, len(self.sorted_ms) * percent // 100)
        return round(self.sorted_ms[place], 2)

    def shown(self) -> dict[str, float]:
        """Return what a result prints."""
        return {f"p{percent}_ms": self.percentile(percent) for percent in (50, 95, 99)}


@dataclass(frozen=True)
class People:
    """The city's organisations, and how to act for them."""

    stack: Stack
    minter: Minter
    city: str
    board: str
    commune: str

    def acting(self, role: str, organisation: str) -> Client:
        """Return a person of their own with a role at an organisation, for ten minutes."""
        token = self.minter.token(role, organisation, subject=str(uuid.uuid4()), kind="person")
        return Client(self.stack.base_url, role, token)

    async def time(self, path: str, query: dict[str, Any], *, requests: int) -> Times:
        """Read an address again and again on one connection, as the monitoring board."""
        token = self.minter.token("monitoring_officer", self.board, subject=str(uuid.uuid4()), kind="person")
        headers = {"Authorization": f"Bearer {token}"}
        taken = []
        async with httpx.AsyncClient(base_url=self.stack.base_url, headers=headers, timeout=30) as client:
            for number in range(WARM_UP + requests):
                began = time.perf_counter()
                answer = await client.get(f"/api/v1{path}", params=query)
                if number >= WARM_UP:
                    taken.append((time.perf_counter() - began) * 1000)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:200]}")
        return Times(tuple(sorted(taken)))


@asynccontextmanager
async def people() -> AsyncIterator[People]:
    """Run the house on a throwaway folder; the gateway's allowances are too large to run out."""
    async with Stack(extra_env=SETTINGS, report=lambda _: None) as stack:
        nobody = Client(stack.base_url)
        city = await city_organisation(nobody, "front_committee")
        board = await city_organisation(nobody, "mass_mobilisation_board")
        commune = await commune_organisation(nobody, "front_committee")
        await nobody.close()
        yield People(stack, Minter(stack, ()), city, board, commune)


def median_of(rounds: Sequence[Times], percent: int) -> float:
    """Return the median over rounds of a percentile: a round that another process disturbed does not decide."""
    found = sorted(one.percentile(percent) for one in rounds)
    return found[len(found) // 2]
