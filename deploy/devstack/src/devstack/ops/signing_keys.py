"""`ops keys rotate-signing`: another key for access tokens, while every token stays good until it ends.

    1st run   the next key is put into the ring with the moment from which it signs, ten minutes ahead; the registry
              reads the ring anew and publishes the key, every verifier fetches it within five minutes
    later     the key signs; the old one is still published until its last token has ended
    2nd run   takes the old key out of the file; nothing verifies with it any more since it is not published

No process is restarted. A key that somebody else may have is replaced with `--leaked`, which forgets it at once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self

import typer

from devstack.credentials import SIGNING_KEYS, Credentials, new_signing_key
from devstack.ops.options import Data, default_data
from devstack.processes import StackError

LEAD = timedelta(minutes=10)
"""Twice the five minutes after which every verifier reads the published keys anew."""

TOKENS_LIVE = timedelta(minutes=11)
"""Ten minutes, and more than the half minute that clocks may differ."""

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SigningKey:
    """A private key (PEM) and the moment from which it signs."""

    pem: str
    signs_from: datetime


@dataclass(frozen=True)
class Ring:
    """The keys by the time they begin."""

    keys: Sequence[SigningKey]

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the ring of a file that holds one PEM or a ring; StackError when it is neither."""
        if text.lstrip().startswith("-----BEGIN"):
            return cls([SigningKey(text, ALWAYS)])
        try:
            found = [
                SigningKey(one["key"], datetime.fromisoformat(one["signs_from"])) for one in json.loads(text)["keys"]
            ]
            return cls(sorted(found, key=lambda key: key.signs_from))
        except (ValueError, KeyError, TypeError):
            raise StackError("the file of signing keys is neither a key nor a ring") from None

    @property
    def text(self) -> str:
        """As the registry reads it."""
        return json.dumps(
            {"keys": [{"signs_from": key.signs_from.isoformat(), "key": key.pem} for key in self.keys]}, indent=1
        )


@dataclass(frozen=True)
class Step:
    """What a run comes to: the ring to write, if any, and what to tell."""

    ring: Ring | None
    told: str


def next_step(ring: Ring, now: datetime, *, lead: timedelta = LEAD) -> Step:
    """Say what a rotation needs now."""
    newest = ring.keys[-1]
    if len(ring.keys) == 1:
        made = SigningKey(new_signing_key(), now + lead)
        return Step(
            Ring([*ring.keys, made]),
            f"the next key is published now and signs from {_at(made.signs_from)}; no restart. "
            f"After {_at(made.signs_from + TOKENS_LIVE)} run this command again: it takes the old key away.",
        )
    gone = newest.signs_from + TOKENS_LIVE
    if now < newest.signs_from:
        return Step(None, f"the next key signs from {_at(newest.signs_from)}; run this again after {_at(gone)}")
    if now < gone:
        return Step(None, f"the new key signs; tokens of the old one live until {_at(gone)}: run this again then")
    return Step(Ring([newest]), "the old key is gone from the file; the change is complete")


def after_leak(now: datetime) -> Step:
    """Replace every key at once."""
    return Step(
        Ring([SigningKey(new_signing_key(), now)]),
        "a new key signs and all earlier keys are forgotten: everybody needs a new token, by refresh token too. "
        "Restart the stack now, so that no process remembers tokens it has seen.",
    )


def rotate_signing(
    leaked: Annotated[
        bool, typer.Option("--leaked", help="Somebody else may have the key: forget it at once; every token dies.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--file", help="The registry's key file of an installation with docker compose.")
    ] = None,
    data: Data = default_data(),
) -> None:
    """Change the key that signs access tokens: run it, and again twenty minutes later. Nobody is signed out."""
    now = datetime.now(UTC)
    place = file or data.absolute() / "secrets" / SIGNING_KEYS
    if not place.is_file():
        raise StackError(f"there is no {place}")
    ring = Ring.read(place.read_text(encoding="utf-8"))
    step = after_leak(now) if leaked else next_step(ring, now)
    if step.ring is not None:
        write_ring(place, step.ring, in_place=file is not None)
    print(step.told)


def write_ring(place: Path, ring: Ring, *, in_place: bool) -> None:
    """Put the ring into the file.

    Whole or not at all; but `in_place` where a container has mounted the file itself: another file of that name would
    not be seen inside. The registry keeps the keys it has while it reads half a ring.
    """
    if in_place:
        place.write_text(ring.text, encoding="utf-8")
    else:
        Credentials(place.parent).write(place.name, ring.text)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
