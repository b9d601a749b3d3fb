"""PostgreSQL and NATS are killed with -9 while a citizen is sending; afterwards everything is counted again."""

import asyncio
from typing import Any

import asyncpg

from devstack.demo.client import expect
from devstack.demo.people import NINH_KIEU, Cast
from devstack.paths import SERVICES
from devstack.stack import Stack
from servicekit.row_scope import HOUSE_SUFFIX

SENT_MEANWHILE = 20

LOST_OR_DOUBLED = {
    "events not published": "SELECT count(*) FROM outbox WHERE published_at IS NULL AND visible_at <= now()",
    "version gaps": "SELECT count(*) FROM (SELECT subject FROM outbox GROUP BY subject HAVING count(*) <> max(sequence)"
    " - min(sequence) + 1) AS broken",
    "events put aside": "SELECT count(*) FROM dead_letter",
    "keys without an answer": "SELECT count(*) FROM idempotency_key WHERE status IS NULL",
}


async def kill_and_count(cast: Cast, stack: Stack) -> dict[str, Any]:
    """Kill both engines in the middle of 20 submissions; each is accepted once, and no event is lost or doubled."""
    before = await _count(stack, "feedback", "SELECT count(*) FROM submission")
    sending = asyncio.create_task(_send_many(cast))
    await asyncio.sleep(0.15)
    await stack.kill("postgres")
    await stack.kill("nats")
    codes = await sending
    await stack.wait_ready("postgres")
    await stack.wait_ready("nats")
    expect(len(set(codes)) == SENT_MEANWHILE, "two senders got one code")
    after = await _count(stack, "feedback", "SELECT count(*) FROM submission")
    expect(after - before == SENT_MEANWHILE, f"{SENT_MEANWHILE} were accepted, {after - before} are there")
    return {"accepted_meanwhile": len(codes), "stored": after - before}


async def _send_many(cast: Cast) -> list[str]:
    async def send(number: int) -> str:
        await asyncio.sleep(number * 0.03)
        body = {
            "identity_mode": "anonymous",
            "unit_code": NINH_KIEU,
            "text": f"Phản ánh thứ {number + 1} gửi trong lúc máy chủ gặp sự cố.",
            "consent": {"purpose": "feedback_handling", "text_version": "2026-01", "agreed": True},
        }
        return str((await cast.nobody.post("/feedback/submissions", body))["code"])

    return await asyncio.gather(*[send(number) for number in range(SENT_MEANWHILE)])


async def count_again(stack: Stack) -> dict[str, Any]:
    """Ask every database what was lost or doubled, until the courier has caught up or a minute is over."""
    wrong: dict[str, int] = {}
    for _ in range(120):
        wrong = {
            f"{service}: {what}": number
            for service in SERVICES
            for what, query in LOST_OR_DOUBLED.items()
            if (number := await _count(stack, service, query))
        }
        wrong |= await _not_applied(stack)
        if not wrong:
            return dict.fromkeys(LOST_OR_DOUBLED, 0) | {"events not applied": 0}
        await asyncio.sleep(0.5)
    raise AssertionError(f"lost or doubled after the restart: {wrong}")


async def _not_applied(stack: Stack) -> dict[str, int]:
    """Compare what each service published with what its readers applied, version by version."""
    wrong = {}
    for source in SERVICES:
        latest = await _rows(stack, source, "SELECT subject, max(sequence) AS top FROM outbox GROUP BY subject")
        for reader in SERVICES:
            consumer = f"{reader}-{source}"
            applied = await _rows(
                stack, reader, f"SELECT subject, sequence AS top FROM inbox_progress WHERE consumer = '{consumer}'"
            )
            known = dict(applied)
            if known and any(known.get(subject) != top for subject, top in latest):
                wrong[f"{consumer} is behind"] = sum(known.get(subject) != top for subject, top in latest)
    return wrong


async def _rows(stack: Stack, service: str, query: str) -> list[tuple[Any, Any]]:
    connection = await _house(stack, service)
    try:
        return [(row["subject"], row["top"]) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def _count(stack: Stack, service: str, query: str) -> int:
    connection = await _house(stack, service)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def _house(stack: Stack, service: str) -> Any:
    # Row-level security shows all rows to nobody else, not even to the tables' owner.
    return await asyncpg.connect(stack.dsn(service), server_settings={"role": service + HOUSE_SUFFIX})
