"""What is said about imports."""

from collections.abc import Sequence
from typing import Any, Final, Literal, Self

from sqlalchemy import Row

from servicekit.text import Answer, Instant, Uuid
from targets.actions.import_reports import GivenFile
from targets.domain.import_lines import Problem
from targets.domain.import_wording import STATUSES
from targets.domain.importing import Options, Outcome

SHOWN: Final = 1000
"""So many conflicts stand in the answer itself; all of them in /imports/{id}/conflicts."""
StrategyWord = Literal["CREATE_AND_UPDATE", "CREATE", "UPDATE", "DELETE"]
StatusWord = Literal["success", "warning", "refused"]


class CountsAnswer(Answer):
    """Rows by what became of them, named as DHIS2 names them; together they are all rows."""

    imported: int
    updated: int
    ignored: int
    deleted: int
    conflicts: int


class ConflictAnswer(Answer):
    """One problem of one row."""

    line: int
    column: str | None
    code: str
    vi: str
    en: str

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Show a problem just found."""
        return cls(line=problem.line, column=problem.column, code=problem.code, vi=problem.vi, en=problem.en)

    @classmethod
    def stored(cls, row: Row[Any]) -> Self:
        """Show a kept problem."""
        return cls(line=row.line, column=row.column_name, code=row.code, vi=row.vi, en=row.en)


class ImportAnswer(Answer):
    """An import: who sent which file when, how, and what became of its rows."""

    id: Uuid
    status: StatusWord
    status_vi: str
    dry_run: bool
    strategy: StrategyWord
    atomic: bool
    at: Instant
    actor_kind: str
    actor_id: Uuid
    media_type: str
    sha256: str
    size: int
    rows: int
    counts: CountsAnswer
    warnings: int
    complete: bool

    @classmethod
    def stored(cls, row: Row[Any]) -> Self:
        """Show a kept import."""
        plain = ("id", "status", "dry_run", "strategy", "atomic", "at", "actor_kind", "actor_id", "media_type")
        return cls(
            **{name: getattr(row, name) for name in (*plain, "size", "rows", "warnings", "complete")},
            status_vi=STATUSES[row.status][0],
            sha256=row.sha256.hex(),
            counts=CountsAnswer(**{name: getattr(row, name) for name in CountsAnswer.model_fields}),
        )


class ImportSummary(Answer):
    """What became of a file that was just sent; `conflicts` are the first of them."""

    id: Uuid
    status: StatusWord
    status_vi: str
    dry_run: bool
    strategy: StrategyWord
    atomic: bool
    sha256: str
    rows: int
    counts: CountsAnswer
    warnings: int
    complete: bool
    conflicts: list[ConflictAnswer]
    conflicts_total: int

    @classmethod
    def of(cls, outcome: Outcome, file: GivenFile, options: Options) -> Self:
        """Show an outcome."""
        return cls(
            id=outcome.id,
            status=outcome.status.value,
            status_vi=STATUSES[outcome.status][0],
            dry_run=options.dry_run,
            strategy=options.strategy.value,
            atomic=options.atomic,
            sha256=file.sha256.hex(),
            rows=outcome.rows,
            counts=CountsAnswer(**{name: getattr(outcome, name) for name in CountsAnswer.model_fields}),
            warnings=outcome.warnings,
            complete=outcome.complete,
            conflicts=_first(outcome.problems),
            conflicts_total=len(outcome.problems),
        )


def _first(problems: Sequence[Problem]) -> list[ConflictAnswer]:
    return [ConflictAnswer.of(problem) for problem in problems[:SHOWN]]
