"""The gateway beside nginx proxy_pass: a signed-in GET to a trivial upstream over 32 kept connections.

Both forward the same request to the same upstream (a third nginx that returns 170 bytes). The gateway checks the
token, the host, the path and the allowance and writes its access log; nginx does none of it and writes none. Measured
with one worker process each and with two each; the headline is the smaller of the two ratios.
"""

import base64
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devstack.bench import loadgen

BUDGET = 0.20
AIM = 0.30
CONNECTIONS = 32
ROUNDS = 3
SECONDS = 3
_TARGET = "/api/v1/registry/me?view=a%2Fb"
_ANSWER = {
    "id": "0199a8d2-0000-7000-8000-000000000000",
    "code": "31147",
    "name": "Phường Ninh Kiều",
    "level": "commune",
    "valid_from": "2025-07-01",
    "valid_to": None,
}
_NGINX = """
worker_processes {workers}; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {folder}/{name}1; proxy_temp_path {folder}/{name}2; fastcgi_temp_path {folder}/{name}3;
  uwsgi_temp_path {folder}/{name}4; scgi_temp_path {folder}/{name}5;
{body}
}}
"""
_UPSTREAM = """
  server {{ listen 127.0.0.1:{port};
    location = /api/v1/registry/jwks.json {{ return 200 '{keys}'; }}
    location = /api/v1/registry/tokens {{ return 200 '{{"access_token": "bench", "expires_in": 600}}'; }}
    location = /api/v1/registry/revocations {{ return 200 '{{"items": [], "cursor": "1"}}'; }}
    location / {{ return 200 '{answer}'; }} }}
"""
_PROXY = """
  upstream service {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; }} }}
"""


def run(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> dict[str, Any]:
    """Measure and return the ratio with its details. Raises RuntimeError when nginx is missing."""
    if shutil.which("nginx") is None:
        raise RuntimeError(
            "nginx is needed as the reference and is not installed; on Debian: "
            "apt-get update && apt-get install -y nginx-light wrk"
        )
    with tempfile.TemporaryDirectory(prefix="nhipcau-bench-") as name:
        measured = {workers: _measure(Path(name), workers, rounds, seconds) for workers in (1, 2)}
    worst = min(measured.values(), key=lambda pair: pair["ratio"])
    return {
        "name": "gateway",
        "ratio": worst["ratio"],
        "budget": BUDGET,
        "aim": AIM,
        "holds": worst["ratio"] >= BUDGET and all(not pair["failed"] for pair in measured.values()),
        "ours": worst["ours"],
        "reference": worst["reference"],
        "unit": "requests/s",
        "connections": CONNECTIONS,
        "generator": loadgen.generator(),
        "cores": os.cpu_count(),
        "by_workers": {f"{workers}:{workers}": pair for workers, pair in measured.items()},
    }


def _measure(folder: Path, workers: int, rounds: int, seconds: int) -> dict[str, Any]:
    key = Ed25519PrivateKey.generate()
    headers = {"Authorization": f"Bearer {_token(key)}", "Accept": "application/json"}
    upstream_port, proxy_port, gateway_port = _free_ports(3)
    answer = json.dumps(_ANSWER, ensure_ascii=False)
    with ExitStack() as stack:
        body = _UPSTREAM.format(port=upstream_port, keys=json.dumps(_keys(key)), answer=answer)
        stack.enter_context(_nginx(folder, f"upstream{workers}", 1, body))
        body = _PROXY.format(port=proxy_port, upstream=upstream_port)
        stack.enter_context(_nginx(folder, f"proxy{workers}", workers, body))
        stack.enter_context(_gateway(gateway_port, upstream_port, workers))
        ours_url, reference_url = (f"http://127.0.0.1:{port}{_TARGET}" for port in (gateway_port, proxy_port))
        for url in (reference_url, ours_url):
            _await(url, headers)
            loadgen.get(url, headers=headers, connections=CONNECTIONS, seconds=1)
        pairs = []
        for _ in range(rounds):
            reference = loadgen.get(reference_url, headers=headers, connections=CONNECTIONS, seconds=seconds)
            ours = loadgen.get(ours_url, headers=headers, connections=CONNECTIONS, seconds=seconds)
            pairs.append((ours, reference))
        trivial = loadgen.get(
            f"http://127.0.0.1:{upstream_port}{_TARGET}", headers=headers, connections=CONNECTIONS, seconds=1
        )
    return {
        "ratio": round(statistics.median(ours.per_second / ref.per_second for ours, ref in pairs), 4),
        "ours": round(statistics.median(ours.per_second for ours, _ in pairs)),
        "reference": round(statistics.median(ref.per_second for _, ref in pairs)),
        "upstream_alone": round(trivial.per_second),
        "ours_p50_ms": statistics.median(ours.p50 for ours, _ in pairs),
        "ours_p99_ms": statistics.median(ours.p99 for ours, _ in pairs),
        "reference_p99_ms": statistics.median(ref.p99 for _, ref in pairs),
        "rounds": [round(ours.per_second / ref.per_second, 4) for ours, ref in pairs],
        "failed": sum(load.failed for pair in pairs for load in pair),
    }


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _token(key: Ed25519PrivateKey) -> str:
    now = int(time.time())
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "bench"}
    claims = {
        "iss": "nhipcau/bench",
        "aud": "nhipcau",
        "sub": str(uuid.uuid4()),
        "sid": str(uuid.uuid4()),
        "jti": str(uuid.uuid4()),
        "kind": "person",
        "iat": now,
        "exp": now + 600,
        "grants": [{"role": "front_officer", "organisation": str(uuid.uuid4())}],
        "scope": "",
    }
    signed = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{signed}.{_encode(key.sign(signed.encode()))}"


def _keys(key: Ed25519PrivateKey) -> dict[str, Any]:
    public = {"kty": "OKP", "crv": "Ed25519", "x": _encode(key.public_key().public_bytes_raw())}
    return {"keys": [public | {"kid": "bench", "alg": "EdDSA", "use": "sig"}]}


@contextmanager
def _nginx(folder: Path, name: str, workers: int, body: str) -> Iterator[None]:
    config = folder / f"{name}.conf"
    config.write_text(_NGINX.format(workers=workers, folder=folder, name=name, body=body), encoding="utf-8")
    command = ["nginx", "-p", str(folder), "-c", str(config), "-e", str(folder / f"{name}.log")]
    with _process(command, os.environ.copy()):
        yield


@contextmanager
def _gateway(port: int, upstream_port: int, workers: int) -> Iterator[None]:
    upstream = f"http://127.0.0.1:{upstream_port}"
    services = ("registry", "targets", "feedback", "oversight", "webhooks")
    environment = os.environ | {
        "SERVICE_PORT": str(port),
        "DEPLOYMENT": "bench",
        "REGISTRY_URL": upstream,
        "CLIENT_SECRET": "bench",
        "SERVICES": json.dumps(dict.fromkeys(services, upstream)),
        "ALLOWED_HOSTS": "127.0.0.1",
        "LOG_FORMAT": "json",
        "WORKERS": str(workers),
        # The allowances are still counted and sent; they are only too large to run out.
        "RATE_LIMITS": '{"address": "100000000/60", "signed_in": "100000000/60"}',
    }
    with _process([sys.executable, "-m", "gateway", "serve"], environment):
        yield


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _await(url: str, headers: dict[str, str]) -> None:
    """Wait until an address answers 200 to the very request that is going to be measured."""
    end = time.monotonic() + 20
    last = ""
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=2) as answer:
                if json.load(answer) == _ANSWER:
                    return
        except (urllib.error.URLError, OSError, ValueError) as error:
            last = str(error)
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer as expected within 20 s: {last}")
