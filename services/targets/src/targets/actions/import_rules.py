"""Hold the rows of a file against the validation rules: two more statements, however many rows."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from targets.actions.check_values import indicators_of, periods_of, violations, warning_rows
from targets.actions.staged_reports import SECONDS
from targets.domain.figures import Figures
from targets.domain.import_lines import Placed, Problem
from targets.domain.validation import ERROR, Rule
from targets.queries.validation import Place, find_figures


@dataclass(slots=True)
class RuleCheck:
    """Remembers the figures of rows that a rule reads, and holds them against the rules when all rows are known."""

    rules: list[Rule]
    given: dict[Place, tuple[int, Figures]] = field(default_factory=dict)
    warnings: dict[int, str] = field(default_factory=dict)
    """Line → what is stored beside its figures."""
    _read: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._read = indicators_of(self.rules)

    def note(self, placed: Placed) -> None:
        """Remember a row that may be stored."""
        line = placed.line
        if line.figures is not None and line.indicator in self._read:
            place = (line.indicator, line.period, placed.organisation.id)
            self.given[place] = (line.number, line.figures)

    async def problems(self, session: AsyncSession, without: set[int]) -> list[Problem]:
        """Return the errors; the rows of a file are compared with each other, and else with what is stored."""
        rows = {place: one for place, one in self.given.items() if one[0] not in without}
        if not rows:
            return []
        periods = periods_of(sorted({period for _, period, _ in rows}))
        organisations = {organisation for _, _, organisation in rows}
        stored = await find_figures(session, self._read, periods, organisations, seconds=SECONDS)
        return await asyncio.to_thread(self._check, rows, stored)

    def _check(self, rows: Mapping[Place, tuple[int, Figures]], stored: Mapping[Place, Figures]) -> list[Problem]:
        known = {**stored, **{place: figures for place, (_, figures) in rows.items()}}
        problems = []
        for place, (line, _) in rows.items():
            found = violations(self.rules, place, known)
            errors = [one for one in found if one.importance == ERROR]
            problems += [Problem(line, "numerator", "rule_broken", one.text_vi, one.text_en) for one in errors]
            if found and not errors:
                self.warnings[line] = json.dumps(warning_rows(found))
        return problems
