"""The section `departments`: bodies under another body that nobody knew from the start (sở, ban)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from registry.actions.restructure import Restructuring, restructure
from registry.actions.setup.change import Change, Difference, Setting
from registry.actions.setup.places import Place, Places
from registry.domain import restructuring


@dataclass(frozen=True, slots=True)
class WantedDepartment:
    """A department that should stand, under which body, since when, by which decision and how surely it was read."""

    place: Place
    under: Place
    since: date
    source: str
    confidence: str


async def apply_departments(setting: Setting, wanted: Sequence[WantedDepartment], places: Places) -> list[Change]:
    """Begin the departments that do not stand yet; renaming and ending one is a restructuring of its own."""
    missing = [(number, one) for number, one in enumerate(wanted) if not places.holds(one.place)]
    for (since, source, confidence), group in groupby(sorted(missing, key=_decision), key=_decision):
        numbered = list(group)
        changes = tuple(_begin(place, number, one, places) for place, (number, one) in enumerate(numbered))
        made, _ = await restructure(
            setting.session,
            Restructuring(since, source, confidence, changes),
            dry_run=False,
            actor=setting.actor,
            now=setting.now,
        )
        for number, one in numbered:
            places.add(one.place, made.keys[_key(number)])
    begun = {number for number, _ in missing}
    return [_line(one, new=number in begun) for number, one in enumerate(wanted)]


def _decision(numbered: tuple[int, WantedDepartment]) -> tuple[date, str, str]:
    one = numbered[1]
    return one.since, one.source, one.confidence


def _key(number: int) -> str:
    return f"department_{number}"


def _begin(place: int, number: int, one: WantedDepartment, places: Places) -> restructuring.Change:
    parent = places.id_of(one.under, f"body.departments.{number}.under")
    new = restructuring.New(key=_key(number), name=one.place.name, kind="department", parent=parent)
    return restructuring.Change(place, "create", "organisation", heirs=(new,))


def _line(one: WantedDepartment, *, new: bool) -> Change:
    if not new:
        return Change("departments", str(one.place), "same")
    differences = (Difference("under", None, str(one.under)), Difference("since", None, one.since.isoformat()))
    return Change("departments", str(one.place), "add", differences)
