"""Properties of every route of every service, read off the applications themselves."""

import importlib
from typing import Any

import pytest
from fastapi.routing import APIRoute

from servicekit.etags import read_expected_version
from servicekit.idempotency import read_key
from servicekit.identity import allow
from servicekit.routes import ServiceRoute, dependency_calls, new_router
from servicekit.text import unsafe_fields

SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")
CASES = [
    (service, route)
    for service in SERVICES
    for router in importlib.import_module(f"{service}.app").SERVICE.routers
    for route in router.routes
]
IDS = [f"{'|'.join(route.methods)} {route.path}" for _, route in CASES]
REPEATABLE_ANYWAY = {
    "/api/v1/registry/tokens": "a token given twice would be a leak",
    "/api/v1/registry/identity-providers/{key}/sign-ins": "another sign-in may begin at any time",
    "/api/v1/registry/sessions/logout": "signing out twice is signed out",
    "/api/v1/registry/passwords": "a code is good once",
    "/api/v1/registry/me/password": "the old password is no longer right the second time",
    "/api/v1/registry/me/totp": "makes another secret; only the one confirmed counts",
    "/api/v1/registry/me/totp/confirm": "nothing waits for a confirmation the second time",
    "/api/v1/registry/me/sessions/{session_id}": "ended twice is ended",
    "/api/v1/registry/me/sessions/end-others": "ended twice is ended",
    "/api/v1/registry/calendar/{day}": "sets what a day is; If-Match once it was set before",
    "/api/v1/registry/calendar/years/{year}": "sets what a year is; If-Match once it was set before",
    "/api/v1/registry/calendar/years/{year}/days": "sets a whole year; If-Match once something was said of it",
    "/api/v1/feedback/uploads": "a second copy of a photo is forgotten after a day",
    "/api/v1/feedback/tracking": "reads; the secret must not stand in an address",
    "/api/v1/feedback/tracking/deadline": "reads; the secret must not stand in an address",
    "/api/v1/feedback/tracking/receipt": "reads; the secret must not stand in an address",
    "/api/v1/feedback/tracking/attachment": "reads; the secret must not stand in an address",
    "/api/v1/feedback/receipts/verify": "computes; stores nothing",
}


def has_access_rule(route: APIRoute) -> bool:
    return any(hasattr(call, "access") for call in dependency_calls(route.dependant))


def public(service: str) -> frozenset[tuple[str, str]]:
    found: frozenset[tuple[str, str]] = importlib.import_module(f"{service}.app").SERVICE.public
    return found


@pytest.mark.parametrize(("service", "route"), CASES, ids=IDS)
def test_a_route_declares_who_may_call_it_or_is_on_the_public_list(service: str, route: Any) -> None:
    assert isinstance(route, ServiceRoute)
    for method in route.methods:
        assert has_access_rule(route) or (method, route.path) in public(service)


@pytest.mark.parametrize("service", SERVICES)
def test_the_public_list_names_only_routes_that_exist(service: str) -> None:
    existing = {(method, route.path) for name, route in CASES if name == service for method in route.methods}
    assert public(service) <= existing


@pytest.mark.parametrize(("service", "route"), CASES, ids=IDS)
def test_a_change_can_be_repeated_safely(service: str, route: Any) -> None:
    if route.methods <= {"GET"} or route.path in REPEATABLE_ANYWAY:
        return
    calls = set(dependency_calls(route.dependant))
    assert read_key in calls or read_expected_version in calls


@pytest.mark.parametrize(("service", "route"), CASES, ids=IDS)
def test_a_body_has_only_safe_types_and_refuses_unknown_fields(service: str, route: Any) -> None:
    for parameter in route.dependant.body_params:
        model = parameter.field_info.annotation
        if hasattr(model, "model_config"):
            assert model.model_config.get("extra") == "forbid"
            assert unsafe_fields(model) == []


@pytest.mark.parametrize(("service", "route"), CASES, ids=IDS)
def test_a_route_says_what_it_does_and_how_it_can_fail(service: str, route: Any) -> None:
    assert route.endpoint.__doc__
    assert 503 in route.responses
    if (next(iter(route.methods)), route.path) not in public(service):
        assert 401 in route.responses


def test_a_route_without_a_rule_would_be_found() -> None:
    router = new_router("test", "things")

    @router.get("/open")
    async def forgotten() -> None:
        """Nobody said who may call this."""

    @router.get("/closed", dependencies=[allow("front_officer")])
    async def guarded() -> None:
        """Only Front officers."""

    routes = {route.path: route for route in router.routes if isinstance(route, APIRoute)}
    assert not has_access_rule(routes["/api/v1/test/open"])
    assert has_access_rule(routes["/api/v1/test/closed"])
