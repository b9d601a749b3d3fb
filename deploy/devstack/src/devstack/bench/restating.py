"""Ten years of one indicator restated to today's units, over the succession of 1 July 2025 (263 units became 103).

Through the gateway: the series of the whole city, the series of one unit, and all units of one month of the past.
"""

import asyncio
from typing import Any

from devstack.bench._signed_in import Times, people
from devstack.bench._values import LARGE, MONTHLY, fill

P95_MS = 100.0
REQUESTS = 200


def run(*, requests: int = REQUESTS) -> dict[str, Any]:
    """Measure and return p95 in milliseconds beside its budget."""
    return asyncio.run(_run(requests))


async def _run(requests: int) -> dict[str, Any]:
    series, units = f"/targets/indicators/{MONTHLY}/series", f"/targets/indicators/{MONTHLY}/units"
    async with people() as house:
        filled = await fill(house.stack, LARGE)
        asked = {
            "series of the city": (series, {"view": "restated"}),
            "series of a unit": (series, {"view": "restated", "organisation_id": house.commune}),
            "units of a month": (units, {"view": "restated", "period": "202006"}),
        }
        times: dict[str, Times] = {
            name: await house.time(path, query, requests=requests) for name, (path, query) in asked.items()
        }
    p95 = max(one.percentile(95) for one in times.values())
    return {
        "name": "restating",
        "ratio": round(p95 / P95_MS, 3),
        "budget": 1.0,
        "holds": p95 <= P95_MS and filled.values >= 2_000_000,
        "ours": {name: one.shown() for name, one in times.items()},
        "reference": {"p95_ms": P95_MS},
        "summary": f"p95 {p95:.1f} ms (budget {P95_MS:g}) with {filled.values:,} values stored",
        "details": {"requests": requests},
    }
