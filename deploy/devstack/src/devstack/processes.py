"""Child processes that never outlive their parent, and ports."""

import asyncio
import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StackError(Exception):
    """Something the person at the keyboard can put right; the text says how."""


@dataclass(frozen=True)
class Account:
    """The system user a child runs as: name and numeric ids."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """A program with everything it is started with; `stop_signal` asks it to end cleanly."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM


def _dies_with_parent(parent: int, death_signal: int) -> Callable[[], None]:
    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:  # the parent died between fork and prctl
                os._exit(1)

    return prepare


def spawn(command: Command, *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group, so that it dies when the calling thread's process dies.

    Call from the main thread: Linux sends the death signal when the *thread* that forked ends.
    On other systems than Linux a killed parent leaves its children behind. OSError when the program is missing.
    """
    account = command.account
    return subprocess.Popen(
        list(command.argv),
        env=dict(command.env),
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        # Ctrl-C in the terminal reaches only the supervisor, which then stops the children in order.
        start_new_session=True,
        # The function only calls prctl and getppid, which were looked up before the fork: safe with threads.
        preexec_fn=_dies_with_parent(os.getpid(), command.stop_signal),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


async def end(process: subprocess.Popen[bytes], *, stop_signal: signal.Signals, patience: float) -> bool:
    """Ask a child to end, wait `patience` seconds, then kill its group; True when it ended by itself."""
    if process.poll() is not None:
        return True
    process.send_signal(stop_signal)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await exit_of(process)
    clean = process.poll() is not None
    if not clean:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return clean


async def exit_of(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a child, without asking again and again where the system can tell."""
    if not hasattr(os, "pidfd_open"):
        while process.poll() is None:  # noqa: ASYNC110 - no event of the system tells us here
            await asyncio.sleep(0.05)
        return
    if process.poll() is not None:
        return
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    handle = os.pidfd_open(process.pid)
    loop.add_reader(handle, gone.set)
    try:
        while process.poll() is None:
            await gone.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def run_to_end(command: Command, *, what: str) -> str:
    """Run a short program and return its output; StackError with the output when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command.argv,
        env=dict(command.env),
        cwd=command.cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=_dies_with_parent(os.getpid(), signal.SIGKILL),
        user=command.account.uid if command.account else None,
        group=command.account.gid if command.account else None,
        extra_groups=[] if command.account else None,
    )
    output, _ = await process.communicate()
    text = output.decode(errors="replace")
    if process.returncode != 0:
        raise StackError(f"{what} failed (exit {process.returncode}):\n{text.strip()}")
    return text


def port_is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free_port(port: int, *, what: str, change_with: str) -> None:
    """StackError naming the port and how to choose another one when somebody already listens on it."""
    if not port_is_free(port):
        raise StackError(
            f"port {port}, wanted for {what}, is taken by another program. "
            f"Stop that program (find it with: ss -ltnp 'sport = :{port}') or choose another port with {change_with}."
        )


def free_ports(count: int) -> list[int]:
    """`count` different ports nobody listens on at this moment.

    From 20000 to 31999, below the range from which systems take ports for outgoing connections: otherwise the port
    of a server that is restarted could be taken meanwhile.
    """
    chosen: list[int] = []
    while len(chosen) < count:
        port = 20_000 + secrets.randbelow(12_000)
        if port not in chosen and port_is_free(port):
            chosen.append(port)
    return chosen


def process_is_alive(pid: int) -> bool:
    """Whether a process with this id exists, whoever owns it, and is no zombie."""
    with contextlib.suppress(OSError):
        if (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
