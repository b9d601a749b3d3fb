"""What is said about completeness and timeliness: a matrix with the totals of its rows and columns, and the rule."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Self

from sqlalchemy import Row

from servicekit.text import Answer, Uuid
from targets.domain.completeness import RULE_EN, RULE_VI, Tally, cell, tally, total
from targets.domain.wording import REPORTING_STATES

_COUNTS = ("expected", "complete", "on_time", "late", "approved", "returned", "overdue")


class TallyAnswer(Answer):
    """How many of how many; nothing is a percentage, so nothing is rounded."""

    expected: int
    complete: int
    on_time: int
    late: int
    approved: int
    returned: int
    overdue: int

    @classmethod
    def of(cls, counted: Tally) -> Self:
        """Show counts."""
        return cls(**{name: getattr(counted, name) for name in _COUNTS})


class CellAnswer(TallyAnswer):
    """A unit's reports in one column; `state` where the cell is a single report."""

    column: str
    state: str | None
    state_vi: str | None
    returns: int | None


class UnitRow(Answer):
    """One unit."""

    organisation_id: Uuid
    organisation_name: str
    unit_code: str | None
    totals: TallyAnswer
    cells: list[CellAnswer]


class ColumnTotals(TallyAnswer):
    """One column: an indicator, or a period."""

    column: str
    label_vi: str
    label_en: str


class MatrixAnswer(Answer):
    """Units against indicators of one period, or against periods."""

    form_code: str
    rule_vi: str
    rule_en: str
    totals: TallyAnswer
    columns: list[ColumnTotals]
    units: list[UnitRow]

    @classmethod
    def of(cls, form_code: str, rows: Sequence[Row[Any]], *, state: str | None = None) -> Self:
        """Count rows, ordered by unit; with a state only the units that have a cell in it."""
        units = [unit for group in _grouped(rows) if (unit := _unit(group, state)) is not None]
        labels = {
            row.column: (getattr(row, "label_vi", row.column), getattr(row, "label_en", row.column)) for row in rows
        }
        columns: dict[str, Tally] = {}
        for unit in units:
            for one in unit.cells:
                columns[one.column] = columns.get(one.column, Tally()) + _read(one)
        return cls(
            form_code=form_code,
            rule_vi=RULE_VI,
            rule_en=RULE_EN,
            totals=TallyAnswer.of(total(columns.values())),
            columns=[
                ColumnTotals(
                    column=name,
                    label_vi=labels[name][0],
                    label_en=labels[name][1],
                    **TallyAnswer.of(counted).model_dump(),
                )
                for name, counted in columns.items()
            ],
            units=units,
        )

    def as_csv(self) -> str:
        """Write one line a cell; a name that a spreadsheet would run as a formula is quoted."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["organisation_id", "unit_code", "organisation_name", "column", "state", "returns", *_COUNTS])
        for unit in self.units:
            for one in unit.cells:
                counts = [getattr(one, name) for name in _COUNTS]
                who = [str(unit.organisation_id), unit.unit_code or "", _plain(unit.organisation_name)]
                given = "" if one.returns is None else one.returns
                writer.writerow([*who, one.column, one.state or "", given, *counts])
        return "\ufeff" + out.getvalue()


def _label(row: Row[Any]) -> tuple[str, str]:
    """Return what a column is called: an indicator by its name, a period by its code."""
    return getattr(row, "label_vi", row.column), getattr(row, "label_en", row.column)


def _plain(name: str) -> str:
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t")) else name


def _grouped(rows: Sequence[Row[Any]]) -> Iterator[list[Row[Any]]]:
    group: list[Row[Any]] = []
    for row in rows:
        if group and row.organisation_id != group[0].organisation_id:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _unit(group: list[Row[Any]], state: str | None) -> UnitRow | None:
    found: dict[str, list[tuple[Any, Row[Any]]]] = {}
    for row in group:
        found.setdefault(row.column, []).append((cell(row.status, row.in_time, row.due_over), row))
    if state is not None and all(one.state != state for parts in found.values() for one, _ in parts):
        return None
    cells = [_cell(column, parts) for column, parts in found.items()]
    first = group[0]
    return UnitRow(
        organisation_id=first.organisation_id,
        organisation_name=first.organisation_name,
        unit_code=first.unit_code,
        totals=TallyAnswer.of(total(_read(one) for one in cells)),
        cells=cells,
    )


def _cell(column: str, parts: list[tuple[Any, Row[Any]]]) -> CellAnswer:
    counted = total(tally(one, row.number) for one, row in parts)
    single = parts[0] if counted.expected == 1 and hasattr(parts[0][1], "returns") else None
    return CellAnswer(
        column=column,
        state=single[0].state if single else None,
        state_vi=REPORTING_STATES[single[0].state][0] if single else None,
        returns=single[1].returns if single else None,
        **{name: getattr(counted, name) for name in _COUNTS},
    )


def _read(answer: TallyAnswer) -> Tally:
    return Tally(**{name: getattr(answer, name) for name in _COUNTS})
