"""How much one caller may ask for, in layers: the address's network, the caller, and the kind of route.

Each is a GCRA allowance (generic cell rate algorithm): one number, the time at which it would be full again. The
numbers lie in memory shared by all workers, so the amounts are those of the whole gateway. What is remembered of a
caller is a keyed hash that means nothing outside this gateway and, after 24 hours, nothing inside either.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.refusals import Spent
from gateway.routing import Bucket
from gateway.shared import Shared

_POLICY = re.compile(r"^([1-9][0-9]{0,8})/([1-9][0-9]{0,5})$")
# Requests at once, refilled evenly over so many seconds. Generous for people and integrations; an address's network
# is large, because a commune's office or a mobile operator's gate is one; what is guessed at or heavy has little.
DEFAULTS = {
    Bucket.ADDRESS: "6000/60",
    Bucket.SIGNED_IN: "1200/60",
    Bucket.CLIENT: "3000/60",
    Bucket.PUBLIC: "600/60",
    Bucket.TOKENS: "60/60",
    Bucket.INTAKE: "120/60",
    Bucket.TRACKING: "30/60",
    Bucket.SEARCHES: "300/60",
    Bucket.IMPORTS: "30/60",
    Bucket.EXPORTS: "10/60",
    Bucket.EXCHANGE: "30/60",
    Bucket.REFUSED: "120/60",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """`count` requests at once, refilled evenly over `seconds`; `mark` keeps its keys apart from other policies'."""

    name: str
    count: int
    seconds: int
    interval: float
    header: bytes
    quoted: bytes
    mark: int


def policies(overrides: dict[str, str]) -> dict[Bucket, Policy]:
    """Return the policy of every bucket. Raises ValueError for an unknown name or an unreadable amount."""
    unknown = set(overrides) - {bucket.value for bucket in Bucket}
    if unknown:
        raise ValueError(f"unknown rate limits: {sorted(unknown)}")
    made = {}
    for bucket, default in DEFAULTS.items():
        match = _POLICY.match(overrides.get(bucket.value, default))
        if match is None:
            raise ValueError(f"rate limit {bucket.value} must look like 600/60 (requests/seconds)")
        count, seconds = int(match[1]), int(match[2])
        name = bucket.value.replace("_", "-")
        quoted = f'"{name}"'.encode()
        mark = int.from_bytes(hashlib.blake2b(quoted, digest_size=8).digest())
        header = quoted + b";q=%d;w=%d" % (count, seconds)
        made[bucket] = Policy(name, count, seconds, seconds / count, header, quoted, mark)
    return made


class Allowances:
    """Takes requests from the allowances of callers."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def digest(self, caller: bytes) -> bytes:
        """Return the keyed hash of an address, a network or a subject, 16 bytes."""
        return hashlib.blake2b(caller, key=self._shared.salt(), digest_size=16).digest()

    def take(self, now: float, draws: Sequence[tuple[Policy, bytes]]) -> list[int]:
        """Take one request from each (policy, digest) and return the places; from none when one is empty.

        Raises Spent with the time until all of them hold one.
        """
        shared = self._shared
        places, filled = [], []
        waits, empty = 1e-9, None
        for policy, digest in draws:
            place = shared.place(int.from_bytes(digest[:8]) ^ policy.mark, now)
            full_at = max(shared.time_at(place), now) + policy.interval
            if full_at - now - policy.seconds > waits:
                waits, empty = full_at - now - policy.seconds, policy
            places.append(place)
            filled.append(full_at)
        if empty is not None:
            raise Spent(empty.header, empty.quoted, retry_after=math.ceil(waits))
        for place, full_at in zip(places, filled, strict=True):
            shared.set_time(place, full_at)
        return places

    def left(self, policy: Policy, place: int, now: float) -> bytes:
        """Return the item of the RateLimit field (draft-ietf-httpapi-ratelimit-headers-09) for a place just taken."""
        ahead = self._shared.time_at(place) - now
        return b"%b;r=%d;t=%d" % (policy.quoted, (policy.seconds - ahead) / policy.interval + 1e-6, math.ceil(ahead))


def address_key(address: str) -> bytes:
    """Return what stands for one caller's address: IPv4 as it is, IPv6 by its /64 (one household has a whole one)."""
    groups = _groups(address)
    return ":".join(groups[:4]).encode() if groups else _plain(address)


def network_key(address: str) -> bytes:
    """Return what stands for the network of an address: IPv4 by its /24, IPv6 by its /56."""
    groups = _groups(address)
    if groups:
        return f"{':'.join(groups[:3])}:{int(groups[3], 16) >> 8:x}/56".encode()
    return _plain(address).rpartition(b".")[0] + b"/24"


def _plain(address: str) -> bytes:
    return address.rpartition(":")[2].encode()  # ::ffff:192.0.2.1


def _groups(address: str) -> list[str]:
    """Return the eight groups of an IPv6 address, nothing for an IPv4 address."""
    if ":" not in address or "." in address:
        return []
    left, double, right = address.lower().partition("%")[0].partition("::")
    groups = left.split(":") if left else []
    if double:
        tail = right.split(":") if right else []
        groups += ["0"] * (8 - len(groups) - len(tail)) + tail
    return [group.lstrip("0") or "0" for group in groups]
