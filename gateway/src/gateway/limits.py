"""How much one caller may ask for: GCRA allowances in memory, and the allowance of one request's body.

An allowance belongs to a signed-in subject or to an address; what is remembered is a keyed hash that means nothing
outside this process. Each worker process counts alone, so N workers allow up to N times as much.
"""

import hashlib
import math
import os
import re
from dataclasses import dataclass

from gateway.routing import Bucket
from servicekit.errors import TooMany

_MAX_KEYS = 200_000
_POLICY = re.compile(r"^([1-9][0-9]{0,8})/([1-9][0-9]{0,5})$")
# Requests per seconds, generous for people and integrations; tracking codes get a small one of their own.
DEFAULTS = {
    Bucket.SIGNED_IN: "1200/60",
    Bucket.PUBLIC: "600/60",
    Bucket.TOKENS: "60/60",
    Bucket.INTAKE: "120/60",
    Bucket.TRACKING: "30/60",
    Bucket.REFUSED: "120/60",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """`count` requests at once, refilled evenly over `seconds`."""

    name: str
    count: int
    seconds: int
    interval: float
    header: bytes


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
        header = f'"{name}";q={count};w={seconds}'.encode()
        made[bucket] = Policy(name, count, seconds, seconds / count, header)
    return made


class Allowances:
    """The generic cell rate algorithm: one number per key, the time at which its allowance would be full again."""

    def __init__(self, *, max_keys: int = _MAX_KEYS) -> None:
        self._full_at: dict[bytes, float] = {}
        self._secret = os.urandom(32)
        self._max_keys = max_keys

    def key(self, policy: Policy, caller: bytes) -> bytes:
        """Return the keyed hash under which a caller is remembered."""
        return hashlib.blake2b(caller, key=self._secret, digest_size=16, person=policy.name.encode()[:16]).digest()

    def take(self, policy: Policy, caller: bytes, now: float) -> bytes:
        """Take one request from a caller's allowance and return the RateLimit field. Raises TooMany when empty."""
        key = self.key(policy, caller)
        full_at = self._full_at.pop(key, now)  # popped and set again: the oldest stay in front for `_forget`
        if full_at < now:
            full_at = now
        waits = full_at + policy.interval - now - policy.seconds
        if waits > 1e-9:
            self._full_at[key] = full_at
            raise TooMany(retry_after=math.ceil(waits))
        full_at += policy.interval
        self._full_at[key] = full_at
        if len(self._full_at) > self._max_keys:
            self._forget()
        left = int((policy.seconds - (full_at - now)) / policy.interval + 1e-6)
        return b'"%b";r=%d;t=%d' % (policy.name.encode(), left, math.ceil(full_at - now))

    def _forget(self) -> None:
        """Drop the tenth of the keys that was used longest ago, so that memory stays bounded."""
        for key in list(self._full_at)[: self._max_keys // 10]:
            del self._full_at[key]


def address_key(address: str) -> bytes:
    """Return what stands for a client's address: IPv4 as it is, IPv6 by its /64 (one household has a whole one)."""
    if ":" not in address:
        return address.encode()
    if "." in address:  # ::ffff:192.0.2.1
        return address.rpartition(":")[2].encode()
    head = address.partition("%")[0]
    left, double, right = head.partition("::")
    groups = left.split(":") if left else []
    if double:
        tail = right.split(":") if right else []
        groups += ["0"] * (8 - len(groups) - len(tail)) + tail
    return ":".join(group.lstrip("0") or "0" for group in groups[:4]).lower().encode()
