"""The main journey, exactly as a person runs it."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_the_demo_holds_from_the_first_to_the_last_step() -> None:
    result = subprocess.run(
        [str(ROOT / "nhipcau"), "demo", "--json"], cwd=ROOT, capture_output=True, text=True, timeout=570, check=False
    )
    said = json.loads(result.stdout.strip().splitlines()[-1])
    failed = [step for step in said["steps"] if not step["ok"]]
    assert not failed, failed
    assert said["ok"] is True
    assert result.returncode == 0
    assert len(said["steps"]) >= 18
