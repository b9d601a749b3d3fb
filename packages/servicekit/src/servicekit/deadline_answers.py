"""What services say of a deadline beside its day: how sure the rule is, whether it is provisional, what it was before.

The same words in every answer of every service, in Vietnamese and English.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, func, literal_column, select, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by

from servicekit.deadlines import CONFIDENCE_TEXTS, PROVISIONAL_NOTE, RuleVersion
from servicekit.tables import deadline_change
from servicekit.text import Answer

_change = deadline_change.alias("change")
_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "holiday": ("là ngày nghỉ lễ", "is a public holiday"),
    "off_in_lieu": ("là ngày nghỉ bù, hoán đổi", "is a day off in lieu"),
    "working_saturday": ("là ngày làm bù", "is worked in lieu"),
    "ordinary": ("trở lại ngày bình thường", "is an ordinary day again"),
}


class PinnedRuleAnswer(Answer):
    """The rule version a deadline was started with; nulls while the registry's facts do not have it here."""

    key: str
    version: int
    basis: str | None
    confidence: str | None
    confidence_vi: str | None
    confidence_en: str | None


def pinned_rule_answer(key: str, version: int, rule: RuleVersion | None) -> PinnedRuleAnswer:
    """Say which rule version holds and how sure it is; a default is never stated as law."""
    vi, en = CONFIDENCE_TEXTS[rule.confidence] if rule else (None, None)
    return PinnedRuleAnswer(
        key=key,
        version=version,
        basis=rule.basis if rule else None,
        confidence=rule.confidence if rule else None,
        confidence_vi=vi,
        confidence_en=en,
    )


def provisional_note(provisional: bool | None) -> tuple[str | None, str | None]:
    """Return what to show beside a day that rests on a year without an official notice, else two Nones."""
    return PROVISIONAL_NOTE if provisional else (None, None)


class CauseAnswer(Answer):
    """What was said of a day or of a year, with the document that says so, in Vietnamese and English."""

    day: date | None = None
    year: int | None = None
    kind: str | None = None
    source: str
    text_vi: str
    text_en: str


class DeadlineChangeAnswer(Answer):
    """One recount of a running deadline: the day it had, the day it has, and why."""

    deadline: str
    old_on: date
    old_provisional: bool
    new_on: date
    new_provisional: bool
    rule_key: str
    rule_version: int
    changed_at: datetime
    causes: list[CauseAnswer]
    text_vi: str
    text_en: str


def changes_of(item: ColumnElement[UUID]) -> ColumnElement[Any]:
    """Return the column `deadline_changes`: what was recounted for the item with this id, oldest first.

    A part of the statement that reads the item, so that explaining a deadline needs no statement more.
    """
    row, order = literal_column("change", JSON), (_change.c.changed_at, _change.c.id)
    listed = func.coalesce(func.json_agg(aggregate_order_by(func.to_json(row), *order)), literal_column("'[]'::json"))
    # By its name, so that it need not be a column of a table that SQLAlchemy sees in the statement around.
    of_item = select(type_coerce(listed, JSON)).where(_change.c.item_id == literal_column(str(item)))
    return of_item.scalar_subquery().label("deadline_changes")


def change_answers(rows: Iterable[Mapping[str, Any]]) -> list[DeadlineChangeAnswer]:
    """Put rows of `deadline_change` into words; days may still be ISO text, as JSON has them."""
    return [_answer(row) for row in rows]


def _answer(row: Mapping[str, Any]) -> DeadlineChangeAnswer:
    old_on, new_on = _day(row["old_on"]), _day(row["new_on"])
    causes = [_cause(cause) for cause in row["causes"]]
    vi, en = "; ".join(cause.text_vi for cause in causes), "; ".join(cause.text_en for cause in causes)
    if old_on != new_on:
        moved_vi = f"Hạn cũ {old_on:%d/%m/%Y} đổi thành {new_on:%d/%m/%Y} vì {vi}."
        moved_en = f"Was due {old_on.isoformat()}, now {new_on.isoformat()}, because {en}."
    else:
        moved_vi = f"Hạn {new_on:%d/%m/%Y} giữ nguyên vì {vi}."
        moved_en = f"Still due {new_on.isoformat()}; {en}."
    if row["old_provisional"] != row["new_provisional"]:
        vi, en = (
            (" Hạn này nay là tạm tính.", " It is provisional now.")
            if row["new_provisional"]
            else (" Hạn không còn là tạm tính.", " It is no longer provisional.")
        )
        moved_vi, moved_en = moved_vi + vi, moved_en + en
    return DeadlineChangeAnswer.model_validate(
        {
            **{name: row[name] for name in ("deadline", "old_provisional", "new_provisional")},
            **{name: row[name] for name in ("rule_key", "rule_version")},
            "changed_at": _instant(row["changed_at"]),
            "old_on": old_on,
            "new_on": new_on,
            "causes": causes,
            "text_vi": moved_vi,
            "text_en": moved_en,
        }
    )


def _cause(cause: Mapping[str, Any]) -> CauseAnswer:
    source = cause["source"]
    if "year" in cause:
        year = int(cause["year"])
        vi, en = (
            (f"lịch nghỉ năm {year} đã được xác nhận", f"the days off of {year} are confirmed")
            if cause["confirmed"]
            else (f"lịch nghỉ năm {year} chưa được xác nhận", f"the days off of {year} are not confirmed")
        )
        return CauseAnswer(year=year, source=source, text_vi=f"{vi} ({source})", text_en=f"{en} ({source})")
    day = date.fromisoformat(cause["day"])
    vi, en = _KINDS[cause["kind"]]
    named = f"{cause['name']}; {source}" if cause["name"] else source
    return CauseAnswer(
        day=day,
        kind=cause["kind"],
        source=source,
        text_vi=f"ngày {day:%d/%m/%Y} {vi} ({named})",
        text_en=f"{day.isoformat()} {en} ({named})",
    )


def _day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _instant(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
