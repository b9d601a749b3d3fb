"""What an import does with each row, and how it ends.

The words and their meaning are those of DHIS2 for data value sets (Web API, "Data values"): what is unchanged is
ignored, CREATE ignores what is there, UPDATE and DELETE ignore what is not, and conflicts answer 409.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from targets.domain.import_lines import Problem

IMPORT: Final = "import"
UPDATE: Final = "update"
IGNORE: Final = "ignore"
DELETE: Final = "delete"


class Strategy(StrEnum):
    """DHIS2's importStrategy."""

    CREATE_AND_UPDATE = "CREATE_AND_UPDATE"
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"

    @property
    def of_new(self) -> str:
        """Return what is done with a row for which there is no report yet."""
        return IMPORT if self in (Strategy.CREATE_AND_UPDATE, Strategy.CREATE) else IGNORE


class Status(StrEnum):
    """How an import ended; a dry run says how it would have."""

    SUCCESS = "success"
    WARNING = "warning"
    """Rows with conflicts were left out, the others were imported: only where the sender said atomic=false."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the sender wants it done."""

    strategy: Strategy = Strategy.CREATE_AND_UPDATE
    atomic: bool = True
    """Nothing is imported when one row conflicts."""
    dry_run: bool = False
    decimal_comma: bool = False

    @property
    def deleting(self) -> bool:
        """Say whether rows name what is to go, so that they need no figures."""
        return self.strategy == Strategy.DELETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a file; every row is counted once: imported + updated + deleted + ignored + conflicts = rows."""

    id: UUID
    status: Status
    rows: int
    imported: int
    updated: int
    ignored: int
    deleted: int
    conflicts: int
    """Rows with at least one problem."""
    warnings: int
    """Rows stored with a warning of a validation rule."""
    complete: bool
    """False when reading stopped because there were too many problems."""
    problems: Sequence[Problem]


def judge_import(options: Options, *, conflicts: int, complete: bool) -> Status:
    """Say how an import ends."""
    if not complete or (conflicts and options.atomic):
        return Status.REFUSED
    return Status.WARNING if conflicts else Status.SUCCESS
