"""Which passwords are accepted (NIST SP 800-63B-4 §3.1.1.2: length and a blocklist, no composition rules).

One length for everybody, with a second factor or without: one rule is easier to keep than two. The list of leaked
passwords is a file (`registry.passwords`); here is what no list can know: what is made of the person's and the house's
own names, of keyboard rows and of repetition.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

MINIMUM: Final = 15
"""Characters: what NIST asks where the password is the only factor."""
MAXIMUM: Final = 256
LEFT: Final = 8
"""So many characters must be left when everything that can be guessed is taken away."""

WORDS: Final = (
    *("password", "matkhau", "passwd", "pass", "admin", "administrator", "quantri", "quantrivien", "dangnhap"),
    *("welcome", "letmein", "changeme", "iloveyou", "anhyeuem", "emyeuanh", "yeuem", "xinchao", "secret", "bimat"),
    *("nhipcau", "mattran", "toquoc", "mttq", "ubmttq", "ubnd", "vietnam", "cantho", "thanhpho", "thanhuy"),
    *("dangcongsan", "hochiminh", "dambaotoan", "dedang", "master", "login", "user", "test", "demo"),
)
"""Of the service, of the house, and those that stand in most password lists; without marks."""
_ROWS: Final = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "!@#$%^&*()",
)
_WALKS: Final = (*_ROWS, *(row[::-1] for row in _ROWS))
_SHORTEST_WALK: Final = 4
_SHORTEST_NAME: Final = 4


def weakness(password: str, about: Iterable[str] = ()) -> str | None:
    """Return why a password (NFC) is refused: "short", "long", "repeated", "own_name" or "predictable", else None.

    `about` are texts that belong to the person: user name, name, organisation.
    """
    if len(password) < MINIMUM:
        return "short"
    if len(password) > MAXIMUM:
        return "long"
    bare = _bare(password)
    if _is_repeated(bare):
        return "repeated"
    if len(_collapsed(_without(bare, _names(about)))) < LEFT:
        return "own_name"
    names_and_words = _names(about) | set(WORDS)
    if len(_collapsed(_without_walks(_without(bare, names_and_words)))) < LEFT:
        return "predictable"
    return None


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _bare(text: str) -> str:
    return "".join(_plain(text).split())


def _is_repeated(bare: str) -> bool:
    return any((bare[:size] * len(bare))[: len(bare)] == bare for size in range(1, LEFT))


def _names(about: Iterable[str]) -> set[str]:
    found = set()
    for text in about:
        found |= {_bare(text), *_plain(text).split()}
    return {name for name in found if len(name) >= _SHORTEST_NAME}


def _without(bare: str, words: set[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        bare = bare.replace(word, "")
    return bare


def _without_walks(bare: str) -> str:
    rest, at = [], 0
    while at < len(bare):
        length = _walk_length(bare, at)
        if length < _SHORTEST_WALK:
            rest.append(bare[at])
            length = 1
        at += length
    return "".join(rest)


def _walk_length(bare: str, at: int) -> int:
    length = 1
    while at + length < len(bare) and any(bare[at : at + length + 1] in walk for walk in _WALKS):
        length += 1
    return length


def _collapsed(bare: str) -> str:
    return "".join(character for index, character in enumerate(bare) if index == 0 or character != bare[index - 1])
