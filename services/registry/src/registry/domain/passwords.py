"""Which passwords are accepted (NIST SP 800-63B-4: length and a list of common ones, no composition rules)."""

import re
from typing import Final

MINIMUM: Final = 15
"""Characters, because the password is the only factor."""
MAXIMUM: Final = 256

# Long enough to pass by length and still among the first that are tried; compared without spaces and case.
COMMON: Final = frozenset(
    {
        "123456789012345",
        "1234567890123456",
        "12345678901234567890",
        "111111111111111",
        "000000000000000",
        "abcdefghijklmno",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfgh",
        "qwertyuiopasdfghjklzxcvbnm",
        "1qaz2wsx3edc4rfv",
        "passwordpassword",
        "password12345678",
        "password123456789",
        "administrator123",
        "administrator1234",
        "matkhaumatkhau1",
        "matkhau123456789",
        "mậtkhẩumậtkhẩu1",
        "mattranthanhphocantho",
        "mặttrậntổquốcviệtnam",
        "mattrantoquocvietnam",
        "thanhphocantho",
        "thanhphocantho123",
        "cantho123456789",
        "nhipcaunhipcau1",
        "correcthorsebatterystaple",
        "iloveyouiloveyou",
        "anhyeuemnhieulam",
        "emyeuanhnhieulam",
        "vietnamvietnam123",
        "changemechangeme",
        "letmeinletmein123",
    }
)
_REPEATED: Final = re.compile(r"(.{1,4})\1*")


def weakness(password: str, username: str) -> str | None:
    """Return why a password (NFC) is refused: "short", "long", "common", "repeated" or "own_name", else None."""
    if len(password) < MINIMUM:
        return "short"
    if len(password) > MAXIMUM:
        return "long"
    plain = "".join(password.split()).casefold()
    if plain in COMMON:
        return "common"
    if _REPEATED.fullmatch(plain):
        return "repeated"
    if len(plain.replace(username.casefold(), "")) < 8:
        return "own_name"
    return None
