"""The rules between packages hold, and each of them bites: a planted violation turns it red."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("packages/servicekit", "packages/contracts", "gateway", "deploy/devstack", *(
    f"services/{name}" for name in ("registry", "targets", "feedback", "oversight", "webhooks")
))  # fmt: skip

PLANTED = {
    "service imports service": ("services/feedback/src/feedback/queries", "import oversight.settings", "No service"),
    "in a function too": (
        "services/targets/src/targets/actions",
        "def late() -> None:\n    import feedback.settings",
        "No service",
    ),
    "gateway imports service": ("gateway/src/gateway/routing.py", "import registry.settings", "No service"),
    "database in the domain": ("services/oversight/src/oversight/domain", "import sqlalchemy", "Domain rules"),
    "domain reaches I/O through servicekit": (
        "services/feedback/src/feedback/domain",
        "import servicekit.db",
        "Domain rules",
    ),
    "HTTPException in an action": ("services/feedback/src/feedback/actions", "import fastapi", "FastAPI only"),
    "route touches rows": ("services/feedback/src/feedback/api", "import feedback.tables", "Only actions"),
    "row imports action": ("services/registry/src/registry/tables", "import registry.actions", "points inwards"),
    "mechanism learns an event": ("packages/servicekit/src/servicekit/pages.py", "import contracts", "Mechanism"),
    "schema learns a mechanism": (
        "packages/contracts/src/contracts/envelope.py",
        "import servicekit.errors",
        "schemas",
    ),
    "gateway gets a database": ("gateway/src/gateway/routing.py", "import servicekit.db", "no database"),
    "service needs the devstack": (
        "services/webhooks/src/webhooks/settings.py",
        "import devstack.paths",
        "development",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources without anything else, to plant violations in."""
    root = tmp_path_factory.mktemp("tree")
    for source in SOURCES:
        shutil.copytree(ROOT / source / "src", root / source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(str(root / source / "src") for source in SOURCES)
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


def test_every_rule_is_kept(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_caught(copy: Path, name: str) -> None:
    place, code, rule = PLANTED[name]
    target = copy / place
    file = (
        target if target.suffix == ".py" else target / "__init__.py" if target.is_dir() else target.with_suffix(".py")
    )
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(f"{before}\n{code}\n", encoding="utf-8")
        result = lint(copy)
    finally:
        file.write_text(before, encoding="utf-8")
    assert result.returncode != 0
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(rule in line for line in broken), result.stdout[-3000:]


def test_a_file_that_nobody_placed_is_caught(copy: Path) -> None:
    stray = copy / "services/feedback/src/feedback/helpers.py"
    try:
        stray.write_text('"""Nobody said where this belongs."""\n', encoding="utf-8")
        assert lint(copy).returncode != 0
    finally:
        stray.unlink()
