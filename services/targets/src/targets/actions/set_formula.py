"""Set the formula of a computed indicator: a new version with its decision; what it computes is there at once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.errors import Forbidden, StaleVersion
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.actions.recalculate import hold_all, store
from targets.domain.formula_check import check_formula
from targets.domain.formula_refusals import DecisionAhead, NotAFormulaIndicator
from targets.domain.periods import PeriodKind
from targets.domain.recalculation import FormulaIndicator, FormulaVersion, affected
from targets.queries.formulas import every_pair, find_formula, load_formulas, shortest_kinds
from targets.queries.scope import board_role
from targets.tables import formula_version


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFormula:
    """What the monitoring board decided."""

    numerator: str
    denominator: str | None
    applies_from: date
    decision: str
    decided_on: date


async def set_formula(
    session: AsyncSession, code: str, given: NewFormula, *, version: int, actor: Actor, now: datetime
) -> None:
    """Add the version and compute every period it applies to, and everything computed from those.

    Periods that end before `applies_from` keep their formula, their figures and their trace. Raises NotFound,
    Forbidden, StaleVersion, NotAFormulaIndicator, DecisionAhead and what `check_formula` raises.
    """
    if not await session.scalar(select(board_role(actor, "monitoring_officer"))):
        await find_formula(session, code)
        raise Forbidden
    await hold_all(session)
    found = await find_formula(session, code)
    if current_number(found) != version:
        raise StaleVersion
    if found.source != "formula":
        raise NotAFormulaIndicator
    if given.decided_on > local_date(now):
        raise DecisionAhead
    formulas = await load_formulas(session)
    kind = PeriodKind(found.period_kind)
    own = formulas.get(code) or FormulaIndicator(found.id, code, found.kind, kind, ())
    new = FormulaVersion(version + 1, given.numerator, given.denominator, given.applies_from)
    check_formula(own, new, shortest=await shortest_kinds(session), formulas=formulas)
    await _insert(session, found, given, version, actor, now)
    formulas = await load_formulas(session)
    pairs = affected(await every_pair(session, formulas), formulas)
    await store(session, pairs, None, now=now)
    await audit.write(
        session,
        action="formula.set",
        subject_type="indicator",
        subject_id=found.id,
        actor=actor,
        now=now,
        reason=None,
        details={"indicator": code, "version": version + 1, "applies_from": given.applies_from.isoformat()},
    )


def current_number(found: Row[Any]) -> int:
    """Return the newest version's number: 1 for a formula that came with the resolution, 0 without any."""
    if found.number is not None:
        return int(found.number)
    return 0 if found.formula is None else 1


async def _insert(
    session: AsyncSession, found: Row[Any], given: NewFormula, version: int, actor: Actor, now: datetime
) -> None:
    """Write the new version; the first change also writes down what the resolution had brought."""
    rows: list[dict[str, Any]] = []
    if found.number is None and found.formula is not None:
        rows.append(
            {
                "indicator_id": found.id,
                "number": 1,
                "numerator": found.formula["numerator"],
                "denominator": found.formula.get("denominator"),
                "applies_from": found.issued_on,
                "decision": found.instrument,
                "decided_on": found.issued_on,
                "set_by": None,
                "set_at": now,
            }
        )
    rows.append(
        {
            "indicator_id": found.id,
            "number": version + 1,
            "numerator": given.numerator,
            "denominator": given.denominator,
            "applies_from": given.applies_from,
            "decision": given.decision,
            "decided_on": given.decided_on,
            "set_by": actor.id,
            "set_at": now,
        }
    )
    await session.execute(insert(formula_version), rows)
