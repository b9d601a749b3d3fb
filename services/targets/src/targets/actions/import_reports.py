"""Import a file of values: read, checked and stored in one transaction, with a number of statements that is fixed.

    file ──► places named ──► what is known of them ──► each row checked ──► staged by COPY ──► decided ──► written

The file is read in a thread, a batch at a time; neither its rows nor the reports they meet are ever held all at once.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from servicekit import audit
from servicekit.db import fetch
from servicekit.identity import Actor
from servicekit.working_days import local_date
from targets.actions.import_rules import RuleCheck
from targets.actions.staged_reports import Decided, clear, decide, record, stage, warn, write_staged
from targets.domain.import_lines import MAX_PROBLEMS, LineCheck, Problem
from targets.domain.importing import DELETE, IMPORT, UPDATE, Options, Outcome, Status, judge_import
from targets.domain.lineage import Lineage
from targets.domain.report_steps import ENTERING
from targets.files.columns import KEY_COLUMN, Columns, place_columns
from targets.files.lines import LineReader
from targets.files.tables_of_text import Cell, TextTable, Unreadable
from targets.queries.import_places import find_known
from targets.queries.validation import find_rules

_BATCH: Final = 1000
_LONGEST_CODE: Final = 64
_KEEP: Final = """
INSERT INTO data_import (at, actor_kind, actor_id, organisation_ids, media_type, sha256, size, header, strategy, atomic,
       dry_run, status, rows, imported, updated, ignored, deleted, conflicts, warnings, complete)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) RETURNING id"""
_KEEP_CONFLICTS: Final = """
INSERT INTO import_conflict (import_id, number, line, column_name, code, vi, en, cells)
SELECT $1, p.number, p.line, p.column_name, p.code, p.vi, p.en, c.cells
  FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
       WITH ORDINALITY AS p (line, column_name, code, vi, en, number)
  LEFT JOIN unnest($7::int[], $8::jsonb[]) AS c (line, cells) ON c.line = p.line"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file as it came."""

    table: TextTable
    media_type: str
    sha256: bytes
    size: int


async def import_reports(
    session: AsyncSession, file: GivenFile, options: Options, lineage: Lineage, *, actor: Actor, now: datetime
) -> Outcome:
    """Do what the file says and return what became of it; the import itself is kept also when it was refused.

    Raises UnknownColumns, TooManyRows, BrokenTable (nothing is kept then) and ImportOvertaken.
    """
    columns = place_columns(file.table.header, deleting=options.deleting)
    places = await asyncio.to_thread(_places, file.table, columns)
    known = await find_known(session, places, actor, today=local_date(now))
    rules = [] if options.deleting else await find_rules(session, {code for code, _ in known.periods})
    reader = LineReader(columns, options.decimal_comma, options.deleting)
    rows = _Rows(file.table, reader, LineCheck(known, lineage.standing_for), RuleCheck(rules), options)
    await stage(session, rows.records())
    decided = await _decide(session, rows, options)
    outcome = await _keep(session, file, options, rows, decided, actor, now)
    if outcome.status != Status.REFUSED and not options.dry_run:
        await write_staged(session, decided, outcome.id, actor, now)
    await clear(session)
    await _audit(session, file, options, outcome, actor, now)
    return outcome


def _places(table: TextTable, columns: Columns) -> set[tuple[str, str]]:
    """Read the whole file once for the indicators and periods it names, so that nothing unreadable is met later."""
    code, period = columns.places[KEY_COLUMN], columns.places["period"]
    last = max(code, period)
    found: set[tuple[Any, Any]] = {(cells[code], cells[period]) for _, cells in table.rows() if len(cells) > last}
    named = ((one, other) for one, other in found if isinstance(one, str) and isinstance(other, str))
    return {
        (one.strip(), other.strip())
        for one, other in named
        if len(one) <= _LONGEST_CODE and len(other) <= _LONGEST_CODE
    }


@dataclass(slots=True)
class _Rows:
    """The rows of a file on their way to the stage."""

    table: TextTable
    reader: LineReader
    check: LineCheck
    rules: RuleCheck
    options: Options
    number: int = 0
    """Rows that say something."""
    complete: bool = True

    async def records(self) -> AsyncIterator[tuple[Any, ...]]:
        rows = self.table.rows()
        while batch := await asyncio.to_thread(lambda: list(islice(rows, _BATCH))):
            for one in await asyncio.to_thread(self._checked, batch):
                yield one
            if len(self.check.problems) > MAX_PROBLEMS:
                self.complete = False
                return

    def _checked(self, batch: Sequence[Any]) -> list[tuple[Any, ...]]:
        problems, strategy, found = self.check.problems, self.options.strategy, []
        for row in batch:
            before = len(problems)
            line = self.reader.read(row, problems)
            self.number += line is not None or len(problems) > before
            placed = None if line is None else self.check.place(line)
            if placed is not None:
                self.rules.note(placed)
                found.append(record(placed, strategy))
        return found


async def _decide(session: AsyncSession, rows: _Rows, options: Options) -> Decided:
    problems, doubled = rows.check.problems, rows.check.doubled
    broken = await rows.rules.problems(session, doubled)
    problems += broken
    await warn(session, rows.rules.warnings)
    left = MAX_PROBLEMS - len(problems)
    decided = await decide(
        session, options.strategy, without=doubled | {one.line for one in broken}, most_conflicts=max(left, 0) + 1
    )
    problems += [Problem.of(line, None, code) for line, code in decided.conflicts]
    if len(problems) > MAX_PROBLEMS:
        rows.complete = False
        del problems[MAX_PROBLEMS:]
    problems.sort(key=lambda one: one.line)
    return decided


async def _keep(
    session: AsyncSession,
    file: GivenFile,
    options: Options,
    rows: _Rows,
    decided: Decided,
    actor: Actor,
    now: datetime,
) -> Outcome:
    problems = rows.check.problems
    lines = {problem.line for problem in problems}
    status = judge_import(options, conflicts=len(lines), complete=rows.complete)
    done = {} if status == Status.REFUSED else decided.counts
    counts = {"imported": done.get(IMPORT, 0), "updated": done.get(UPDATE, 0), "deleted": done.get(DELETE, 0)}
    counts |= {"ignored": rows.number - len(lines) - sum(counts.values()), "conflicts": len(lines)}
    warnings = 0 if status == Status.REFUSED else decided.warnings
    organisations = sorted(actor.organisations(*ENTERING))
    kept = await fetch(
        session,
        _KEEP,
        now,
        actor.kind,
        actor.id,
        organisations,
        file.media_type,
        file.sha256,
        file.size,
        list(file.table.header),
        options.strategy.value,
        options.atomic,
        options.dry_run,
        status.value,
        rows.number,
        counts["imported"],
        counts["updated"],
        counts["ignored"],
        counts["deleted"],
        counts["conflicts"],
        warnings,
        rows.complete,
    )
    outcome = Outcome(
        id=kept[0]["id"],
        status=status,
        rows=rows.number,
        warnings=warnings,
        complete=rows.complete,
        problems=problems,
        **counts,
    )
    await _keep_conflicts(session, file.table, outcome, lines)
    return outcome


async def _keep_conflicts(session: AsyncSession, table: TextTable, outcome: Outcome, lines: set[int]) -> None:
    cells = await asyncio.to_thread(_cells_of, table, lines)
    problems = outcome.problems
    await fetch(
        session,
        _KEEP_CONFLICTS,
        outcome.id,
        [problem.line for problem in problems],
        [problem.column for problem in problems],
        [problem.code for problem in problems],
        [problem.vi for problem in problems],
        [problem.en for problem in problems],
        list(cells),
        list(cells.values()),
    )


def _cells_of(table: TextTable, lines: set[int]) -> dict[int, str]:
    """Return the rows with problems as they were, for whoever corrects them."""
    if not lines:
        return {}
    found = ((line, cells) for line, cells in table.rows() if line in lines)
    return {line: json.dumps([_shown(cell) for cell in cells]) for line, cells in found}


def _shown(cell: Cell) -> str:
    # A workbook can spell NUL, which no store of text takes.
    return "" if isinstance(cell, Unreadable) else cell.replace("\x00", "\ufffd")


async def _audit(
    session: AsyncSession, file: GivenFile, options: Options, outcome: Outcome, actor: Actor, now: datetime
) -> None:
    done = "check" if options.dry_run else "refuse" if outcome.status == Status.REFUSED else "store"
    await audit.write(
        session,
        action=f"import.{done}",
        subject_type="data_import",
        subject_id=outcome.id,
        actor=actor,
        now=now,
        details={
            "sha256": file.sha256.hex(),
            "strategy": options.strategy.value,
            "imported": outcome.imported,
            "updated": outcome.updated,
            "ignored": outcome.ignored,
            "deleted": outcome.deleted,
            "conflicts": outcome.conflicts,
        },
    )
