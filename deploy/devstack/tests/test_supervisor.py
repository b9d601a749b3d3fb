"""The supervisor, with small stand-in servers in the place of services."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from devstack.probes import http_ready, http_status, wait_until
from devstack.processes import Command, StackError, free_ports, process_is_alive
from devstack.supervisor import Part, Process, Step, Supervisor

STAND_IN = Path(__file__).with_name("stand_in.py")


def stand_in(name: str, port: int, *how: str, needs: tuple[str, ...] = (), stop_patience: float = 5) -> Process:
    command = Command([sys.executable, str(STAND_IN), str(port), *how], env={"PATH": os.defpath})
    return Process(name, command, http_ready(port, "/"), needs=needs, stop_patience=stop_patience)


async def test_parts_start_when_what_they_need_is_ready(tmp_path: Path) -> None:
    said: list[str] = []
    first, second = free_ports(2)

    async def step() -> None:
        assert await http_status(first, "/") == 200
        assert await http_status(second, "/") is None

    parts: list[Part] = [
        stand_in("first", first, "slow"),
        Step("step", ("first",), step),
        stand_in("second", second, needs=("step",)),
    ]
    supervisor = Supervisor(parts, logs=tmp_path, report=said.append)
    await supervisor.start()
    assert [line.split()[0] for line in said] == ["first", "step", "second"]
    pids = supervisor.pids
    await supervisor.stop()
    assert not any(process_is_alive(pid) for pid in pids.values())
    assert f"stand-in on {second}" in (tmp_path / "second.log").read_text()


async def test_a_killed_process_comes_back_and_a_paused_one_waits(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    supervisor = Supervisor([stand_in("one", port)], logs=tmp_path, report=lambda _: None)
    await supervisor.start()
    try:
        before = supervisor.pids["one"]
        await supervisor.kill("one")
        assert not process_is_alive(before)
        await supervisor.wait_ready("one", patience=10)
        assert supervisor.pids["one"] != before
        await supervisor.pause("one")
        await asyncio.sleep(0.5)
        assert "one" not in supervisor.pids
        await supervisor.resume("one")
        assert await http_status(port, "/") == 200
    finally:
        await supervisor.stop()


async def test_a_process_killed_from_outside_comes_back(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    said: list[str] = []
    supervisor = Supervisor([stand_in("one", port)], logs=tmp_path, report=said.append)
    await supervisor.start()
    try:
        before = supervisor.pids["one"]
        os.kill(before, 9)

        async def another_answers() -> bool:
            return supervisor.pids.get("one", before) != before and await http_status(port, "/") == 200

        await wait_until(another_answers, what="another process", patience=10)
        await supervisor.wait_ready("one")
        assert any("ended with status -9; starting it again" in line for line in said)
    finally:
        await supervisor.stop()


async def test_the_first_failure_is_told_with_its_last_lines_and_stops_the_rest(tmp_path: Path) -> None:
    good, bad = free_ports(2)
    parts = [stand_in("good", good), stand_in("bad", bad, "broken", needs=("good",))]
    supervisor = Supervisor(parts, logs=tmp_path, report=lambda _: None)
    with pytest.raises(StackError, match=r"(?s)bad ended with status 1.*bad\.log.*cannot start: no reason"):
        await supervisor.start()
    assert supervisor.pids == {}
    assert await http_status(good, "/") is None


async def test_a_stubborn_process_is_killed_in_the_end(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    said: list[str] = []
    parts = [stand_in("one", port, "stubborn", stop_patience=0.3)]
    supervisor = Supervisor(parts, logs=tmp_path, report=said.append)
    await supervisor.start()
    pid = supervisor.pids["one"]
    began = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began < 3
    assert not process_is_alive(pid)
    assert said[-1] == "one did not stop within 0.3 s and was killed"


async def test_what_needs_others_stops_first(tmp_path: Path) -> None:
    ports = free_ports(3)
    parts = [stand_in(f"p{i}", ports[i], needs=(f"p{i - 1}",) if i else ()) for i in range(3)]
    supervisor = Supervisor(parts, logs=tmp_path, report=lambda _: None)
    await supervisor.start()
    await supervisor.stop()
    asked, ended = ([_when(tmp_path / f"p{i}.log", word) for i in range(3)] for word in ("asked", "ended"))
    assert ended[2] < asked[1] < ended[1] < asked[0]


def _when(log: Path, word: str) -> int:
    return next(int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith(word))


def test_a_need_that_comes_later_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one needs"):
        Supervisor([stand_in("one", 1, needs=("two",))], logs=tmp_path)
