"""A bounded load on one address of this machine: wrk when it is installed, else a small asyncio generator.

The asyncio generator is slower than nginx, so beside it a fast reference looks slower than it is; results say which
generator they come from.
"""

import asyncio
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

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
    return asyncio.run(_own(url, headers, connections, seconds))


def _wrk(url: str, headers: dict[str, str], connections: int, seconds: int) -> Load:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    text = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=seconds + 20).stdout
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


async def _own(url: str, headers: dict[str, str], connections: int, seconds: int) -> Load:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    times: list[float] = []
    failed = 0
    end = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while time.perf_counter() < end:
                started = time.perf_counter()
                writer.write(request)
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
