"""Proving a password, by whoever and wherever: the try is counted first, and no transaction is open meanwhile."""

from dataclasses import dataclass
from datetime import datetime

from registry.actions.count_tries import Tried
from registry.actions.sign_in import Candidate, begin_attempt
from registry.domain.errors import WrongCredentials
from registry.domain.second_factor import SecondProof, written_alike
from registry.passwords import PasswordHasher, SecretHasher
from servicekit.service import Runtime


@dataclass(frozen=True, slots=True)
class Prover:
    """What checking a password needs of the process and of the request."""

    process: Runtime
    passwords: PasswordHasher
    hasher: SecretHasher
    bucket: str
    now: datetime

    def tried(self, username: str | None = None) -> Tried:
        """Return what a try is counted under; without a name only its network."""
        return Tried(
            address_hash=self.hasher.hash(self.bucket, "throttle-address"),
            name_hash=None if username is None else self.hasher.hash(username, "throttle"),
        )

    async def prove_password(self, username: str, password: str, tried: Tried) -> Candidate:
        """Return the account whose password this is. Raises WrongCredentials or TooMany."""
        async with self.process.database.write() as session:
            candidate = await begin_attempt(session, username, tried=tried, now=self.now)
        if not await self.passwords.verify(password, candidate.password_hash):
            raise WrongCredentials
        return candidate

    def second_proof(self, totp: str | None, recovery_code: str | None) -> SecondProof:
        """Return what was given beside the password; a one-time code goes first."""
        if recovery_code is None:
            return SecondProof(totp)
        return SecondProof(totp, self.recovery_hash(recovery_code))

    def recovery_hash(self, recovery_code: str) -> bytes:
        """Return what is stored of a recovery code."""
        return self.hasher.hash(written_alike(recovery_code), "recovery")
