"""The gateway's table of public paths says the same as the services' own lists."""

import importlib

import pytest

from gateway.routing import TABLE, Access, Routes
from gateway.settings import GatewaySettings

SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> Routes:
    settings = {
        "deployment": "test",
        "service_port": 8000,
        "registry_url": "http://127.0.0.1:1",
        "client_secret": "unused",
        **{f"{name}_url": "http://127.0.0.1:1" for name in SERVICES[1:]},
    }
    return Routes(GatewaySettings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("service", SERVICES)
def test_the_gateway_lets_through_exactly_what_the_service_calls_public(service: str, routes: Routes) -> None:
    found = importlib.import_module(f"{service}.app").SERVICE
    for router in found.routers:
        for route in router.routes:
            for method in route.methods:
                at_gateway = routes.match(method, route.path)
                assert at_gateway is not None
                public = at_gateway.access is Access.PUBLIC
                assert public == ((method, route.path) in found.public), f"{method} {route.path}"


def test_the_table_names_only_services_there_are() -> None:
    assert {row.path.split("/")[0] for row in TABLE} <= set(SERVICES)
