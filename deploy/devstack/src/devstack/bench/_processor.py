"""Who used the processor: seconds of processes with their children, read from /proc."""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """Return a process and everything below it that lives now."""
    children: dict[int, list[int]] = defaultdict(list)
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _fields(int(name))):
            children[int(fields[1])].append(int(name))
    found = [pid]
    for each in found:
        found += children[each]
    return found


def seconds(pid: int) -> float:
    """Return processor seconds of a process, of what lives below it and of what ended below it."""
    used = 0
    for each in descendants(pid):
        if fields := _fields(each):
            used += sum(int(number) for number in fields[11:15])  # utime, stime, and both of ended children
    return used / _TICK


class Meter:
    """Processor seconds used between two calls, by name."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before = {name: seconds(pid) for name, pid in pids.items()}

    def read(self) -> dict[str, float]:
        """Return seconds by name since the meter was made."""
        return {name: seconds(pid) - self._before[name] for name, pid in self._pids.items()}


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat after the name, state first; empty when the process is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
