"""docker-compose.yml: it is valid, only the edge is published, and nothing secret is written in it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_compose_accepts_the_file() -> None:
    command = [str(Path(sys.executable).parent / "docker-compose"), "config", "--quiet"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_only_the_edge_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_every_secret_is_a_file_that_the_script_makes(tmp_path: Path) -> None:
    script = tmp_path / "deploy/make-secrets"
    script.parent.mkdir()
    script.write_bytes((ROOT / "deploy/make-secrets").read_bytes())
    subprocess.run(["bash", str(script)], check=True, capture_output=True)
    made = {f"deploy/secrets/{file.name}" for file in (tmp_path / "deploy/secrets").iterdir()}
    assert {secret["file"] for secret in COMPOSE["secrets"].values()} <= made


def test_no_password_is_written_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(password|secret|key)\s*[:=]\s*['\"]?[A-Za-z0-9+/]{8,}", text.split("\nsecrets:")[0])


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ("streams",)])
def test_a_part_starts_when_what_it_needs_is_healthy(name: str) -> None:
    needed = SERVICES[name].get("depends_on", {})
    assert all(wait["condition"] != "service_started" for wait in needed.values())


def test_postgresql_keeps_its_data_where_version_18_looks() -> None:
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]
