"""How one version of a target follows another: one at a time, in the order of time, never over what was judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from targets.domain.resolution_refusals import BadTarget, JudgedAlready, TargetOverlap
from targets.domain.target_checks import version_problems


@dataclass(frozen=True, slots=True)
class Ended:
    """The version that ends because the next begins, and its last day."""

    number: int
    last_day: date


@dataclass(frozen=True, slots=True)
class Judged:
    """The latest period that is over and has figures, at or after the first day of a new version."""

    period: str
    last_day: date


def check_version(given: Mapping[str, Any], *, kind: str) -> None:
    """Raise BadTarget with every problem of a new version of an indicator of this kind."""
    problems = list(version_problems("", given, kind=kind))
    if problems:
        raise BadTarget(errors=problems)


def succeed(versions: Sequence[Any], first_day: date, judged: Judged | None) -> Ended | None:
    """Return the version that ends the day before the new one begins, None when nothing was open.

    Raises TargetOverlap, and JudgedAlready when a period at or after the first day was judged by a figure that was
    valid in it: a result keeps the target it was held against.
    """
    for version in versions:
        if first_day <= (version.valid_to or version.valid_from):
            until = "…" if version.valid_to is None else version.valid_to.isoformat()
            raise TargetOverlap(number=version.number, valid_from=version.valid_from.isoformat(), valid_to=until)
    current = next((version for version in versions if version.valid_to is None), None)
    if current is None:
        return None
    if judged is not None and current.value is not None:
        raise JudgedAlready(period=judged.period, number=current.number, last_day=judged.last_day.isoformat())
    return Ended(current.number, first_day - timedelta(days=1))
