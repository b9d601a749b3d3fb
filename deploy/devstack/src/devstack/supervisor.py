"""Starts processes in the order of their needs, starts them again when they die, stops them in reverse."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.logs import Log
from devstack.probes import Probe, wait_until
from devstack.processes import Command, StackError, end, exit_of, spawn

Action = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Process:
    """One long-lived child: what it needs first, what to do before each start, and how to tell it is ready."""

    name: str
    command: Command
    ready: Probe
    needs: tuple[str, ...] = ()
    prepare: Action | None = None
    start_patience: float = 120.0
    stop_patience: float = 15.0


@dataclass(frozen=True)
class Step:
    """Something done once at the start, between processes: roles, streams, a migration."""

    name: str
    needs: tuple[str, ...]
    action: Action


Part = Process | Step


class Supervisor:
    """Runs `parts`, given in an order in which nothing needs what comes later."""

    def __init__(
        self, parts: Sequence[Part], *, logs: Path, shown: bool = False, report: Callable[[str], None] = print
    ) -> None:
        known: set[str] = set()
        for part in parts:
            if missing := set(part.needs) - known:
                raise ValueError(f"{part.name} needs {sorted(missing)}, which do not come before it")
            known.add(part.name)
        self.parts = list(parts)
        self.processes = {part.name: part for part in parts if isinstance(part, Process)}
        self._report = report
        self._started = {part.name: asyncio.Event() for part in parts}
        self._ready = {name: asyncio.Event() for name in self.processes}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._paused: dict[str, asyncio.Event] = {name: asyncio.Event() for name in self.processes}
        for event in self._paused.values():
            event.set()
        self._logs = {
            name: Log(name, logs / f"{name}.log", shown=shown, colour=place)
            for place, name in enumerate(self.processes)
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def pids(self) -> dict[str, int]:
        """Process id of every child that runs now."""
        return {name: child.pid for name, child in self._running.items() if child.poll() is None}

    async def start(self) -> None:
        """Bring everything up; the first failure stops what was started and is raised."""
        try:
            async with asyncio.TaskGroup() as group:
                for part in self.parts:
                    group.create_task(self._bring_up(part))
        except BaseExceptionGroup as failures:
            await self.stop()
            raise failures.exceptions[0] from None
        except BaseException:
            await self.stop()
            raise

    async def _bring_up(self, part: Part) -> None:
        for need in part.needs:
            await self._started[need].wait()
        began = time.monotonic()
        patience = asyncio.get_running_loop().call_later(2, self._report, f"{part.name} …")
        try:
            if isinstance(part, Step):
                await part.action()
            else:
                await self._launch(part)
                self._in_background(self._keep(part))
        finally:
            patience.cancel()
        self._started[part.name].set()
        self._report(f"{part.name} ready after {time.monotonic() - began:.1f} s")

    def _in_background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _launch(self, process: Process) -> None:
        if process.prepare is not None:
            await process.prepare()
        if self._stopping:
            raise StackError(f"{process.name} is not started while everything stops")
        log = self._logs[process.name]
        child = spawn(process.command, output=subprocess.PIPE)
        self._running[process.name] = child
        assert child.stdout is not None
        following = asyncio.ensure_future(log.follow(child.stdout))
        self._tasks.add(following)
        following.add_done_callback(self._tasks.discard)

        async def ready_or_dead() -> bool:
            if child.poll() is not None:
                await asyncio.wait([following], timeout=0.5)
                raise StackError(
                    f"{process.name} ended with status {child.returncode} before it was ready "
                    f"(whole log: {log.file}):\n{log.tail()}"
                )
            return await process.ready()

        try:
            await wait_until(ready_or_dead, what=process.name, patience=process.start_patience, pause=0.05)
        except TimeoutError as late:
            await end(child, stop_signal=signal.SIGKILL, patience=5)
            raise StackError(f"{late} (whole log: {log.file}):\n{log.tail()}") from None
        self._ready[process.name].set()

    async def _keep(self, process: Process) -> None:
        delay = 0.1
        while True:
            child = self._running[process.name]
            await exit_of(child)
            if self._stopping:
                return
            self._ready[process.name].clear()
            self._report(f"{process.name} ended with status {child.returncode}; starting it again")
            while not self._stopping:
                await self._paused[process.name].wait()
                await asyncio.sleep(delay)
                began = time.monotonic()
                try:
                    await self._launch(process)
                except (StackError, OSError) as failed:
                    delay = min(delay * 2, 5.0)
                    self._report(f"{process.name} did not come back, next try in {delay:g} s: {failed}")
                    continue
                delay = 0.1
                self._report(f"{process.name} is back after {time.monotonic() - began:.1f} s")
                break

    async def kill(self, name: str) -> None:
        """`kill -9`; returns when the process is gone. The supervisor then starts it again."""
        child = self._child(name)
        self._ready[name].clear()
        child.kill()
        await exit_of(child)

    async def pause(self, name: str) -> None:
        """`kill -9` and leave it dead until `resume`."""
        self._paused[name].clear()
        await self.kill(name)

    async def resume(self, name: str) -> None:
        """Let a paused process be started again and wait until it is ready."""
        self._paused[name].set()
        await self.wait_ready(name)

    async def wait_ready(self, name: str, *, patience: float = 60.0) -> None:
        """Wait until the process answers its probe; TimeoutError after `patience` seconds."""
        async with asyncio.timeout(patience):
            await self._ready[name].wait()

    def _child(self, name: str) -> subprocess.Popen[bytes]:
        child = self._running.get(name)
        if child is None or child.poll() is not None:
            raise StackError(f"{name} is not running")
        return child

    async def stop(self) -> None:
        """Stop everything, what needs others first; a child that does not end in time is killed."""
        if self._stopping:
            return
        self._stopping = True
        for depth in sorted(set(self._depths().values()), reverse=True):
            level = [name for name, d in self._depths().items() if d == depth]
            await asyncio.gather(*(self._stop_one(self.processes[name]) for name in level))
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop_one(self, process: Process) -> None:
        child = self._running.get(process.name)
        if child is None or child.poll() is not None:
            return
        stop_signal = process.command.stop_signal
        if not await end(child, stop_signal=stop_signal, patience=process.stop_patience):
            self._report(f"{process.name} did not stop within {process.stop_patience:g} s and was killed")

    def _depths(self) -> dict[str, int]:
        depths: dict[str, int] = {}
        for part in self.parts:
            depths[part.name] = 1 + max((depths[need] for need in part.needs), default=0)
        return {name: depths[name] for name in self.processes}
