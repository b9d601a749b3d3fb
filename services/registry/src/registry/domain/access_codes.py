"""Codes an administrator hands to a person, who sets the own password with it: once, and not for long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

Purpose = Literal["invitation", "recovery"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How long a code is good, and in which state the account must be, when it is issued and when it is used."""

    lasts: timedelta
    status: str


RULES: Final[Mapping[Purpose, Rule]] = {
    "invitation": Rule(lasts=timedelta(hours=72), status="invited"),
    "recovery": Rule(lasts=timedelta(hours=1), status="active"),
}
