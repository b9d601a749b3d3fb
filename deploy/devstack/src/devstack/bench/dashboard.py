"""The dashboard of a whole resolution (162 indicators) through the gateway with 2 million values stored, beside 20,000.

The same page in the same run: first with few values, then with a hundred times as many behind it. Asked by the
monitoring board for the whole, for the city's Front committee and for one commune's.
"""

import asyncio
from typing import Any

from devstack.bench._signed_in import People, Times, median_of, people
from devstack.bench._values import LARGE, PERIOD, RESOLUTION, SMALL, fill

P95_MS = 20.0
RATIO = 1.5
ROUNDS = 5
REQUESTS = 100
_PATH = f"/targets/dashboards/resolutions/{RESOLUTION}"


def run(*, rounds: int = ROUNDS, requests: int = REQUESTS) -> dict[str, Any]:
    """Measure and return p95 in milliseconds and the ratio, each beside its budget."""
    return asyncio.run(_run(rounds, requests))


async def _run(rounds: int, requests: int) -> dict[str, Any]:
    async with people() as house:
        few = await fill(house.stack, SMALL)
        small = await _measure(house, rounds, requests)
        many = await fill(house.stack, LARGE)
        large = await _measure(house, rounds, requests)
    p95 = max(median_of(times, 95) for times in large.values())
    ratio = max(median_of(large[name], 95) / median_of(small[name], 95) for name in large)
    return {
        "name": "dashboard",
        "ratio": round(ratio, 3),
        "budget": RATIO,
        "holds": p95 <= P95_MS and ratio <= RATIO and many.values >= 2_000_000,
        "ours": {name: _shown(times) for name, times in large.items()},
        "reference": {name: _shown(times) for name, times in small.items()},
        "summary": (
            f"p95 {p95:.1f} ms (budget {P95_MS:g}) with {many.values:,} values, "
            f"{ratio:.2f} × the same with {few.values:,} (budget {RATIO:g})"
        ),
        "details": {"filled_s": many.seconds, "rounds": rounds, "requests_per_round": requests},
    }


async def _measure(house: People, rounds: int, requests: int) -> dict[str, list[Times]]:
    places = {"whole": {}, "city": {"organisation_id": house.city}, "commune": {"organisation_id": house.commune}}
    found: dict[str, list[Times]] = {name: [] for name in places}
    for _ in range(rounds):
        for name, query in places.items():
            found[name].append(await house.time(_PATH, {"period": PERIOD, **query}, requests=requests))
    return found


def _shown(times: list[Times]) -> dict[str, float]:
    return {f"p{percent}_ms": median_of(times, percent) for percent in (50, 95, 99)}
