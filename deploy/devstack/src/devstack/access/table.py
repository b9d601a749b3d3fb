"""Reads docs/access.csv: for every operation, role and relation the answer that was reviewed.

A row names an operation, the tree its object is looked at from (`view`), some roles, and one outcome for each relation
of the actor's organisation to the object's. A role that no row of an operation names is covered, in this order, by its
row `signed_in` (everybody but `anonymous`), its row `everyone`, and the two rows of the operation `*`.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).resolve().parents[5] / "docs/access.csv"
ANONYMOUS: Final = "anonymous"
ROLES: Final = (
    ANONYMOUS,
    "citizen",
    "intake_officer",
    "front_officer",
    "handler",
    "head",
    "reporter",
    "verifier",
    "approver",
    "monitoring_officer",
    "data_protection_officer",
    "auditor",
    "administrator",
    "integrating_system",
    "service",
)
GROUPS: Final = ("signed_in", "everyone")
RELATIONS: Final = ("own", "parent", "child", "sibling", "other", "board")
"""Where the role is held: at the object's organisation, above it, below it, at the same kind of body of another
commune, at a body of another kind, at the city's monitoring board (which stands beside all trees)."""
VIEWS: Final = ("front", "committee")
"""Whose organisation "own" is: the Front committee in charge, or the people's committee that holds or is addressed."""
ALLOW: Final = "allow"
EMPTY: Final = "empty"
OUTCOMES: Final = (ALLOW, EMPTY, "401", "403", "404")
"""`allow`: the operation is done (a list shows the object). `empty`: a list is given without the object."""

Outcomes = tuple[str, ...]
Access = str | list[str]


class TableWrong(ValueError):
    """The table cannot be read without doubt."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One operation called by one role from one place, and what must come of it."""

    operation: str
    view: str
    role: str
    relation: str
    expected: str


@dataclass
class Table:
    """The rows by (operation, view), each with its outcomes by role or group."""

    rows: dict[tuple[str, str], dict[str, Outcomes]] = field(default_factory=dict)
    otherwise: dict[str, Outcomes] = field(default_factory=dict)

    def operations(self) -> set[str]:
        """Return the operations that have a row."""
        return {operation for operation, _ in self.rows}

    def outcomes(self, operation: str, view: str, role: str) -> Outcomes:
        """Return what a role gets by relation."""
        named = self.rows[operation, view]
        if role in named:
            return named[role]
        if role != ANONYMOUS and "signed_in" in named:
            return named["signed_in"]
        if "everyone" in named:
            return named["everyone"]
        return self.otherwise[ANONYMOUS if role == ANONYMOUS else "others"]

    def cells(self, *operations: str) -> Iterator[Cell]:
        """Yield every cell, or those of some operations; who has no token stands nowhere, so has one cell."""
        for operation, view in self.rows:
            if operations and operation not in operations:
                continue
            for role in ROLES:
                relations = RELATIONS[:1] if role == ANONYMOUS else RELATIONS
                for relation, expected in zip(relations, self.outcomes(operation, view, role), strict=False):
                    yield Cell(operation, view, role, relation, expected)


def read_table(path: Path = FILE) -> Table:
    """Return the table. Raises TableWrong for an unknown word, a missing default or a role named twice."""
    table = Table()
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            operation, view, outcomes = row["operation"], row["view"], tuple(row[name] for name in RELATIONS)
            if not set(outcomes) <= set(OUTCOMES):
                raise TableWrong(f"line {number}: {set(outcomes) - set(OUTCOMES)} is no outcome")
            if operation != "*" and view not in VIEWS:
                raise TableWrong(f"line {number}: {view} is no view")
            there = table.otherwise if operation == "*" else table.rows.setdefault((operation, view), {})
            known = (ANONYMOUS, "others") if operation == "*" else (*ROLES, *GROUPS)
            for role in row["roles"].split():
                if role not in known:
                    raise TableWrong(f"line {number}: {role} is no role")
                if role in there:
                    raise TableWrong(f"line {number}: {role} is named twice for {operation}")
                there[role] = outcomes
    if set(table.otherwise) != {ANONYMOUS, "others"}:
        raise TableWrong("the rows of * must say what anonymous and others get")
    return table


def faults(table: Table, declared: Mapping[str, Access]) -> list[str]:
    """Return what does not fit between the table and what the routes declare (operation → `x-access`)."""
    found = [f"{operation}: no row in docs/access.csv" for operation in declared if operation not in table.operations()]
    found += [f"{operation}: a row, but no route" for operation in table.operations() if operation not in declared]
    for (operation, view), named in table.rows.items():
        access = declared.get(operation)
        if access is None:
            continue
        if access == "public":
            if table.outcomes(operation, view, ANONYMOUS)[0] != ALLOW:
                found.append(f"{operation}: public in the code, closed in the table")
            continue
        if table.outcomes(operation, view, ANONYMOUS) != table.otherwise[ANONYMOUS]:
            found.append(f"{operation}: closed in the code, open to anonymous in the table")
        if access == "signed_in":
            continue
        reachable = {role for role in ROLES if set(table.outcomes(operation, view, role)) - {"401", "403"}}
        found += [f"{operation}: the route does not let {role} in, the table does" for role in reachable - set(access)]
        everywhere = {role for (other, _), roles in table.rows.items() if other == operation for role in roles}
        found += [f"{operation}: the route names {role}, the table does not" for role in set(access) - everywhere]
        found += [f"{operation}: {group} does not fit a route for roles" for group in GROUPS if group in named]
    return sorted(set(found))
