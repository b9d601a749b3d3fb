"""What the claims of an identity provider mean to us: data of the provider, not code."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from registry.domain.errors import AssuranceTooLow, WrongCredentials

_NO_NAME: Final = "Công dân"
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class ForeignPerson:
    """Whom a provider vouches for; `second_factor` tells whether they proved more than one thing there."""

    subject: str
    name: str
    second_factor: bool


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """Which claim is which. Without `assurance_claim` any level of assurance is taken."""

    subject: str
    name: str
    assurance_claim: str | None
    assurance_values: frozenset[str]
    second_factor_amr: frozenset[str]
    second_factor_acr: frozenset[str]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Return the mapping that a provider's row holds."""
        return cls(
            subject=data["subject"],
            name=data["name"],
            assurance_claim=data["assurance_claim"],
            assurance_values=frozenset(data["assurance_values"]),
            second_factor_amr=frozenset(data["second_factor_amr"]),
            second_factor_acr=frozenset(data["second_factor_acr"]),
        )

    def person(self, claims: Mapping[str, Any]) -> ForeignPerson:
        """Return the person. Raises WrongCredentials without a subject, AssuranceTooLow."""
        subject = claims.get(self.subject)
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise WrongCredentials
        if self.assurance_claim is not None and self.assurance_values.isdisjoint(_words(claims, self.assurance_claim)):
            raise AssuranceTooLow
        strong = not self.second_factor_amr.isdisjoint(_words(claims, "amr")) or not self.second_factor_acr.isdisjoint(
            _words(claims, "acr")
        )
        return ForeignPerson(subject, _name(claims.get(self.name)), strong)


def _words(claims: Mapping[str, Any], name: str) -> list[str]:
    found = claims.get(name)
    listed = found if isinstance(found, list) else [found]
    return [str(one) for one in listed if isinstance(one, str | int) and not isinstance(one, bool)]


def _name(found: object) -> str:
    if not isinstance(found, str):
        return _NO_NAME
    shown = "".join(letter for letter in found[: 3 * _LONGEST] if unicodedata.category(letter)[0] in "LMNPZ")
    return " ".join(unicodedata.normalize("NFC", shown).split()).lstrip("=+-@")[:_LONGEST].strip() or _NO_NAME
