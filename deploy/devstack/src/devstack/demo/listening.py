"""The other system registers an endpoint and hears of everything, signed."""

from typing import Any

from devstack.demo.client import eventually, expect
from devstack.demo.people import Cast
from devstack.demo.receiver import Receiver

MUST_BE_HEARD = (
    "targets.report.approved.v1",
    "targets.indicator.computed.v1",
    "feedback.submission.received.v1",
    "feedback.submission.accepted.v1",
    "feedback.submission.answered.v1",
    "feedback.submission.disputed.v1",
    "oversight.case.opened.v1",
    "oversight.recommendation.served.v1",
    "oversight.recommendation.acknowledged.v1",
    "oversight.recommendation.replied.v1",
    "oversight.recommendation.overdue.v1",
    "oversight.recommendation.verified.v1",
)


async def register(cast: Cast, receiver: Receiver, host: str) -> dict[str, Any]:
    """Register the receiver; an inside address is refused first."""
    system = cast.people["system"]
    body = {
        "url": f"http://{host}:{receiver.port}/nhipcau",
        "description": "Hệ thống một cửa của thành phố",
        "event_types": ["targets.*", "feedback.*", "oversight.*"],
        "owner_organisation_id": cast.organisations["city_committee"],
    }
    problem = await system.refused(
        "POST",
        "/webhooks/endpoints",
        422,
        json={**body, "url": "https://169.254.169.254/latest"},
        headers={"Idempotency-Key": "0123456789abcdef"},
    )
    expect(problem["code"] == "target_refused", "an inside address must be refused")
    made = await system.post("/webhooks/endpoints", body)
    receiver.secret = made["secret"]
    return {"endpoint": made["id"], "inside_address": problem["code"]}


async def heard(cast: Cast, receiver: Receiver, endpoint: str) -> dict[str, Any]:
    """Everything that happened arrived, verified, and each event once in the log as delivered."""

    async def complete() -> bool:
        types = receiver.types()
        return all(types[name] for name in MUST_BE_HEARD) and types["targets.report.approved.v1"] == 103

    await eventually("all signed events at the receiver", complete, 60)
    expect(receiver.refused == 0, f"{receiver.refused} deliveries did not verify")

    async def settled() -> bool:
        page = await cast.people["system"].get(f"/webhooks/endpoints/{endpoint}/deliveries", status="pending")
        return not page["items"]

    await eventually("no delivery waiting", settled, 60)
    delivered = await cast.people["system"].all(
        f"/webhooks/endpoints/{endpoint}/deliveries", status="delivered", limit=100
    )
    ids = [line["event_id"] for line in delivered]
    expect(len(ids) == len(set(ids)), "an event stands twice in the delivery log")
    expect(set(ids) == set(receiver.events), "the log and the receiver disagree")
    return {"events": len(ids), "types": len(receiver.types()), "verified_by": "standardwebhooks", "refused": 0}
