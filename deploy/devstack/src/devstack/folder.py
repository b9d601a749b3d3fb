"""The data folder of one stack: who uses it, and what lies where."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

from devstack.processes import StackError, process_is_alive

_PREFIX = "nhipcau-"


def make_folder(path: Path) -> Path:
    """Make a data folder; when we are root, PostgreSQL's unprivileged user may walk through it but not look."""
    if not path.exists():
        path.mkdir(parents=True, mode=0o700)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def temporary_folder() -> Path:
    """A new throwaway folder; those that killed processes left behind are deleted first."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not process_is_alive(int(owner)) and left.stat().st_uid == os.geteuid():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder


class FolderLock:
    """Keeps a second stack out of a data folder; the system drops the lock when its holder dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "lock"
        self._handle: int | None = None

    def __enter__(self) -> Self:
        handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode().strip() or "unknown"
            os.close(handle)
            raise StackError(
                f"the data folder {self.file.parent} is in use by another devstack (process id {holder}). "
                "Stop it (Ctrl-C there) or choose another folder with --data."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
