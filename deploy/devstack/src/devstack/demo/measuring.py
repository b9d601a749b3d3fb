"""First half of the journey: TGT-01 for 2025, from 103 drafts to the city's rate."""

import asyncio
from decimal import Decimal
from fractions import Fraction
from typing import Any

from devstack.demo.client import expect
from devstack.demo.people import NINH_KIEU, Cast

PERIOD, INDICATOR = "2025", "TGT-01"
AT_ONCE = 6


def figures(place: int) -> tuple[int, int]:
    """Return numerator and denominator of one unit; small units do well, large ones less, the mean of rates misleads.

    Unit 0 reports exactly 74 %, which "trên 74%" calls a miss.
    """
    if place == 0:
        return 7_400, 10_000
    denominator = 4_000 + 450 * place
    return denominator * (92 - place // 3) // 100, denominator


async def each(cast: Cast, work: Any) -> list[Any]:
    """Do the work for every unit, a few at once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(place: int, front: dict[str, Any]) -> Any:
        async with turn:
            return await work(place, front)

    return await asyncio.gather(*[one(place, front) for place, front in enumerate(cast.fronts)])


async def open_period(cast: Cast) -> dict[str, Any]:
    """The monitoring board opens the year; 103 reports are expected."""
    expect(len(cast.fronts) == 103, f"103 Front committees expected, {len(cast.fronts)} found")
    period = await cast.people["monitor"].post("/targets/periods", {"indicator_code": INDICATOR, "period": PERIOD})
    return {"period": period["period"], "due_on": period["due_on"]}


async def enter_drafts(cast: Cast) -> tuple[list[str], dict[str, Any]]:
    """Every unit's figures are entered as a draft; the last one with a slip of the pen."""
    reporter = cast.people["reporter"]

    async def draft(place: int, front: dict[str, Any]) -> str:
        numerator, denominator = figures(place)
        body = {
            "indicator_code": INDICATOR,
            "period": PERIOD,
            "organisation_id": front["id"],
            "numerator": str(numerator // 10 if place == len(cast.fronts) - 1 else numerator),
            "denominator": str(denominator),
            "counting_method": "distinct_persons",
            "denominator_source": "Công an xã, phường, 31/12/2025",
        }
        return str((await reporter.post("/targets/reports", body))["id"])

    reports = await each(cast, draft)
    return reports, {"drafts": len(set(reports))}


async def submit_return_correct(cast: Cast, reports: list[str]) -> dict[str, Any]:
    """All are submitted; the slip is found, returned with a reason, corrected and submitted again."""
    reporter, verifier = cast.people["reporter"], cast.people["verifier"]
    await _step_all(cast, reports, "reporter", "submit")
    wrong, path = reports[-1], f"/targets/reports/{reports[-1]}"
    returned = await verifier.act(path, "return", {"reason": "Tử số thiếu một chữ số so với danh sách kèm theo."})
    expect(returned["status"] == "returned", "the report was not returned")
    numerator, denominator = figures(len(reports) - 1)
    correction = {"numerator": str(numerator), "denominator": str(denominator), "reason": "Nhập thiếu một chữ số"}
    await reporter.patch(path, correction)
    await reporter.act(path, "submit")
    history = await reporter.all(f"{path}/history")
    return {"returned": wrong, "history": [change["action"] for change in history]}


async def verify_and_approve(cast: Cast, reports: list[str]) -> dict[str, Any]:
    """A second person verifies, a third approves; the second may not approve the own work."""
    first = f"/targets/reports/{reports[0]}"
    _, match = await cast.people["reporter"].read(first)
    problem = await cast.people["reporter"].refused("POST", f"{first}/verify", 403, headers=match)
    await _step_all(cast, reports, "verifier", "verify")
    await _step_all(cast, reports, "approver", "approve")
    approved = await cast.people["monitor"].all(
        "/targets/reports", indicator_code=INDICATOR, period=PERIOD, status="approved"
    )
    expect(len(approved) == 103, f"103 approved reports expected, {len(approved)} found")
    return {"approved": len(approved), "reporter_may_not_verify": problem["code"]}


async def _step_all(cast: Cast, reports: list[str], who: str, action: str) -> None:
    async def step(place: int, _: dict[str, Any]) -> None:
        await cast.people[who].act(f"/targets/reports/{reports[place]}", action)

    await each(cast, step)


async def judge_city(cast: Cast, reports: list[str]) -> dict[str, Any]:
    """The city's rate is the sum of numerators over the sum of denominators, and 74.00 % is a miss."""
    monitor = cast.people["monitor"]
    progress = await monitor.get(f"/targets/indicators/{INDICATOR}/progress", period=PERIOD)
    pairs = [figures(place) for place in range(len(cast.fronts))]
    numerator, denominator = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    rate = Fraction(numerator * 100, denominator)
    mean = sum((Fraction(one * 100, of) for one, of in pairs), Fraction(0)) / len(pairs)
    shown = Fraction(Decimal(str(progress["rate"])))
    expect(Decimal(str(progress["numerator"])) == numerator, "the city's numerator is not the sum")
    expect(Decimal(str(progress["denominator"])) == denominator, "the city's denominator is not the sum")
    expect(abs(shown - rate) < Fraction(1, 1000), f"the city's rate is {shown}, not {float(rate)}")
    expect(abs(mean - rate) > 1, "the figures must tell a rate from a mean of rates")
    unit = await monitor.get(f"/targets/reports/{reports[0]}")
    expect(unit["evaluation"]["reason"] == "no_allocation", "the city's target was held against one commune")
    expect(unit["against_whole"]["status"] == "missed", "exactly 74.00 % must be a miss")
    return {
        "rate": str(progress["rate"]),
        "mean_of_rates_would_be": f"{float(mean):.2f}",
        "exactly_74": unit["against_whole"]["status"],
        "unit_code": NINH_KIEU,
    }
