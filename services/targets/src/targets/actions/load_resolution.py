"""Load a resolution beside the others: its parts, indicators and targets, all of it or nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden
from servicekit.identity import Actor
from targets.domain.resolution_checks import Problem, check_document
from targets.domain.resolution_problems import problem
from targets.domain.resolution_refusals import BadResolution
from targets.domain.resolution_rows import Rows, rows_of
from targets.queries.resolutions import find_taken
from targets.tables import indicator, resolution, resolution_part, target_version


async def examine_resolution(
    session: AsyncSession, document: Mapping[str, Any], text: str | None, *, actor: Actor
) -> tuple[Rows, list[Problem]]:
    """Return what the document comes to and every problem of it; nothing is stored. Raises Forbidden."""
    number = document["instrument"]["number"]
    taken = await find_taken(session, number, [one["code"] for one in document["indicators"]], actor)
    if not taken.at_board:
        raise Forbidden
    numbered = [problem("instrument.number", "number_taken", number=number)] if taken.number else []
    return rows_of(document), [*numbered, *check_document(document, taken=taken.codes, text=text)]


async def load_resolution(
    session: AsyncSession, document: Mapping[str, Any], text: str | None, *, actor: Actor, now: datetime
) -> Rows:
    """Store the resolution and return its rows. Raises Forbidden and BadResolution with every problem (422)."""
    rows, problems = await examine_resolution(session, document, text, actor=actor)
    if problems:
        raise BadResolution(number=len(problems), errors=problems)
    for table, given in (
        (resolution, [rows.resolution]),
        (resolution_part, rows.parts),
        (indicator, rows.indicators),
        (target_version, rows.targets),
    ):
        if given:
            await session.execute(insert(table), given)
    await audit.write(
        session,
        action="resolution.load",
        subject_type="resolution",
        subject_id=rows.resolution["id"],
        actor=actor,
        now=now,
        reason=None,
        details={"indicators": len(rows.indicators), "targets": len(rows.targets)},
    )
    return rows
