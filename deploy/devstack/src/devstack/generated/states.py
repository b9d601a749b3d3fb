"""docs/states/: one Mermaid diagram per transition table found in a service's `domain/*_steps.py`."""

import importlib
import pkgutil
from pathlib import Path

from servicekit.lifecycle import Step, mermaid

SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")


def tables() -> dict[tuple[str, str], tuple[str, tuple[Step, ...]]]:
    """Return (service, noun) → (initial state, steps) for every module `<service>.domain.<noun>_steps`."""
    found = {}
    for service in SERVICES:
        domain = importlib.import_module(f"{service}.domain")
        for module in pkgutil.iter_modules(domain.__path__):
            if module.name.endswith("_steps"):
                steps = importlib.import_module(f"{service}.domain.{module.name}")
                found[service, module.name.removesuffix("_steps")] = (str(steps.INITIAL), tuple(steps.STEPS))
    return found


def pages() -> dict[Path, str]:
    """Return the diagrams with the table they were drawn from."""
    result = {}
    for (service, noun), (initial, steps) in tables().items():
        rows = "\n".join(
            f"| `{step.action}` | {step.source} | {step.target} | {', '.join(sorted(step.by))} "
            f"| {step.guard.__name__ if step.guard else '–'} | {step.deadline_rule or '–'} | {_told(step)} |"
            for step in steps
        )
        result[Path(f"docs/states/{service}-{noun}.md")] = (
            f"# {service}: {noun}\n\nGenerated from `{service}.domain.{noun}_steps`; do not edit.\n\n"
            f"```mermaid\n{mermaid(steps, initial)}```\n\n"
            "| Action | From | To | Who | Guard | Deadline rule | Event |\n|---|---|---|---|---|---|---|\n"
            f"{rows}\n"
        )
    return result


def _told(step: Step) -> str:
    return f"`{step.event}`" if step.event else "– (nobody is told)"
