"""The only place that reads the wall clock; everything below the edge takes `now` as an argument."""

from datetime import UTC, datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


async def read_clock(request: Request) -> datetime:
    """FastAPI dependency behind `Now`."""
    clock: Clock = request.app.state.runtime.clock
    return clock.now()


Now = Annotated[datetime, Depends(read_clock)]
