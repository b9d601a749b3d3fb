"""For whom a transaction runs: what the row-level security of every database asks (docs/decisions/0011).

    request ── scope_of_request ──► SET LOCAL app.<group> = the caller's organisations   role of the log-in
    worker, job, consumer, ops ───► SET LOCAL ROLE <service>_house                       sees every row
    neither ──────────────────────► nothing is set                                       sees no protected row

Everything is LOCAL to the transaction, so a pooled connection carries nothing over to whoever has it next.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi import Request

HOUSE_SUFFIX = "_house"
Groups = Mapping[str, frozenset[str] | None]
"""Name of a group of roles as the policies call it → the roles in it (None: any role)."""


class Scope:
    """Asked for its settings when a transaction begins; `role` is the role it takes on, if any."""

    def __init__(self, read: Callable[[], str], *, role: str | None = None) -> None:
        self._read = read
        self.role = role

    def settings(self) -> str:
        """Return the SET LOCAL statements of a transaction."""
        return self._read()


PUBLIC = Scope(lambda: "")
"""Nobody in particular: what anybody may see and add."""


def house_of(log_in: str) -> Scope:
    """Return the scope of the house itself in the database of this log-in role."""
    role = log_in + HOUSE_SUFFIX
    statement = f'SET LOCAL ROLE "{role}"'
    return Scope(lambda: statement, role=role)


def scope_of_actor(actor: Any, groups: Groups) -> Scope:
    """Return the scope of a signed-in person or client; None is somebody who is not signed in."""
    return PUBLIC if actor is None else Scope(lambda: "; ".join(_of_actor(actor, groups)))


def scope_of_request(request: Request) -> Scope:
    """Return the scope of a request, read at its first statement: by then its token and its key were looked at."""

    def read() -> str:
        actor, key = getattr(request.state, "actor", None), getattr(request.state, "key", None)
        lines = [] if actor is None else _of_actor(actor, request.app.state.runtime.service.groups)
        if key is not None:
            lines.append(f"SET LOCAL app.idempotency_key = '{key.key_hash.hex()}'")
        return "; ".join(lines)

    return Scope(read)


def _of_actor(actor: Any, groups: Groups) -> list[str]:
    lines = [_line("actor", "{" + str(UUID(int=actor.id.int)) + "}")]
    for group, roles in groups.items():
        held = actor.organisations() if roles is None else actor.organisations(*roles)
        if held:
            lines.append(_line(group, "{" + ",".join(str(UUID(int=one.int)) for one in held) + "}"))
    return lines


def _line(name: str, value: str) -> str:
    return f"SET LOCAL app.{name} = '{value}'"
