"""docs/access.md: the reviewed access table in a form for people, and the rules that need a second person."""

import csv
import importlib
from pathlib import Path

from devstack.access.table import FILE, RELATIONS, Access, read_table
from devstack.generated.states import SERVICES
from servicekit.web import routes_document

_ABOUT = """# Who may do what

Generated from [access.csv](access.csv) (reviewed; edit that), [two-persons.csv](two-persons.csv) and the
routes; do not edit. `tests/architecture/test_access_table.py` fails for a route without a row,
`tests/end_to_end/test_access_matrix.py` calls every cell through the gateway.

**Where the role is held**, seen from the organisation that owns the object: *own* there; *parent* above it;
*child* below it; *sibling* at the same kind of body of another commune; *other* at a body of another kind;
*board* at the city's monitoring board (Ban Tuyên giáo và Dân vận), which stands beside all trees. A row for
`committee` looks at the same object from the people's committee that holds the submission or is addressed by
the recommendation.

**What comes of it**: `allow`; `empty` (a list without the object); `404` not visible, the same as not there;
`403` the role may not do this, here or anywhere; `401` nobody is signed in. A role without a row of its own
gets `403`, `anonymous` gets `401`. `signed_in` is everybody with a token, `everyone` also `anonymous`. Who may
act is asked before the version (412) and the state (409), so nobody learns those of what is none of their
business.

**Roles with a narrow reach.** `citizen` (a person verified by an identity provider): what is public, `/me`, the
own session. `auditor` and `data_protection_officer`: the audit (`…/audit`) only where the role is held at a
topmost organisation, because an entry of the audit belongs to no organisation. `integrating_system`: the table
shows a client with every scope. `service`: the house's own processes, nobody can be given it. An approver
counts at the city's monitoring board only, and so does the monitoring officer who opens and closes periods.
"""


def declared_access() -> dict[str, Access]:
    """Return what every route declares, by operation."""
    found: dict[str, Access] = {}
    for name in SERVICES:
        document = routes_document(importlib.import_module(f"{name}.app").SERVICE)
        for methods in document["paths"].values():
            found |= {operation["operationId"]: operation["x-access"] for operation in methods.values()}
    return found


def two_person_rules() -> list[dict[str, str]]:
    """Return the rules by which nobody decides on the own work."""
    with FILE.with_name("two-persons.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pages() -> dict[Path, str]:
    """Return the page."""
    table, lines = read_table(), [_ABOUT]
    for service in SERVICES:
        lines += [f"## {service}", "", f"| Operation | Seen from | Roles | {' | '.join(RELATIONS)} |"]
        lines.append("|---" * (3 + len(RELATIONS)) + "|")
        for (operation, view), named in table.rows.items():
            if operation.startswith(f"{service}."):
                lines += [_row(operation, view, roles, outcomes) for outcomes, roles in _grouped(named)]
        lines.append("")
    lines += ["## Two persons", "", "Refused with 403 and the code; the database refuses it too where it is told.", ""]
    lines += ["| Service | Code | To … | … not by | but by | Constraint |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {rule['service']} | `{rule['code']}` | {rule['act']} | {rule['not by']} | {rule['by instead']} "
        f"| {rule['constraint'] or '–'} |"
        for rule in two_person_rules()
    ]
    return {Path("docs/access.md"): "\n".join(lines) + _NO_RULE}


_NO_RULE = """
No such rule, on purpose: refusing or answering a submission after having classified or assigned it (in a small
commune one person is both; the sender judges the answer, and the reason is shown to them); the steps of a case
file (each records a document signed elsewhere); a deadline rule (every version shows its author and basis, and
the old one goes on for what runs under it); ending a role of one's own (nobody gains by it).
"""


def _grouped(named: dict[str, tuple[str, ...]]) -> list[tuple[tuple[str, ...], list[str]]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for role, outcomes in named.items():
        groups.setdefault(outcomes, []).append(role)
    return list(groups.items())


def _row(operation: str, view: str, roles: list[str], outcomes: tuple[str, ...]) -> str:
    name = operation.partition(".")[2]
    return f"| `{name}` | {view} | {', '.join(roles)} | {' | '.join(outcomes)} |"
