"""Load a resolution beside the others: its parts, indicators and targets, all of it or nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import DomainError, Forbidden
from servicekit.identity import Actor
from targets.actions.recalculate import hold_all, recalculate
from targets.domain.formula_check import check_formula
from targets.domain.periods import SHORTEST_FIRST, PeriodKind
from targets.domain.recalculation import FormulaIndicator, FormulaVersion
from targets.domain.resolution_checks import Problem, check_document
from targets.domain.resolution_problems import problem
from targets.domain.resolution_refusals import BadResolution
from targets.domain.resolution_rows import Rows, rows_of
from targets.queries.formulas import every_pair, load_formulas, shortest_kinds
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
    rows, problems = rows_of(document), [*numbered, *check_document(document, taken=taken.codes, text=text)]
    return rows, problems or await _formula_problems(session, rows)


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
    await _compute_formulas(session, rows, now=now)
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


async def _formula_problems(session: AsyncSession, rows: Rows) -> list[Problem]:
    """Hold the formulas of the new indicators against everything that is known, and against each other."""
    if not any(one["formula"] for one in rows.indicators):
        return []
    own_kinds = {
        one["code"]: min(map(PeriodKind, {one["period_kind"], *one["reporting_kinds"]}), key=SHORTEST_FIRST.index)
        for one in rows.indicators
    }
    shortest = await shortest_kinds(session) | own_kinds
    formulas = await load_formulas(session)
    found: list[Problem] = []
    for place, one in enumerate(rows.indicators):
        if not one["formula"]:
            continue
        indicator = FormulaIndicator(one["id"], one["code"], one["kind"], PeriodKind(one["period_kind"]), ())
        version = FormulaVersion(1, one["formula"]["numerator"], one["formula"].get("denominator"), date.min)
        try:
            check_formula(indicator, version, shortest=shortest, formulas=formulas)
        except DomainError as refused:
            where = {"field": f"indicators[{place}].formula", "code": refused.code}
            found.append(where | {"vi": refused.text("vi"), "en": refused.text("en")})
        else:
            formulas = {**formulas, indicator.code: replace(indicator, versions=(version,))}
    return found


async def _compute_formulas(session: AsyncSession, rows: Rows, *, now: datetime) -> None:
    """Compute what the new formulas come to from the figures that are here already."""
    if any(one["formula"] for one in rows.indicators):
        await hold_all(session)
        pairs = await every_pair(session, await load_formulas(session))
        await recalculate(session, pairs, None, now=now)
