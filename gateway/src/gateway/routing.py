"""The table of the front door: which path goes to which service, who may pass without a token, how much, and what
goes first when there is too much.

Everything under `/api/v1/<service>/` that no row names needs a token. A row's path ends in `/*` when it means what
lies below; roles are decided by the services.
"""

from dataclasses import dataclass
from enum import Enum

from gateway.settings import SERVICES, GatewaySettings

PREFIX = "/api/v1/"


class Access(Enum):
    """Who may pass the gateway."""

    TOKEN = "token"
    PUBLIC = "public"


class Bucket(Enum):
    """An allowance: of the address's network, of the caller, of a kind of route, or of something refused."""

    ADDRESS = "address"
    SIGNED_IN = "signed_in"
    CLIENT = "client"
    PUBLIC = "public"
    TOKENS = "tokens"
    INTAKE = "intake"
    TRACKING = "tracking"
    SEARCHES = "searches"
    IMPORTS = "imports"
    EXPORTS = "exports"
    EXCHANGE = "exchange"
    REFUSED = "refused"


# A token buys nothing here: what is guessed at or sent without a name is counted by the address alone.
BY_ADDRESS = frozenset({Bucket.TOKENS, Bucket.INTAKE, Bucket.TRACKING})


class Shed(Enum):
    """How full the gateway may be (share of MAX_REQUESTS) when a request of this class still passes."""

    FIRST = 0.6
    ORDINARY = 0.8
    LAST = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `bucket` is the route's own allowance beside the caller's. `anonymous` = the log keeps neither address nor exact
    time. `at_once` = so many in progress per worker, the next is told to wait. `credential` = the service is told a
    hash of the caller's network (`x-client-bucket`) so that it can slow down guessing without learning an address.
    """

    methods: tuple[str, ...]
    path: str
    access: Access = Access.TOKEN
    bucket: Bucket | None = None
    upload: bool = False
    anonymous: bool = False
    shed: Shed = Shed.ORDINARY
    at_once: int | None = None
    credential: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A row made ready: `template` is what logs may say, `body_limit` in bytes, `seconds` until the answer begins."""

    template: str
    service: str
    access: Access
    bucket: Bucket | None
    body_limit: int
    seconds: float
    anonymous: bool
    shed: Shed
    at_once: int | None
    credential: bool


_READ = ("GET", "HEAD")
_WRITE = ("POST", "PUT")
_EXPORTS_AT_ONCE = 2
# The names under which a service puts what costs most: it goes first when there is too much.
_EXPORTING = ("targets", "feedback", "oversight", "webhooks")
_REGISTRY_FACTS = ("units", "codes", "organisations", "calendar", "deadline-rules", "instruments")
TABLE: tuple[Row, ...] = (
    Row(("POST",), "registry/tokens", Access.PUBLIC, Bucket.TOKENS, credential=True),
    Row(("POST",), "registry/passwords", Access.PUBLIC, Bucket.TOKENS, credential=True),
    Row(("POST",), "registry/me/*", credential=True),
    Row(("POST",), "registry/identity-providers/*", Access.PUBLIC, Bucket.TOKENS),
    Row(_READ, "registry/jwks.json", Access.PUBLIC),
    *(Row(_READ, f"registry/{noun}", Access.PUBLIC) for noun in _REGISTRY_FACTS),
    *(Row(_READ, f"registry/{noun}/*", Access.PUBLIC) for noun in _REGISTRY_FACTS),
    Row(("POST",), "feedback/submissions", Access.PUBLIC, Bucket.INTAKE, anonymous=True, shed=Shed.LAST),
    Row(("POST",), "feedback/uploads", Access.PUBLIC, Bucket.INTAKE, upload=True, anonymous=True, shed=Shed.LAST),
    Row(("POST",), "feedback/receipts/*", Access.PUBLIC, anonymous=True),
    Row(("POST",), "feedback/tracking", Access.PUBLIC, Bucket.TRACKING, anonymous=True, shed=Shed.LAST),
    Row(("POST",), "feedback/tracking/*", Access.PUBLIC, Bucket.TRACKING, anonymous=True, shed=Shed.LAST),
    Row(_READ, "feedback/receipt-key.json", Access.PUBLIC, anonymous=True),
    # What of a review is published, and its documents and data, which cost more than anything else that is public.
    Row(_READ, "targets/published", Access.PUBLIC),
    Row(_READ, "targets/published/*", Access.PUBLIC),
    Row(
        _READ,
        "targets/published-files/*",
        Access.PUBLIC,
        Bucket.EXPORTS,
        shed=Shed.FIRST,
        at_once=_EXPORTS_AT_ONCE,
    ),
    Row(_READ, "webhooks/event-types", Access.PUBLIC),
    Row(_READ, "webhooks/public-keys.json", Access.PUBLIC),
    # Files and tables of values from signed-in staff.
    Row(_WRITE, "targets/imports", bucket=Bucket.IMPORTS, upload=True, shed=Shed.FIRST, seconds=60.0),
    Row(_WRITE, "targets/imports/*", bucket=Bucket.IMPORTS, upload=True, shed=Shed.FIRST, seconds=60.0),
    # Evidence of a report: nothing else is PUT below it.
    Row(("PUT",), "targets/reports/*", bucket=Bucket.IMPORTS, upload=True, seconds=60.0),
    # Lists that staff search and filter, and accounts that somebody could want to go through one by one.
    Row(_READ, "feedback/submissions", bucket=Bucket.SEARCHES),
    Row(_READ, "oversight/cases", bucket=Bucket.SEARCHES),
    Row(_READ, "oversight/recommendations", bucket=Bucket.SEARCHES),
    Row(_READ, "targets/reports", bucket=Bucket.SEARCHES),
    Row(_READ, "registry/accounts", bucket=Bucket.SEARCHES),
    # What costs most and can wait (reliability §6 row 87).
    *(
        Row((*_READ, "POST"), f"{service}/{path}", bucket=Bucket.EXPORTS, shed=Shed.FIRST, at_once=_EXPORTS_AT_ONCE)
        for service in _EXPORTING
        for path in ("exports", "exports/*")
    ),
    *(Row(_READ, path, shed=Shed.FIRST) for path in ("targets/dashboards", "targets/dashboards/*")),
)


class Routes:
    """Finds the route of a request by method, service and the first noun behind it."""

    def __init__(self, settings: GatewaySettings, table: tuple[Row, ...] = TABLE) -> None:
        self._settings = settings
        self._named = {(method, row.path): self._route(row) for row in table for method in row.methods}
        self._rest = {name: self._route(Row((), f"{name}/*")) for name in SERVICES}

    def match(self, method: str, path: str) -> Route | None:
        """Return the route of a path, or None when no service owns it."""
        parts = path.split("/", 5)
        if len(parts) < 5 or parts[1] != "api" or parts[2] != "v1":
            return None
        rest = self._rest.get(parts[3])
        if rest is None:
            return None
        noun = f"{parts[3]}/{parts[4]}" if len(parts) == 5 else f"{parts[3]}/{parts[4]}/*"
        return self._named.get((method, noun), rest)

    def lines(self) -> list[str]:
        """Describe the effective table for people, one route a line."""
        rows = [(method, route) for (method, _), route in self._named.items()]
        rows += [("*", route) for route in self._rest.values()]
        return [
            f"{method:6} {route.template:42} {route.access.value:7} {route.bucket.value if route.bucket else '-':10} "
            f"{route.body_limit:>9} B {route.seconds:g} s  shed {route.shed.name.lower()}"
            f"{'  anonymous' if route.anonymous else ''}"
            for method, route in rows
        ]

    def _route(self, row: Row) -> Route:
        settings = self._settings
        return Route(
            template=PREFIX + row.path,
            service=row.path.partition("/")[0],
            access=row.access,
            bucket=row.bucket,
            body_limit=settings.upload_limit if row.upload else settings.json_limit,
            seconds=row.seconds or settings.answer_seconds,
            anonymous=row.anonymous,
            shed=row.shed,
            at_once=row.at_once,
            credential=row.credential,
        )
