"""How full this worker is, and who has to go first when it is too full (features G17, reliability §5 T16, T17).

A request holds a place from the moment its body is here until its answer has left. What still trickles in holds none:
two thousand slow bodies take nothing away from anybody else.
"""

from collections import defaultdict

from gateway.body import RequestBody
from gateway.refusals import Overloaded
from gateway.routing import Route
from servicekit.errors import TooMany

# Bodies on their way in, each with at most 64 KiB here; beyond that the one waiting longest is told 408.
MAX_ARRIVING = 4096
MAX_ARRIVING_OF_NETWORK = 512
# No network of callers may hold more than this share of the places.
_SHARE_OF_NETWORK = 0.5


class Load:
    """The places of one worker, by class of route and by the caller's network (its keyed hash)."""

    def __init__(self, max_requests: int) -> None:
        self._max = max_requests
        self._max_of_network = int(max_requests * _SHARE_OF_NETWORK)
        self._running = 0
        self._of_network: defaultdict[bytes, int] = defaultdict(int)
        self._heavy: defaultdict[str, int] = defaultdict(int)
        self._arriving: dict[RequestBody, None] = {}
        self._arriving_of_network: defaultdict[bytes, dict[RequestBody, None]] = defaultdict(dict)

    def check(self, route: Route) -> None:
        """Raise Overloaded when a request of this class would not get a place now."""
        if self._running >= self._max * route.shed.value:
            raise Overloaded(retry_after=2)

    def enter(self, route: Route, network: bytes) -> None:
        """Take a place. Raises Overloaded, or TooMany when the network or this kind of route has enough of them."""
        self.check(route)
        if self._of_network[network] >= self._max_of_network:
            raise TooMany(retry_after=2)
        if route.at_once is not None:
            if self._heavy[route.service] >= route.at_once:
                raise TooMany(retry_after=10)
            self._heavy[route.service] += 1
        self._of_network[network] += 1
        self._running += 1

    def leave(self, route: Route, network: bytes) -> None:
        """Give the place back."""
        self._running -= 1
        if route.at_once is not None:
            self._heavy[route.service] -= 1
        left = self._of_network[network] - 1
        if left:
            self._of_network[network] = left
        else:
            del self._of_network[network]

    async def receive(self, body: RequestBody, network: bytes) -> bytes:
        """Return the first piece of a body, waiting among those that arrive. Raises TooLarge, TooSlow or Gone."""
        mates = self._arriving_of_network[network]
        self._arriving[body] = mates[body] = None
        if len(mates) > MAX_ARRIVING_OF_NETWORK:
            self._make_room(next(iter(mates)), mates)
        elif len(self._arriving) > MAX_ARRIVING:
            self._make_room(next(iter(self._arriving)), {})
        try:
            return await body.first()
        finally:
            self._arriving.pop(body, None)
            mates.pop(body, None)
            if not mates:
                self._arriving_of_network.pop(network, None)

    def _make_room(self, body: RequestBody, mates: dict[RequestBody, None]) -> None:
        self._arriving.pop(body, None)
        mates.pop(body, None)
        body.give_up()
