"""The indicator GEN-04 "answered on time", computed from feedback's events."""

from decimal import Decimal
from typing import Any

from devstack.demo.client import eventually
from devstack.demo.people import Cast


async def reading(cast: Cast, due_on: str) -> tuple[Decimal, Decimal]:
    """Return numerator and denominator of the year in which the answer was due."""
    progress = await cast.people["monitor"].get("/targets/indicators/GEN-04/progress", period=due_on[:4])
    return Decimal(str(progress["numerator"] or 0)), Decimal(str(progress["denominator"] or 0))


async def moved(cast: Cast, due_on: str, before: tuple[Decimal, Decimal]) -> dict[str, Any]:
    """It counts one answer more, given on time."""

    async def counted() -> Any:
        now = await reading(cast, due_on)
        return now if now == (before[0] + 1, before[1] + 1) else None

    now = await eventually("GEN-04 counts the answer", counted)
    return {"before": f"{before[0]}/{before[1]}", "after": f"{now[0]}/{now[1]}"}
