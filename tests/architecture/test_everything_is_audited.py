"""Every operation that changes something reaches `servicekit.audit` from its route; exceptions are named with a reason.

Read off the source: the function of the route and what it calls inside its own service. That a row is really written,
with the actor, is seen in tests/end_to_end/test_audit.py and in each service's own tests.
"""

import ast
import importlib
import inspect
import sys
from types import ModuleType
from typing import Any

import pytest
from fastapi.routing import APIRoute

SERVICES = ("registry", "targets", "feedback", "oversight", "webhooks")
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
NOTHING_TO_AUDIT = {
    "registry.begin_sign_in": "nobody is known yet; the sign-in with what the provider sends is audited",
    "feedback.verify_receipt": "computes; stores nothing",
    "feedback.upload_photo": "a photo nobody has named yet; the submission that names it is audited",
    "feedback.track": "the sender reads what is theirs; secrets must not stand in an address, so it is a POST",
    "feedback.explain_tracked_deadline": "the sender reads what is theirs",
    "feedback.read_receipt_again": "the sender reads what is theirs",
    "feedback.read_tracked_photo": "the sender reads what is theirs",
}
READING_AN_IDENTITY = {"registry.read_account", "registry.list_accounts", "feedback.reveal"}


def routes() -> dict[str, APIRoute]:
    found = {}
    for service in SERVICES:
        for router in importlib.import_module(f"{service}.app").SERVICE.routers:
            for route in router.routes:
                found[f"{service}.{route.endpoint.__name__}"] = route
    return found


ROUTES = routes()
CHANGING = sorted(name for name, route in ROUTES.items() if route.methods & WRITING)


def names_used(function: Any) -> list[str]:
    tree = ast.parse(inspect.getsource(inspect.unwrap(function)).lstrip())
    used = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.append(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Name):
            used.append(node.id)
    return used


def resolve(module: ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def reaches_audit(function: Any, seen: set[Any]) -> bool:
    """Follow what a function uses, inside its own service, to `servicekit.audit`."""
    if function in seen:
        return False
    seen.add(function)
    module = sys.modules[function.__module__]
    service = module.__name__.partition(".")[0]
    for name in names_used(function):
        used = resolve(module, name)
        if getattr(used, "__module__", "") == "servicekit.audit" and inspect.isfunction(used):
            return True
        inside = inspect.isfunction(used) and used.__module__.partition(".")[0] == service
        if inside and reaches_audit(used, seen):
            return True
    return False


@pytest.mark.parametrize("name", CHANGING)
def test_what_changes_something_is_audited(name: str) -> None:
    assert reaches_audit(ROUTES[name].endpoint, set()) is (name not in NOTHING_TO_AUDIT)


@pytest.mark.parametrize("name", sorted(READING_AN_IDENTITY))
def test_reading_an_identity_is_audited(name: str) -> None:
    assert reaches_audit(ROUTES[name].endpoint, set())


def test_the_exceptions_are_operations_that_exist() -> None:
    assert set(NOTHING_TO_AUDIT) <= set(CHANGING)
