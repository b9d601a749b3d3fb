"""Every package can be installed alone, and then nothing of another service is there (design §2, rule 9)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")
ALONE = {
    "servicekit": "servicekit.web",
    "contracts": "contracts.catalogue",
    "gateway": "gateway.app",
    **{name: f"{name}.app" for name in SERVICES},
}


def uv() -> str:
    """Return the uv that `nhipcau` uses: on the path, or the one it got for itself."""
    own = sorted((ROOT / ".data").glob("**/bin/uv"))
    return shutil.which("uv") or str(own[0])


@pytest.mark.parametrize("package", ALONE)
def test_a_package_installs_and_imports_without_the_others(package: str, tmp_path: Path) -> None:
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv")}
    environment.pop("VIRTUAL_ENV", None)
    command = [uv(), "sync", "--locked", "--no-dev", "--no-editable", "--quiet", "--package", package]
    # uv builds a package of ours again only when its pyproject.toml changed: without this it may install older code.
    command += [option for ours in {package, "servicekit", "contracts"} for option in ("--refresh-package", ours)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=110)
    others = [name for name in (*SERVICES, "gateway", "devstack") if name != package]
    check = (
        f"import {ALONE[package]}, importlib.util as u; "
        f"found = [name for name in {others!r} if u.find_spec(name)]; assert not found, found"
    )
    # From another folder: in the repository's root the folder gateway/ itself looks like an empty package.
    python = str(tmp_path / "venv/bin/python")
    result = subprocess.run([python, "-P", "-c", check], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
