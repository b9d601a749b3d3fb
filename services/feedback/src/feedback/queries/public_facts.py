"""Pages of what is public of submissions, for the copies of the house's other services."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.pages import Window

_PAGE: Final = text("SELECT id, version, data FROM public_facts(CAST(:after AS uuid), :take)")


async def public_facts(session: AsyncSession, window: Window) -> Sequence[Row[Any]]:
    """Return one page by id (one statement)."""
    after = window.position[0] if window.position else None
    return (await session.execute(_PAGE, {"after": after, "take": window.limit + 1})).all()
