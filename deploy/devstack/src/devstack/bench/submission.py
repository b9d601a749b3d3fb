"""A submission through the gateway beside a bare FastAPI + asyncpg transaction of two rows.

Ours is the whole way: checked at the gateway, validated, encrypted, receipted, audited, idempotent, with its event,
committed before the answer. Every request has an Idempotency-Key of its own.
"""

import asyncio
import json
from typing import Any

from devstack.bench._beside import ROUNDS, SECONDS, beside

PATH = "/api/v1/feedback/submissions"


def run(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> dict[str, Any]:
    """Measure and return the ratio with its details."""
    return asyncio.run(_run(rounds, seconds))


async def _run(rounds: int, seconds: int) -> dict[str, Any]:
    body = one_submission()
    async with beside() as both:
        measured = await both.compare(
            PATH, [body], bare_path="/things", bare_bodies=[body], rounds=rounds, seconds=seconds
        )
    return {"name": "submission", **measured}


def one_submission() -> bytes:
    """Return a valid anonymous submission of about 400 bytes."""
    body = {
        "identity_mode": "anonymous",
        "unit_code": "31135",
        "title": "Ngập sau mưa",
        "text": "Hẻm 14 đường Trần Hưng Đạo ngập sâu sau mỗi trận mưa, học sinh không đi học được. "
        "Đề nghị kiểm tra cống thoát nước.",
        "place": "Hẻm 14, đường Trần Hưng Đạo",
        "consent": {"purpose": "feedback_handling", "text_version": "v1", "agreed": True},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
