"""The sections `calendar` and `rules`: days and years of the work calendar, deadline rules by key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from registry.actions.publish_rule import RuleContent, publish_rule
from registry.actions.set_calendar import DayContent, set_calendar_day, set_calendar_year
from registry.actions.setup.change import Change, Setting, compared
from registry.tables import CalendarDay, CalendarYear, DeadlineRule

_DAY_FIELDS = ("kind", "name", "source", "confirmed")
_RULE_FIELDS = (
    "title", "amount", "unit", "direction", "anchor", "basis", "provision_id", "confidence", "note",
)  # fmt: skip
"""`valid_from` is no difference of its own: the same figures from another day are no new version."""


@dataclass(frozen=True, slots=True)
class WantedYear:
    """What is said of a year: whether its official notice is known, and the notice."""

    year: int
    confirmed: bool
    source: str


async def apply_years(setting: Setting, wanted: Sequence[WantedYear]) -> list[Change]:
    """Say which years are confirmed. Raises what `set_calendar_year` raises."""
    known = await _by(setting, CalendarYear, CalendarYear.year, [one.year for one in wanted])
    changes = []
    for one in wanted:
        row = known.get(one.year)
        change = compared("calendar.years", str(one.year), _pairs(row, one, ("confirmed", "source")), new=row is None)
        if change.kind != "same":
            await set_calendar_year(
                setting.session, one.year, confirmed=one.confirmed, source=one.source,
                expected=row.version if row else None, actor=setting.actor, now=setting.now,
            )  # fmt: skip
        changes.append(change)
    return changes


async def apply_days(setting: Setting, wanted: Sequence[tuple[date, DayContent]]) -> list[Change]:
    """Say what days are. Raises what `set_calendar_day` raises."""
    known = await _by(setting, CalendarDay, CalendarDay.date, [day for day, _ in wanted])
    changes = []
    for day, content in wanted:
        row = known.get(day)
        change = compared("calendar.days", day.isoformat(), _pairs(row, content, _DAY_FIELDS), new=row is None)
        if change.kind != "same":
            await set_calendar_day(
                setting.session, day, content=content,
                expected=row.version if row else None, actor=setting.actor, now=setting.now,
            )  # fmt: skip
        changes.append(change)
    return changes


async def apply_rules(setting: Setting, wanted: Sequence[RuleContent]) -> list[Change]:
    """Publish a new version of each rule that differs from its newest one. Raises what `publish_rule` raises."""
    newest = (
        select(DeadlineRule)
        .where(DeadlineRule.key.in_([one.key for one in wanted]))
        .order_by(DeadlineRule.key, DeadlineRule.rule_version.desc())
        .distinct(DeadlineRule.key)
    )
    known = {row.key: row for row in await setting.session.scalars(newest)}
    changes = []
    for one in wanted:
        row = known.get(one.key)
        change = compared("rules", one.key, _pairs(row, one, _RULE_FIELDS), new=row is None)
        if change.kind != "same":
            replaces = row.rule_version if row else None
            await publish_rule(setting.session, one, replaces=replaces, actor=setting.actor, now=setting.now)
        changes.append(change)
    return changes


async def _by(setting: Setting, table: Any, column: Any, keys: Sequence[Any]) -> dict[Any, Any]:
    rows = await setting.session.scalars(select(table).where(column.in_(keys)))
    return {getattr(row, column.key): row for row in rows}


def _pairs(row: Any, wanted: Any, names: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    for name in names:
        yield name, getattr(row, name) if row is not None else None, getattr(wanted, name)
