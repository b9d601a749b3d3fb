"""Forms (biểu mẫu): indicators reported together, who reports them, which levels sign off, and when a unit is chased.

A form is data with versions. A period keeps the version it was opened with, so that levels do not change under
reports that are on their way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from targets.domain.approval import APPROVE, VERIFY, Level
from targets.domain.reminders import RUNGS, ReminderStep
from targets.domain.reporting_refusals import BadForm

MOST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Form:
    """One version of a form; None for reporters means those each indicator names itself."""

    id: UUID
    code: str
    version: int
    resolution_id: UUID | None
    """With `indicators` None: every indicator of this resolution that fits; see `queries.forms`."""
    name_vi: str
    name_en: str
    period_kind: str
    reporter_kinds: tuple[str, ...] | None
    reporter_level: str | None
    indicators: tuple[str, ...] | None
    evidence_for: tuple[str, ...]
    """Indicators that need evidence in this form, beside those that need it anyway."""
    levels: tuple[Level, ...]
    steps: tuple[ReminderStep, ...]
    expiry_days: int | None
    """Days after the due day on which the period closes by itself; None is never."""
    open_future: bool


def read_levels(stored: Sequence[Mapping[str, Any]]) -> tuple[Level, ...]:
    """Return the approval levels a row holds."""
    return tuple(Level(**one) for one in stored)


def read_steps(stored: Sequence[Mapping[str, Any]]) -> tuple[ReminderStep, ...]:
    """Return the reminder steps a row holds, in their order in time."""
    return tuple(sorted((ReminderStep(**one) for one in stored), key=lambda step: step.days))


def check_form(form: Form) -> None:
    """Raise BadForm with everything that does not hold together."""
    errors = [*_levels(form.levels), *_steps(form.steps), *_indicators(form)]
    if errors:
        raise BadForm(errors=errors)


def _levels(levels: Sequence[Level]) -> Iterator[dict[str, Any]]:
    if not levels or levels[-1].act != APPROVE or any(level.act != VERIFY for level in levels[:-1]):
        yield _problem(
            "levels",
            "approve_last",
            "Cấp cuối cùng phải là phê duyệt, các cấp trước là thẩm định.",
            "The last level approves, every level before it verifies.",
        )
    if len(levels) < 2:
        yield _problem(
            "levels", "too_few", "Cần ít nhất một cấp thẩm định.", "At least one level verifies before the approval."
        )
    yield from _unique("levels", (level.key for level in levels))


def _steps(steps: Sequence[ReminderStep]) -> Iterator[dict[str, Any]]:
    yield from _unique("steps", (step.key for step in steps))
    yield from _unique("steps", (str(step.days) for step in steps))
    if any(step.to not in RUNGS for step in steps):
        yield _problem("steps", "unknown_rung", "Không rõ gửi cho ai.", "It is not known to whom this goes.")


def _indicators(form: Form) -> Iterator[dict[str, Any]]:
    if form.indicators is None and form.resolution_id is None:
        yield _problem(
            "indicators",
            "missing",
            "Hãy nêu chỉ tiêu hoặc nghị quyết.",
            "Name the indicators or the resolution.",
        )
    yield from _unique("indicators", form.indicators or ())


def _unique(field: str, values: Iterable[str]) -> Iterator[dict[str, Any]]:
    given = list(values)
    if len(given) != len(set(given)):
        yield _problem(field, "twice", "Có mục bị lặp lại.", "Something is named twice.")


def _problem(field: str, code: str, vi: str, en: str) -> dict[str, Any]:
    return {"field": field, "code": code, "vi": vi, "en": en}
