"""Kinds of bodies and what they are called at a unit (domain vocabulary: Đảng ủy, HĐND, UBND, MTTQ and the five)."""

from typing import Final

PARTY_COMMITTEE: Final = "party_committee"
MASS_MOBILISATION_BOARD: Final = "mass_mobilisation_board"
FRONT_COMMITTEE: Final = "front_committee"
DEPARTMENT: Final = "department"
PROPAGANDA_BOARD: Final = "propaganda_board"
MOBILISATION_BOARD: Final = "mobilisation_board"
GOVERNMENT_PARTY_GROUP: Final = "government_party_group"
FRONT_PARTY_GROUP: Final = "front_party_group"
GOVERNMENT_PARTY_COMMITTEE: Final = "government_party_committee"
FRONT_PARTY_COMMITTEE: Final = "front_party_committee"

SOCIOPOLITICAL: Final = ("trade_union", "youth_union", "womens_union", "farmers_union", "veterans_assoc")
"""The five socio-political organisations (VFF Law, Article 5(2)); inside the Front since 1 July 2025 (Law 97/2025)."""

EVERYWHERE: Final = (
    PARTY_COMMITTEE,
    "peoples_council",
    "peoples_committee",
    FRONT_COMMITTEE,
    *SOCIOPOLITICAL,
)
"""The nine bodies that stand at every unit."""

_PREFIXES: Final = {
    "peoples_council": "Hội đồng nhân dân",
    "peoples_committee": "Ủy ban nhân dân",
    FRONT_COMMITTEE: "Ủy ban Mặt trận Tổ quốc Việt Nam",
    "youth_union": "Đoàn Thanh niên Cộng sản Hồ Chí Minh",
    "womens_union": "Hội Liên hiệp Phụ nữ",
    "farmers_union": "Hội Nông dân",
    "veterans_assoc": "Hội Cựu chiến binh",
    GOVERNMENT_PARTY_GROUP: "Ban cán sự đảng Ủy ban nhân dân",
    FRONT_PARTY_GROUP: "Đảng đoàn Mặt trận Tổ quốc Việt Nam",
    GOVERNMENT_PARTY_COMMITTEE: "Đảng ủy Ủy ban nhân dân",
    FRONT_PARTY_COMMITTEE: "Đảng ủy Mặt trận Tổ quốc, các đoàn thể",
}
_BOARDS: Final = {
    MASS_MOBILISATION_BOARD: "Ban Tuyên giáo và Dân vận",
    PROPAGANDA_BOARD: "Ban Tuyên giáo",
    MOBILISATION_BOARD: "Ban Dân vận",
}
_PARTY_NAMES: Final = {
    "Thành phố": "Thành ủy",
    "Tỉnh": "Tỉnh ủy",
    "Quận": "Quận ủy",
    "Huyện": "Huyện ủy",
    "Thị xã": "Thị ủy",
}

UNIT_TYPES: Final = {
    "city": frozenset({"Thành phố", "Tỉnh"}),
    "district": frozenset({"Quận", "Huyện", "Thị xã", "Thành phố"}),
    "commune": frozenset({"Phường", "Xã", "Thị trấn", "Đặc khu"}),
}
"""The words a unit's name begins with, by level."""


def split_name(unit_name: str) -> tuple[str, str]:
    """Split "Phường Ninh Kiều" into the word for its type and its own name."""
    for word in ("Thành phố", "Thị xã", "Thị trấn", "Đặc khu"):
        if unit_name.startswith(word + " "):
            return word, unit_name[len(word) + 1 :]
    word, _, name = unit_name.partition(" ")
    return word, name


def organisation_name(kind: str, unit_name: str, level: str) -> str:
    """Return what the body of this kind is called: "Ủy ban nhân dân phường Ninh Kiều", "Thành ủy Cần Thơ"."""
    word, name = split_name(unit_name)
    place = f"{word.lower()} {name}"
    if kind == PARTY_COMMITTEE or kind in _BOARDS:
        party = f"Đảng ủy {place}" if level == "commune" else f"{_PARTY_NAMES[word]} {name}"
        return party if kind == PARTY_COMMITTEE else f"{_BOARDS[kind]} {party}"
    if kind == "trade_union":
        return f"{'Công đoàn' if level == 'commune' else 'Liên đoàn Lao động'} {place}"
    return f"{_PREFIXES[kind]} {place}"


def is_named_after(name: str, kind: str, unit_name: str, level: str) -> bool:
    """Tell whether a body bears the usual name of its kind at a unit, and would be renamed with it."""
    usual = kind in _PREFIXES or kind in _BOARDS or kind in (PARTY_COMMITTEE, "trade_union")
    return usual and name == organisation_name(kind, unit_name, level)
