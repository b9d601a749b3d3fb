"""The webhooks service, put together."""

from urllib.parse import urlsplit

from fastapi import FastAPI

from servicekit import web
from servicekit.audit_reading import audit_router
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings
from servicekit.signatures import read_private_key
from webhooks.api import deliveries, endpoints, event_types
from webhooks.domain.addresses import read_allowed
from webhooks.domain.endpoint_steps import GROUPS
from webhooks.sending.attempts import Sender
from webhooks.sending.guard import Guard, guarded_client
from webhooks.sending.line import Line
from webhooks.settings import WebhooksSettings
from webhooks.tables import Base
from webhooks.worker import CONSUMERS, JOBS, REFERENCES


async def prepare(runtime: Runtime) -> None:
    """Build the guard, the client and the line of this process."""
    settings: WebhooksSettings = runtime.settings
    urls = (settings.database_url.get_secret_value(), settings.nats_url.get_secret_value(), settings.registry_url)
    parts = [urlsplit(url) for url in urls]
    house = [(part.hostname or "", part.port or 80) for part in parts] + [("127.0.0.1", settings.service_port)]
    guard = Guard(read_allowed(settings.allowed_targets), house)
    key = read_private_key(settings.signing_key.get_secret_value())
    sender = Sender(guarded_client(guard), guard, runtime.keyring, key)
    runtime.parts |= {"guard": guard, "public_key": key.public_key(), "line": Line(runtime, sender)}


SERVICE = Service(
    name="webhooks",
    title="Nhịp Cầu: webhooks",
    settings=WebhooksSettings,
    metadata=Base.metadata,
    routers=(endpoints.router, deliveries.router, event_types.router, audit_router("webhooks")),
    public=frozenset({("GET", "/api/v1/webhooks/public-keys.json"), ("GET", "/api/v1/webhooks/event-types")}),
    consumers=CONSUMERS,
    jobs=JOBS,
    references=REFERENCES,
    groups=GROUPS,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application."""
    return web.create_app(SERVICE, settings)
