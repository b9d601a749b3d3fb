"""Says on stderr what a command is doing when it takes longer than two seconds, and how far it is."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

FIRST_SECONDS = 2.0
AGAIN_SECONDS = 5.0


@dataclass
class Progress:
    """Work under way; raise `done` (and set `total` where it is known) and the next line shows it."""

    what: str
    done: int = 0
    total: int | None = None

    def line(self, seconds: float) -> str:
        """The line to show after so many seconds."""
        of = f" of {self.total:,}" if self.total is not None else ""
        counted = f" {self.done:,}{of}," if self.done or self.total is not None else ""
        return f"» {self.what} …{counted} {seconds:.0f} s"


@asynccontextmanager
async def shown(what: str, total: int | None = None) -> AsyncIterator[Progress]:
    """Show a line after two seconds and then every five, until the work is over."""
    progress = Progress(what, total=total)
    ticking = asyncio.create_task(_tick(progress))
    try:
        yield progress
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


async def _tick(progress: Progress) -> None:
    began = time.monotonic()
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        print(progress.line(time.monotonic() - began), file=sys.stderr, flush=True)
        await asyncio.sleep(AGAIN_SECONDS)
