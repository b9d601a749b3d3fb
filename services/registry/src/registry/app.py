"""The registry's application; wiring only."""

from typing import Final

from fastapi import FastAPI

from registry.api import accounts, calendar, clients, law, organisations, reference, territory, tokens
from registry.preparing import prepare
from registry.settings import RegistrySettings
from registry.tables import metadata
from servicekit import web
from servicekit.service import Service
from servicekit.settings import ServiceSettings

_PREFIX: Final = "/api/v1/registry"
PUBLIC: Final = frozenset(
    {
        ("POST", f"{_PREFIX}/tokens"),
        ("GET", f"{_PREFIX}/jwks.json"),
        ("GET", f"{_PREFIX}/units"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}"),
        ("GET", f"{_PREFIX}/units/{{unit_id}}/succession"),
        ("GET", f"{_PREFIX}/codes/{{code}}"),
        ("GET", f"{_PREFIX}/organisations"),
        ("GET", f"{_PREFIX}/organisations/{{organisation_id}}"),
        ("GET", f"{_PREFIX}/calendar"),
        ("GET", f"{_PREFIX}/calendar/{{day}}"),
        ("GET", f"{_PREFIX}/deadline-rules"),
        ("GET", f"{_PREFIX}/deadline-rules/{{rule_id}}"),
        ("GET", f"{_PREFIX}/instruments"),
        ("GET", f"{_PREFIX}/instruments/{{instrument_id}}"),
    }
)
SERVICE: Final = Service(
    name="registry",
    title="Nhịp Cầu: danh bạ chung (registry)",
    settings=RegistrySettings,
    metadata=metadata,
    routers=(
        tokens.router,
        accounts.router,
        clients.router,
        territory.router,
        organisations.router,
        calendar.router,
        law.router,
        reference.router,
    ),
    public=PUBLIC,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application, with settings from the environment unless given."""
    return web.create_app(SERVICE, settings)
