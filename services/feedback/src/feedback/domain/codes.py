"""Codes a person can read aloud and secrets nobody can guess, both in Crockford's base 32.

    code    NC-7F3K-9Q2M-5      40 random bits and a check character; says which item, opens nothing
    secret  7F3K9-…             130 random bits in six groups; with the code it opens the item

The alphabet has no I, L, O and U, so what is misheard or mistyped as one of the first three is read as 1 or 0. The
check character is a sum over GF(32) with weights that are powers of a generator: it notices every single wrong
character and every swap of two neighbours.
"""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BYTES: Final = 5
SECRET_BYTES: Final = 17
_PREFIX: Final = "NC"
_CODE_LENGTH: Final = 9
_SECRET_LENGTH: Final = 26
_VALUE: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})
_POLYNOMIAL: Final = 0b100101  # x^5 + x^2 + 1, primitive over GF(2)


def new_code(random: bytes) -> str:
    """Return a code from five random bytes."""
    letters = _letters(int.from_bytes(random[:CODE_BYTES]), 8)
    return _written(letters + check_character(letters))


def new_secret(random: bytes) -> str:
    """Return a secret of 130 bits from seventeen random bytes."""
    letters = _letters(int.from_bytes(random[:SECRET_BYTES]) & ((1 << 130) - 1), _SECRET_LENGTH)
    return "-".join(letters[start : start + 5] for start in range(0, _SECRET_LENGTH, 5))


def read_code(typed: str) -> str:
    """Return the code as it is stored, whatever case, spaces and hyphens were typed; wrong ones stay wrong."""
    letters = typed.upper().translate(_READ_AS)
    return _written(_bare(letters))


def read_secret(typed: str) -> str:
    """Return the secret without hyphens, in upper case."""
    return typed.upper().translate(_READ_AS)


def is_well_formed(code: str) -> bool:
    """Say whether the check character of a code fits."""
    letters = _bare(read_code(code).replace("-", ""))
    if len(letters) != _CODE_LENGTH or any(letter not in _VALUE for letter in letters):
        return False
    return check_character(letters[:8]) == letters[8]


def check_character(letters: str) -> str:
    """Return Σ αⁱ·xᵢ over GF(32) as a letter."""
    total, weight = 0, 2
    for letter in letters:
        total ^= _times(weight, _VALUE[letter])
        weight = _times(weight, 2)
    return ALPHABET[total]


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left <<= 1
        if left & 32:
            left ^= _POLYNOMIAL
        right >>= 1
    return product


def _letters(number: int, length: int) -> str:
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(length)))


def _bare(letters: str) -> str:
    """Return the nine letters; a code may itself begin with the letters of the prefix."""
    return letters.removeprefix(_PREFIX) if len(letters) > _CODE_LENGTH else letters


def _written(letters: str) -> str:
    return f"{_PREFIX}-{letters[:4]}-{letters[4:8]}-{letters[8:]}"
