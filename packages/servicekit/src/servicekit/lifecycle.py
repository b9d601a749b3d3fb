"""The one engine for all state machines: tables of data, decided by `decide`, drawn by `mermaid`.

    STEPS = (
        Step("accept", "classified", "accepted", by={"intake_officer"}, event="feedback.submission.accepted.v1"),
        Step("refuse", "classified", "refused", by={"head"}, guard=has_reason, event="feedback.submission.refused.v1"),
    )

Pure: no clock, no I/O. The caller writes the new state by compare-and-set on (id, status, version).
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from servicekit.errors import DomainError, Forbidden, StepNotAllowed

Facts = Mapping[str, Any]
Guard = Callable[[Facts], DomainError | None]

SYSTEM = "system"
"""The role of a job: steps that time takes, not a person."""


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed change: who may take `action` from `source` to `target`, under which guard, saying which event."""

    action: str
    source: str
    target: str
    by: AbstractSet[str]
    event: str
    guard: Guard | None = None
    deadline_rule: str | None = None


def permit(steps: Iterable[Step], action: str, roles: Iterable[str]) -> None:
    """Raise Forbidden (403) when no step of this action is for these roles, whatever the state.

    Asked before the version and the state, so that who may not act learns neither.
    """
    held = frozenset(roles)
    if all(step.action != action or step.by.isdisjoint(held) for step in steps):
        raise Forbidden


def decide(steps: Iterable[Step], status: str, action: str, roles: Iterable[str], facts: Facts) -> Step:
    """Return the step to take. Raises StepNotAllowed (409), Forbidden (403) or the guard's error."""
    for step in steps:
        if step.action == action and step.source == status:
            break
    else:
        raise StepNotAllowed(action=action, status=status)
    if step.by.isdisjoint(roles):
        raise Forbidden
    problem = step.guard(facts) if step.guard else None
    if problem is not None:
        raise problem
    return step


def actions_from(steps: Iterable[Step], status: str, roles: Iterable[str]) -> list[str]:
    """Return the actions these roles could take now, for a front-end's buttons; guards are not asked."""
    held = frozenset(roles)
    return [step.action for step in steps if step.source == status and not held.isdisjoint(step.by)]


def mermaid(steps: Iterable[Step], initial: str) -> str:
    """Draw the table as a Mermaid state diagram; final states get an end mark."""
    table = list(steps)
    sources = {step.source for step in table}
    lines = ["stateDiagram-v2", f"    [*] --> {initial}"]
    for step in table:
        who = ", ".join(sorted(step.by))
        rule = f" ⏱ {step.deadline_rule}" if step.deadline_rule else ""
        lines.append(f"    {step.source} --> {step.target}: {step.action} ({who}){rule}")
    for final in sorted({step.target for step in table} - sources):
        lines.append(f"    {final} --> [*]")
    return "\n".join(lines) + "\n"
