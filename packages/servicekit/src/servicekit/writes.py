"""Several writes as one statement: a change and all it leaves behind reach PostgreSQL in one round trip, all or none.

Each module keeps the SQL of its own tables, as a `Write`; here they become the CTEs of one statement. Measured for
a submission: one statement in place of seven, BEGIN and COMMIT among them, halves what the whole request costs.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.db import Database, fetch

_ARGUMENT = re.compile(r"\$([0-9]+)")
Steps = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Write:
    """Data-modifying statements that belong together, each with a name by which the next can read its RETURNING.

    Arguments are $1, $2 … of this write. No write sees another's rows: all see the tables as they were before.
    """

    steps: Steps
    arguments: tuple[Any, ...]


async def write_together(target: AsyncSession | Database, *writes: Write) -> None:
    """Do all writes in one statement: in a session's transaction, or on a database as a transaction of its own.

    Raises asyncpg's errors; then none of it was done.
    """
    statement = _joined(tuple(write.steps for write in writes))
    arguments = [argument for write in writes for argument in write.arguments]
    if isinstance(target, Database):
        await target.fetch(statement, *arguments, writing=True)
    else:
        await fetch(target, statement, *arguments)


@lru_cache(maxsize=128)
def _joined(writes: tuple[Steps, ...]) -> str:
    """Return the statement; the same writes always give the same text, which the driver prepares once."""
    parts: list[tuple[str, str]] = []
    for steps in writes:
        shift = max((int(number) for _, part in parts for number in _ARGUMENT.findall(part)), default=0)
        parts += [(name, _shifted(part, shift)) for name, part in steps]
    if len(parts) == 1:
        return parts[0][1]
    return "WITH " + ", ".join(f"{name} AS ({part})" for name, part in parts) + " SELECT 1"


def _shifted(part: str, shift: int) -> str:
    return _ARGUMENT.sub(lambda found: f"${int(found[1]) + shift}", part)
