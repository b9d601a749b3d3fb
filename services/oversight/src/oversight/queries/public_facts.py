"""Pages of what is public of cases and recommendations, for the copies of the house's other services."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.pages import Window

_PAGES: Final = {
    "case": text("SELECT id, version, data FROM public_case_facts(CAST(:after AS uuid), :take)"),
    "recommendation": text("SELECT id, version, data FROM public_recommendation_facts(CAST(:after AS uuid), :take)"),
}


async def public_facts(session: AsyncSession, kind: str, window: Window) -> Sequence[Row[Any]]:
    """Return one page of a kind by id (one statement)."""
    after = window.position[0] if window.position else None
    return (await session.execute(_PAGES[kind], {"after": after, "take": window.limit + 1})).all()
