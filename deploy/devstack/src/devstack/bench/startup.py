"""`./nhipcau up` on a prepared environment: seconds until everything is healthy, and what it then takes of memory.

Prepared means that the packages are installed and that an earlier start made databases, streams and secrets. Memory
is the proportional set size (PSS) of the command and every process below it when idle: shared pages count once.
"""

import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from devstack import paths
from devstack.bench._processor import descendants
from devstack.environment import passed_on
from devstack.folder import temporary_folder
from devstack.ports import Ports
from devstack.processes import Command, end, spawn

SECONDS = 12.0
MEGABYTES = 900.0
ROUNDS = 3
_IDLE_SECONDS = 15.0
_PATIENCE = 180.0


def run(*, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure and return seconds and megabytes (medians of the rounds) beside their budgets."""
    return asyncio.run(_run(rounds))


async def _run(rounds: int) -> dict[str, Any]:
    folder, ports = temporary_folder(), Ports.free()
    try:
        async with _up(folder, ports) as (first, _):
            pass
        seconds, memory = [], []
        for _ in range(rounds):
            async with _up(folder, ports) as (healthy_after, pid):
                seconds.append(healthy_after)
                await asyncio.sleep(_IDLE_SECONDS)
                memory.append(_megabytes(pid))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    up, idle = statistics.median(seconds), statistics.median(sum(one.values()) for one in memory)
    holds = up <= SECONDS and idle <= MEGABYTES
    return {
        "name": "startup",
        "ratio": round(max(up / SECONDS, idle / MEGABYTES), 4),
        "budget": 1.0,
        "holds": holds,
        "ours": {"seconds": round(up, 1), "megabytes": round(idle)},
        "reference": {"seconds": SECONDS, "megabytes": MEGABYTES},
        "summary": f"healthy after {up:.1f} s (budget {SECONDS:g}), idle {idle:.0f} MB (budget {MEGABYTES:g})",
        "details": {
            "rounds_seconds": [round(one, 1) for one in seconds],
            "first_start_seconds": round(first, 1),
            "idle_after_seconds": _IDLE_SECONDS,
            "megabytes_by_process": memory[-1],
            "cores": os.cpu_count(),
        },
    }


@asynccontextmanager
async def _up(folder: Path, ports: Ports) -> AsyncIterator[tuple[float, int]]:
    """Run `./nhipcau up`; give the seconds until /healthz says that all is up, and its process id."""
    environment = passed_on() | {f"{name.upper()}_PORT": str(ports.of(name)) for name in Ports.names()}
    command = Command(
        [str(paths.REPOSITORY / "nhipcau"), "up", "--quiet", "--data", str(folder)],
        env=environment,
        stop_signal=signal.SIGTERM,
    )
    began = time.monotonic()
    process = spawn(command, output=subprocess.DEVNULL)
    try:
        while not await asyncio.to_thread(_is_healthy, ports.gateway):
            if process.poll() is not None:
                raise RuntimeError(f"./nhipcau up ended with status {process.returncode}")
            if time.monotonic() - began > _PATIENCE:
                raise RuntimeError(f"./nhipcau up was not healthy after {_PATIENCE:g} s")
            await asyncio.sleep(0.05)
        yield time.monotonic() - began, process.pid
    finally:
        await end(process, stop_signal=signal.SIGTERM, patience=60)


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(json.load(answer)["status"] == "up")
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _megabytes(pid: int) -> dict[str, float]:
    """Return the PSS of a process and all below it, by what they run, in MB of 1,000,000 bytes."""
    found: dict[str, float] = {}
    for each in descendants(pid):
        folder = Path("/proc") / str(each)
        try:
            lines = (folder / "smaps_rollup").read_text().splitlines()
            argv = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        name = _name_of(argv)
        found[name] = round(found.get(name, 0.0) + kilobytes * 1024 / 1_000_000, 1)
    return found


def _name_of(argv: list[str]) -> str:
    """Return what a process runs: the module of `python -m`, else the program."""
    if "python" in Path(argv[0]).name and "-m" in argv:
        return argv[argv.index("-m") + 1]
    return Path(argv[0].split(":")[0].split(" ")[0]).name
