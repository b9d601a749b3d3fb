"""Rows of the 2025 restructuring beyond the units: Party boards merged, Party groups ended, the five inside the Front.

Decisions:
- No instrument with the day of the boards' merger and of the end of ban cán sự đảng and đảng đoàn was read; "early
  2025" is recalled. They change on 1 February 2025 here, every such row says so in `source`, and its succession is
  unconfirmed. Their successors (đảng ủy UBND, đảng ủy MTTQ) are recalled too. `start_known` is false for those that
  ended then: they stood before 2025, and those that took over from them did not.
- Only the three provinces and the city have these bodies here; the districts' boards were not read.
- The five were formed anew with their units on 1 July 2025, and stand under the Front committee of their own unit from
  that day (Law 97/2025/QH15 amending Articles 5 and 6 of the VFF Law): one row, whose succession names both.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from registry.domain import ids
from registry.domain.organisation_kinds import (
    FRONT_PARTY_COMMITTEE,
    FRONT_PARTY_GROUP,
    GOVERNMENT_PARTY_COMMITTEE,
    GOVERNMENT_PARTY_GROUP,
    MASS_MOBILISATION_BOARD,
    MOBILISATION_BOARD,
    PARTY_COMMITTEE,
    PROPAGANDA_BOARD,
    organisation_name,
)
from registry.seeds.territory import AFTER, BEFORE, CITY_CODE, CITY_NAME, NQ202
from servicekit.vietnamese import plain, sort_key

PARTY_CHANGE: Final = date(2025, 2, 1)
RECALLED: Final = "Sắp xếp tổ chức Đảng đầu năm 2025; ngày và cơ quan kế tục chưa đối chiếu với văn bản"
INSIDE_THE_FRONT: Final = "Luật Mặt trận Tổ quốc Việt Nam, Điều 5 và Điều 6 (sửa đổi bởi Luật 97/2025/QH15)"

_PROVINCES: Final = (("92", "Thành phố Cần Thơ"), ("93", "Tỉnh Hậu Giang"), ("94", "Tỉnh Sóc Trăng"))
_UNTIL: Final = (BEFORE[0], PARTY_CHANGE - timedelta(days=1))
_BETWEEN: Final = (PARTY_CHANGE, BEFORE[1])
_BECAME: Final = (
    (PROPAGANDA_BOARD, MASS_MOBILISATION_BOARD, "MERGE"),
    (MOBILISATION_BOARD, MASS_MOBILISATION_BOARD, "MERGE"),
    (GOVERNMENT_PARTY_GROUP, GOVERNMENT_PARTY_COMMITTEE, "RENAME"),
    (FRONT_PARTY_GROUP, FRONT_PARTY_COMMITTEE, "RENAME"),
)
_NEW_COMMITTEES: Final = (GOVERNMENT_PARTY_COMMITTEE, FRONT_PARTY_COMMITTEE)

Row = dict[str, Any]
Span = tuple[date, date | None]


def organisations() -> Iterator[Row]:
    """Yield the rows of `organisation` to add; the boards merged on 1 February 2025 are there already."""
    for code, name in _PROVINCES:
        province = ids.unit_id(code, BEFORE[0])
        for former, _, _ in _BECAME:
            yield _body(former, province, name, _UNTIL, RECALLED)
        for committee in _NEW_COMMITTEES:
            yield _body(committee, province, name, _BETWEEN, RECALLED)
    for committee in _NEW_COMMITTEES:
        yield _body(committee, ids.unit_id(CITY_CODE, AFTER[0]), CITY_NAME, AFTER, f"{NQ202}; {RECALLED}")


def organisation_successions() -> Iterator[Row]:
    """Yield the rows of `organisation_succession` to add."""
    city = ids.unit_id(CITY_CODE, AFTER[0])
    for code, _ in _PROVINCES:
        province = ids.unit_id(code, BEFORE[0])
        for former, later, kind in _BECAME:
            yield _succession(former, province, later, province, kind, PARTY_CHANGE, RECALLED)
        for committee in _NEW_COMMITTEES:
            yield _succession(committee, province, committee, city, "MERGE", AFTER[0], NQ202)


def merged_boards() -> list[UUID]:
    """Return the ids of the provinces' merged boards, which begin when the two before them end."""
    return [ids.organisation_id(MASS_MOBILISATION_BOARD, ids.unit_id(code, BEFORE[0])) for code, _ in _PROVINCES]


def _body(kind: str, unit: UUID, unit_name: str, span: Span, source: str) -> Row:
    body, parent = ids.organisation_id(kind, unit), ids.organisation_id(PARTY_COMMITTEE, unit)
    name = organisation_name(kind, unit_name, "city")
    return {
        "id": body,
        "kind": kind,
        "name": name,
        "level": "city",
        "unit_id": unit,
        "parent_id": parent,
        "path": [parent, body],
        "valid_from": span[0],
        "valid_to": span[1],
        "start_known": span is not _UNTIL,
        "plain_name": plain(name),
        "sort_key": sort_key(name),
        "source": source,
    }


def _succession(
    kind_before: str, before: UUID, kind_after: str, after: UUID, kind: str, happened_on: date, basis: str
) -> Row:
    return {
        "predecessor_id": ids.organisation_id(kind_before, before),
        "successor_id": ids.organisation_id(kind_after, after),
        "kind": kind,
        "happened_on": happened_on,
        "legal_basis": basis,
        "confidence": "unconfirmed",
    }
