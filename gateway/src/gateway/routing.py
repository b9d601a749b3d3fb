"""The table of the front door: which path goes to which service, who may pass without a token, and how much.

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
    """Which allowance a request draws on."""

    SIGNED_IN = "signed_in"
    PUBLIC = "public"
    TOKENS = "tokens"
    INTAKE = "intake"
    TRACKING = "tracking"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `anonymous` = the log keeps neither address nor exact time; `kept` = shed last."""

    methods: tuple[str, ...]
    path: str
    access: Access = Access.TOKEN
    bucket: Bucket = Bucket.SIGNED_IN
    upload: bool = False
    anonymous: bool = False
    kept: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A row made ready: `template` is what logs may say, `body_limit` in bytes, `seconds` until the answer begins."""

    template: str
    service: str
    access: Access
    bucket: Bucket
    body_limit: int
    seconds: float
    anonymous: bool
    kept: bool


_READ = ("GET", "HEAD")
_REGISTRY_FACTS = ("units", "codes", "organisations", "calendar", "deadline-rules", "instruments")
TABLE: tuple[Row, ...] = (
    Row(("POST",), "registry/tokens", Access.PUBLIC, Bucket.TOKENS),
    Row(("POST",), "registry/identity-providers/*", Access.PUBLIC, Bucket.TOKENS),
    Row(_READ, "registry/jwks.json", Access.PUBLIC, Bucket.PUBLIC),
    *(Row(_READ, f"registry/{noun}", Access.PUBLIC, Bucket.PUBLIC) for noun in _REGISTRY_FACTS),
    *(Row(_READ, f"registry/{noun}/*", Access.PUBLIC, Bucket.PUBLIC) for noun in _REGISTRY_FACTS),
    Row(("POST",), "feedback/submissions", Access.PUBLIC, Bucket.INTAKE, anonymous=True, kept=True),
    Row(("POST",), "feedback/uploads", Access.PUBLIC, Bucket.INTAKE, upload=True, anonymous=True, kept=True),
    Row(("POST",), "feedback/receipts/*", Access.PUBLIC, Bucket.PUBLIC, anonymous=True),
    Row(("POST",), "feedback/tracking", Access.PUBLIC, Bucket.TRACKING, anonymous=True, kept=True),
    Row(("POST",), "feedback/tracking/*", Access.PUBLIC, Bucket.TRACKING, anonymous=True, kept=True),
    Row(_READ, "feedback/receipt-key.json", Access.PUBLIC, Bucket.PUBLIC, anonymous=True),
    Row(_READ, "webhooks/event-types", Access.PUBLIC, Bucket.PUBLIC),
    Row(_READ, "webhooks/public-keys.json", Access.PUBLIC, Bucket.PUBLIC),
    # Files and tables of values from signed-in staff.
    Row(("POST", "PUT"), "targets/imports", upload=True, seconds=60.0),
    Row(("POST", "PUT"), "targets/imports/*", upload=True, seconds=60.0),
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
            f"{method:6} {route.template:42} {route.access.value:7} {route.bucket.value:10} "
            f"{route.body_limit:>9} B {route.seconds:g} s{'  anonymous' if route.anonymous else ''}"
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
            kept=row.kept,
        )
