"""docker-compose.yml: it is valid, only the edge is published, rooms are apart, nothing secret is written in it."""

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
HOUSE = ("registry", "targets", "feedback", "oversight", "webhooks")
ONCE = [name for name, service in SERVICES.items() if service["restart"] == "no"]
LASTING = [name for name in SERVICES if name not in ONCE]


def secrets_of(name: str) -> dict[str, str]:
    """What a container finds in /run/secrets, and which file of ours it is."""
    listed = SERVICES[name].get("secrets", [])
    return {
        one if isinstance(one, str) else one["target"]: one if isinstance(one, str) else one["source"] for one in listed
    }


def test_compose_accepts_the_file() -> None:
    command = [str(Path(sys.executable).parent / "docker-compose"), "config", "--quiet"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_only_the_edge_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]


def test_rooms_have_no_way_out_except_for_the_edge_and_webhooks() -> None:
    networks = COMPOSE["networks"]
    assert [name for name, network in networks.items() if not network.get("internal")] == ["outside"]
    assert {name for name, one in SERVICES.items() if "outside" in one["networks"]} == {
        "caddy",
        "webhooks",
        "webhooks-worker",
    }


def test_the_gateway_cannot_reach_an_engine_and_the_edge_cannot_reach_a_service() -> None:
    rooms = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert rooms["postgres"] == rooms["nats"] == {"data"}
    assert rooms["gateway"] == {"door", "inside"}
    assert rooms["caddy"] == {"door", "outside"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert bool(service.get("cap_add")) == (name in ("caddy", "postgres"))


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_has_a_health_check_and_comes_back(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_part_starts_when_what_it_needs_is_healthy_or_done(name: str) -> None:
    needed = SERVICES[name].get("depends_on", {})
    wanted = {other: "service_completed_successfully" if other in ONCE else "service_healthy" for other in needed}
    assert {other: wait["condition"] for other, wait in needed.items()} == wanted


@pytest.mark.parametrize("name", HOUSE[1:])
def test_a_worker_does_not_wait_for_its_service(name: str) -> None:
    # The service is ready only when its worker has copied the registry's facts: each would wait for the other.
    assert name not in SERVICES[f"{name}-worker"]["depends_on"]


@pytest.mark.parametrize("name", HOUSE)
def test_a_service_gets_its_own_secrets_and_only_the_migration_the_owners(name: str) -> None:
    serving, working, migrating = secrets_of(name), secrets_of(f"{name}-worker"), secrets_of(f"{name}-migrate")
    assert serving == working
    assert migrating == serving | {"migration_database_url": f"{name}_migration_database_url"}
    shared = {"client_secrets", "admin_password", "admin_totp_secret"} if name == "registry" else set()
    assert {source for source in serving.values() if not source.startswith(f"{name}_")} == shared
    assert secrets_of("gateway") == {"client_secret": "gateway_client_secret"}
    assert "secrets" not in SERVICES["caddy"]


def test_every_secret_is_a_file_that_the_script_makes_once_in_a_closed_folder(tmp_path: Path) -> None:
    script = tmp_path / "deploy/make-secrets"
    script.parent.mkdir()
    script.write_bytes((ROOT / "deploy/make-secrets").read_bytes())
    made: list[dict[str, str]] = []
    for _ in range(2):
        subprocess.run(["bash", str(script)], check=True, capture_output=True)
        made.append({f"deploy/secrets/{one.name}": one.read_text() for one in (tmp_path / "deploy/secrets").iterdir()})
    assert {secret["file"] for secret in COMPOSE["secrets"].values()} <= made[0].keys()
    assert made[0] == made[1]
    assert (tmp_path / "deploy/secrets").stat().st_mode & 0o077 == 0


def test_an_administrator_on_the_host_finds_the_engines(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$4" = nhipcau-postgres-1 ] && echo 172.20.0.2 || echo 172.20.0.3\n')
    docker.chmod(0o755)
    for name, password in (("postgres", "pg"), ("nats_ops", "pn")):
        secret = tmp_path / f"deploy/secrets/{name}_password"
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text(password)
    script = f'. "{ROOT}/deploy/engines.sh" && env'
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout.splitlines()
    assert "DATABASE_URL=postgresql://postgres:pg@172.20.0.2/postgres" in said
    assert "NATS_URL=nats://ops:pn@172.20.0.3:4222" in said


def test_front_ends_of_the_installation_reach_the_gateway() -> None:
    assert SERVICES["gateway"]["environment"]["ALLOWED_ORIGINS"] == "${ALLOWED_ORIGINS:-}"


def test_no_password_is_written_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(password|secret|key)\s*[:=]\s*['\"]?[A-Za-z0-9+/]{8,}", text.split("\nsecrets:")[0])


def test_an_image_is_built_from_what_is_named_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert allowed == {"pyproject.toml", "uv.lock", "packages", "services", "gateway", "deploy/devstack/pyproject.toml"}


def test_postgresql_keeps_its_data_where_version_18_looks_and_listens() -> None:
    assert "postgres:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]
    # Our configuration file replaces the one in which the image says so.
    assert "listen_addresses=*" in SERVICES["postgres"]["command"]


def test_compressed_answers_do_not_break_if_match() -> None:
    edge = (ROOT / "deploy/caddy/Caddyfile").read_text(encoding="utf-8")
    assert "encode " not in edge or "header_up If-Match " in edge
