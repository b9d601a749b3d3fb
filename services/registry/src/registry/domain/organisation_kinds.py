"""Kinds of bodies and what they are called at a unit (domain vocabulary: Đảng ủy, HĐND, UBND, MTTQ and the five)."""

from typing import Final

PARTY_COMMITTEE: Final = "party_committee"
MASS_MOBILISATION_BOARD: Final = "mass_mobilisation_board"
FRONT_COMMITTEE: Final = "front_committee"

EVERYWHERE: Final = (
    PARTY_COMMITTEE,
    "peoples_council",
    "peoples_committee",
    FRONT_COMMITTEE,
    "trade_union",
    "youth_union",
    "womens_union",
    "farmers_union",
    "veterans_assoc",
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
}
_PARTY_NAMES: Final = {
    "Thành phố": "Thành ủy",
    "Tỉnh": "Tỉnh ủy",
    "Quận": "Quận ủy",
    "Huyện": "Huyện ủy",
    "Thị xã": "Thị ủy",
}


def split_name(unit_name: str) -> tuple[str, str]:
    """Split "Phường Ninh Kiều" into the word for its type and its own name."""
    for word in ("Thành phố", "Thị xã", "Thị trấn"):
        if unit_name.startswith(word + " "):
            return word, unit_name[len(word) + 1 :]
    word, _, name = unit_name.partition(" ")
    return word, name


def organisation_name(kind: str, unit_name: str, level: str) -> str:
    """Return what the body of this kind is called: "Ủy ban nhân dân phường Ninh Kiều", "Thành ủy Cần Thơ"."""
    word, name = split_name(unit_name)
    place = f"{word.lower()} {name}"
    if kind in (PARTY_COMMITTEE, MASS_MOBILISATION_BOARD):
        party = f"Đảng ủy {place}" if level == "commune" else f"{_PARTY_NAMES[word]} {name}"
        return party if kind == PARTY_COMMITTEE else f"Ban Tuyên giáo và Dân vận {party}"
    if kind == "trade_union":
        return f"{'Công đoàn' if level == 'commune' else 'Liên đoàn Lao động'} {place}"
    return f"{_PREFIXES[kind]} {place}"
