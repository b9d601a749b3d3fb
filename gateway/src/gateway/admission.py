"""Whether a request may go on: how full we are, who asks, and what of the allowances is left (design §5, §6).

The layers, each of which a request must pass: the allowance of the address's network (/24, /56), of the caller (a
person, an API client, or the address of somebody without a token), and of the kind of route where it has one.
"""

import ipaddress
import time
from dataclasses import dataclass
from typing import Any

from gateway.headers import Head
from gateway.limits import Allowances, Policy, address_key, network_key
from gateway.load import Load
from gateway.refusals import Headers
from gateway.routing import BY_ADDRESS, Bucket, Route
from gateway.signin import SignIn
from servicekit.errors import TooLarge, Unauthenticated

_BY_KIND = {"person": Bucket.SIGNED_IN, "client": Bucket.CLIENT}


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whether the caller signed in, the hash of its network, and the answer's RateLimit fields."""

    known: bool
    network: bytes
    limit: Headers


class Admission:
    """Asks load, sign-in and allowances, the cheapest first."""

    def __init__(
        self,
        *,
        signin: SignIn,
        load: Load,
        allowances: Allowances,
        policies: dict[Bucket, Policy],
        trusted_edges: tuple[str, ...] = (),
    ) -> None:
        self._signin = signin
        self._load = load
        self._allowances = allowances
        self._policies = policies
        self._trusted = tuple(ipaddress.ip_network(item, strict=False) for item in trusted_edges)
        self._said: dict[tuple[Policy, ...], bytes] = {}

    def address(self, scope: dict[str, Any], head: Head) -> str:
        """Return the client's address: the peer, or what a trusted edge in front of us says it was."""
        peer = scope["client"]
        address: str = peer[0] if peer else "-"
        if self._trusted and head.forwarded_for and any(ipaddress.ip_address(address) in net for net in self._trusted):
            said = head.forwarded_for.rpartition(b",")[2].strip().decode("latin-1")
            try:
                return str(ipaddress.ip_address(said))
            except ValueError:
                return address
        return address

    async def admit(self, head: Head, query: bytes, route: Route, address: str) -> Admitted:
        """Let a request in. Raises Overloaded, TooLarge, Unauthenticated, TooMany or Unavailable."""
        self._load.check(route)
        if head.content_length > route.body_limit:
            raise TooLarge
        now = time.monotonic()
        allowances, policies = self._allowances, self._policies
        network = allowances.digest(network_key(address))
        of_network = (policies[Bucket.ADDRESS], network)
        try:
            actor = await self._signin.identify(head, query, route.access, network)
        except Unauthenticated:
            if head.authorizations:
                own = allowances.digest(address_key(address))
                allowances.take(now, [of_network, (policies[Bucket.REFUSED], own)])
            raise
        bucket = Bucket.PUBLIC if actor is None else _BY_KIND[actor.kind]
        caller = allowances.digest(address_key(address) if actor is None else actor.id.bytes)
        draws = [of_network, (policies[bucket], caller)]
        if route.bucket is not None:
            if actor is not None and route.bucket in BY_ADDRESS:
                caller = allowances.digest(address_key(address))
            draws.append((policies[route.bucket], caller))
        places = allowances.take(now, draws)
        # How much the neighbours of an address ask for is nobody's business: the network's allowance is not told.
        told = tuple(policy for policy, _ in draws[1:])
        left = b", ".join([allowances.left(policy, place, now) for policy, place in zip(told, places[1:], strict=True)])
        return Admitted(actor is not None, network, [(b"ratelimit-policy", self._header(told)), (b"ratelimit", left)])

    def _header(self, told: tuple[Policy, ...]) -> bytes:
        header = self._said.get(told)
        if header is None:
            header = self._said[told] = b", ".join(policy.header for policy in told)
        return header
