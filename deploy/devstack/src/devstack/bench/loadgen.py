"""A bounded load on one address of this machine: wrk when it is installed, else a small asyncio generator.

The asyncio generator is slower than nginx, so beside it a fast reference looks slower than it is; results say which
generator they come from.
"""

import asyncio
import itertools
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_POSTS = """
local bodies, prefix, count = {}, "", 0
function init(arguments)
  prefix = arguments[2]
  for line in io.lines(arguments[1]) do bodies[#bodies + 1] = line end
end
function request()
  count = count + 1
  wrk.headers["Idempotency-Key"] = prefix .. count
  return wrk.format("POST", nil, nil, bodies[count % #bodies + 1])
end
"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What one run saw; times in milliseconds; `failed` counts answers that were not 2xx and broken connections."""

    per_second: float
    p50: float
    p99: float
    failed: int


def generator() -> str:
    """Return the name of the load generator in use."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def get(url: str, *, headers: dict[str, str], connections: int = 32, seconds: int = 3) -> Load:
    """Send GET after GET on each of `connections` kept connections for `seconds`."""
    if shutil.which("wrk"):
        return _wrk(url, headers, connections, seconds)
    request = _request("GET", url, headers)
    return asyncio.run(_own(url, lambda: request, connections, seconds))


def post(
    url: str, *, headers: dict[str, str], bodies: Sequence[bytes], connections: int = 32, seconds: int = 3
) -> Load:
    """Send POST after POST with these bodies (one line each) in turn, every one with a new Idempotency-Key."""
    prefix = secrets.token_hex(8)
    if shutil.which("wrk"):
        with tempfile.TemporaryDirectory(prefix="nhipcau-bench-") as folder:
            script, lines = Path(folder) / "posts.lua", Path(folder) / "bodies"
            script.write_text(_POSTS)
            lines.write_bytes(b"\n".join(bodies) + b"\n")
            return _wrk(url, headers, connections, seconds, script=(str(script), str(lines), prefix))
    numbers, turn = itertools.count(), itertools.cycle(bodies)

    def next_request() -> bytes:
        return _request("POST", url, headers | {"Idempotency-Key": f"{prefix}{next(numbers)}"}, next(turn))

    return asyncio.run(_own(url, next_request, connections, seconds))


def _wrk(
    url: str, headers: dict[str, str], connections: int, seconds: int, *, script: tuple[str, str, str] | None = None
) -> Load:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += [url] if script is None else ["-s", script[0], url, "--", *script[1:]]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 20).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if rate is None:
        raise RuntimeError(f"wrk said nothing usable:\n{text}")
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    failed = int(errors[1]) if errors else 0
    failed += sum(int(number) for number in broken.groups()) if broken else 0
    return Load(float(rate[1]), _percentile(text, "50%"), _percentile(text, "99%"), failed)


def _percentile(text: str, name: str) -> float:
    match = re.search(rf"{re.escape(name)}\s+([\d.]+)(us|ms|s)", text)
    return float(match[1]) * _UNITS[match[2]] if match else float("nan")


def _request(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def _own(url: str, next_request: Callable[[], bytes], connections: int, seconds: int) -> Load:
    parts = urlsplit(url)
    times: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while time.perf_counter() < end:
                started = time.perf_counter()
                writer.write(next_request())
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                if length is None:
                    raise RuntimeError("the asyncio generator needs answers with Content-Length; install wrk")
                await reader.readexactly(int(length[1]))
                times.append(time.perf_counter() - started)
                failed += not head.startswith(b"HTTP/1.1 2")
        except (OSError, asyncio.IncompleteReadError):
            failed += 1
        finally:
            writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    times.sort()
    if not times:
        return Load(0.0, float("nan"), float("nan"), failed)
    return Load(len(times) / seconds, times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000, failed)
