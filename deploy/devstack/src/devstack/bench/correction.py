"""From the approval of a corrected report until every figure that contains it shows it.

Fifty reports come back, are corrected, submitted and verified again; the clock runs from sending the approval until the
unit's figures, the city's, the whole's, and the dashboards of the unit and of the whole all show the corrected sum.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from devstack.bench._signed_in import People, people
from devstack.demo.client import Client

SECONDS = 1.0
CORRECTIONS = 50
INDICATOR, PERIOD, RESOLUTION = "TGT-01", "2025", "08-NQ/TU"
_FIRST, _CORRECTED, _WHOLE = 500, 750, 1000


def run(*, corrections: int = CORRECTIONS) -> dict[str, Any]:
    """Measure and return the median and the longest time in seconds beside the budget."""
    return asyncio.run(_run(corrections))


async def _run(corrections: int) -> dict[str, Any]:
    async with people() as house:
        taken = sorted(await _correct(house, corrections))
    median, longest = taken[len(taken) // 2], taken[-1]
    return {
        "name": "correction",
        "ratio": round(longest / SECONDS, 4),
        "budget": 1.0,
        "holds": longest <= SECONDS and len(taken) == corrections,
        "ours": {"median_s": round(median, 3), "max_s": round(longest, 3)},
        "reference": {"max_s": SECONDS},
        "summary": f"seen everywhere after {median:.3f} s, at most {longest:.3f} s (budget {SECONDS:g} s)",
        "details": {"corrections": len(taken)},
    }


async def _correct(house: People, corrections: int) -> list[float]:
    reporter, verifier = house.acting("reporter", house.city), house.acting("verifier", house.city)
    approver, monitor = house.acting("approver", house.board), house.acting("monitoring_officer", house.board)
    opened = await monitor.post("/targets/periods", {"indicator_code": INDICATOR, "period": PERIOD})
    owing = await monitor.all(f"/targets/periods/{opened['id']}/expected")
    taken, total = [], 0
    for place in [one["organisation_id"] for one in owing[:corrections]]:
        path = await _returned_and_verified(reporter, verifier, approver, place)
        total += _CORRECTED
        _, match = await approver.read(path)
        began = time.perf_counter()
        await approver.post(f"{path}/approve", status=200, key=False, match=match)
        await _until_shown(_surfaces(monitor, house.city, place, total))
        taken.append(time.perf_counter() - began)
    return taken


async def _returned_and_verified(reporter: Client, verifier: Client, approver: Client, place: str) -> str:
    """Let a report go the way there, back, and there again with another figure; return its path."""
    figures = {"numerator": str(_FIRST), "denominator": str(_WHOLE), "denominator_source": "Công an xã, phường"}
    body = {"indicator_code": INDICATOR, "period": PERIOD, "organisation_id": place, **figures}
    path = f"/targets/reports/{(await reporter.post('/targets/reports', body))['id']}"
    await reporter.act(path, "submit")
    await verifier.act(path, "verify")
    await approver.act(path, "return", {"reason": "Tử số chưa khớp danh sách kèm theo."})
    await reporter.patch(path, {"numerator": str(_CORRECTED), "reason": "Đếm lại theo danh sách"})
    await reporter.act(path, "submit")
    await verifier.act(path, "verify")
    return path


Look = Callable[[], Awaitable[bool]]


def _surfaces(monitor: Client, city: str, place: str, total: int) -> list[Look]:
    """Return everything that must show the corrected figure: the unit's own, and the sums it is in."""

    def progress(numerator: int, **query: str) -> Look:
        async def look() -> bool:
            found = await monitor.get(f"/targets/indicators/{INDICATOR}/progress", period=PERIOD, **query)
            return bool(found["numerator"] == str(numerator))

        return look

    def dashboard(numerator: int, **query: str) -> Look:
        async def look() -> bool:
            page = await monitor.get(f"/targets/dashboards/resolutions/{RESOLUTION}", period=PERIOD, **query)
            lines = {one["code"]: one["numerator"] for one in page["indicators"]}
            return bool(lines[INDICATOR] == str(numerator))

        return look

    return [
        progress(_CORRECTED, organisation_id=place),
        progress(total, organisation_id=city),
        progress(total),
        dashboard(_CORRECTED, organisation_id=place),
        dashboard(total),
    ]


async def _until_shown(surfaces: list[Look]) -> None:
    waiting = surfaces
    while waiting:
        shown = await asyncio.gather(*(look() for look in waiting))
        waiting = [look for look, found in zip(waiting, shown, strict=True) if not found]
