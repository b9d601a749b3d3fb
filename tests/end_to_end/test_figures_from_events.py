"""In the running house: what feedback and oversight do reaches the figures, and the figures can be made anew."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import asyncpg
import pytest

from devstack.access.scene import Scene
from devstack.stack import Stack

pytestmark = pytest.mark.timeout(300)
FIGURES = (
    "SELECT i.code, v.period, v.organisation_id, v.numerator, v.denominator, v.counted, v.expected FROM roll_up v"
    " JOIN indicator i ON i.id = v.indicator_id WHERE i.source IN ('feedback_events', 'oversight_events')"
    " AND v.expected <> 0 ORDER BY 1, 2, 3"
)
ITEMS = "SELECT id, kind, subject_id, addressee_id, case_id, organisation_id, path, facts FROM event_item ORDER BY id"


async def read(house: Stack, query: str, *given: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(house.dsn("targets", "app"), server_settings={"role": "targets_house"})
    try:
        return list(await connection.fetch(query, *given))
    finally:
        await connection.close()


async def recompute(house: Stack, *options: str) -> str:
    """Run `./nhipcau ops recompute` beside the running house."""
    result = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "devstack", "ops", "recompute", *options, "--data", str(house.data)],
        env=os.environ | {f"{name.upper()}_PORT": str(port) for name, port in vars(house.ports).items()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


async def test_a_wiped_targets_gets_the_same_figures_from_the_owners(house: Stack, scene: Scene) -> None:
    subjects = {scene.ids[name] for name in ("submission_id", "case_id", "recommendation_id")}
    async with asyncio.timeout(60):
        while not subjects <= {str(row["subject_id"]) for row in await read(house, ITEMS)}:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert "every figure was right" in await recompute(house)
    figures, items = await read(house, FIGURES), await read(house, ITEMS)
    assert {row["code"] for row in figures} >= {"GEN-04", "TASK-5.2", "OVS-01", "OVS-02", "OVS-03"}
    await read(house, "DELETE FROM event_item")
    await read(
        house, "DELETE FROM roll_up v USING indicator i WHERE i.id = v.indicator_id AND i.source LIKE '%_events'"
    )
    await read(house, "DELETE FROM inbox_progress WHERE consumer IN ('targets-feedback', 'targets-oversight')")
    assert await read(house, FIGURES) == []
    said = await recompute(house, "--from-owners")
    assert "figures were put right" in said
    assert await read(house, FIGURES) == figures
    assert await read(house, ITEMS) == items
    assert "every figure was right" in await recompute(house, "--from-owners")
