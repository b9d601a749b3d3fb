"""What all worker processes of one gateway share: the salt of the day and the table of allowances.

It lies in memory without a file name (memfd), readable by this user's processes only, and is gone with the last of
them. Workers are started anew by uvicorn, so they find it by the environment. No lock on the way of a request: a
number is eight aligned bytes, and two workers that write the same one at once cost at most one uncounted request.
"""

import fcntl
import mmap
import os
import time
from collections.abc import Callable

_WHERE = "GATEWAY_SHARED"
_SETS = 65_536
_WAYS = 4
_SALT = 32
# 32 bytes of salt, the time at which it ends, room.
_HEAD = 64
SALT_SECONDS = 86_400.0


class Shared:
    """The shared memory: `salt()` and a table of 64-bit keys with one time each, `sets` x 4 places."""

    def __init__(
        self, memory: mmap.mmap, *, lock: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._memory = memory
        self._lock = lock
        self._clock = clock
        self._sets = (len(memory) - _HEAD) // (_WAYS * 16)
        view = memoryview(memory)
        places = self._sets * _WAYS * 8
        self._ends = view[_SALT : _SALT + 8].cast("d")
        self._keys = view[_HEAD : _HEAD + places].cast("Q")
        self._times = view[_HEAD + places :].cast("d")
        self._salt = b""
        self._salt_ends = 0.0

    def salt(self) -> bytes:
        """Return the key of today's hashes; after 24 hours it is thrown away and nobody can compute them again."""
        ends: float = self._ends[0]
        if ends != self._salt_ends or ends <= self._clock():
            self._renew()
        return self._salt

    def _renew(self) -> None:
        if self._lock is not None:
            fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            if self._ends[0] <= self._clock():
                self._memory[:_SALT] = os.urandom(_SALT)
                self._ends[0] = self._clock() + SALT_SECONDS
            self._salt, self._salt_ends = self._memory[:_SALT], self._ends[0]
        finally:
            if self._lock is not None:
                fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def place(self, key: int, now: float) -> int:
        """Return the place of a key: its own, else a free one, else that of the key that matters least.

        A place is free when its time is past; with all four taken the one that ends first goes, so memory is bounded
        and whoever fills the table only makes the door more generous to others.
        """
        keys, times = self._keys, self._times
        first = key % self._sets * _WAYS
        best = first
        for place in range(first, first + _WAYS):
            if keys[place] == key:
                return place
            if times[place] < times[best]:
                best = place
        times[best] = now
        keys[best] = key
        return best

    def time_at(self, place: int) -> float:
        """Return the time kept at a place."""
        return self._times[place]

    def set_time(self, place: int, moment: float) -> None:
        """Keep a time at a place."""
        self._times[place] = moment


def private(*, sets: int = _SETS, clock: Callable[[], float] = time.monotonic) -> Shared:
    """Return memory of this process alone."""
    return Shared(mmap.mmap(-1, _size(sets)), clock=clock)


def offer() -> None:
    """Make the memory and say in the environment where the workers find it."""
    file = os.memfd_create("gateway")
    os.ftruncate(file, _size(_SETS))
    os.environ[_WHERE] = f"/proc/{os.getpid()}/fd/{file}"


def join() -> Shared:
    """Return the memory that `offer` made, or private memory when nobody made any."""
    where = os.environ.get(_WHERE)
    if where is None:
        return private()
    file = os.open(where, os.O_RDWR)  # stays open: it carries the lock
    return Shared(mmap.mmap(file, _size(_SETS)), lock=file)


def _size(sets: int) -> int:
    return _HEAD + sets * _WAYS * 16
