"""What holds for the whole service: migrated schema, declared access, safe request models, few statements."""

import inspect
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy import event

from contracts.catalogue import CATALOGUE
from oversight.api import case_models, recommendation_models
from oversight.app import SERVICE
from oversight.domain import addressee_steps, case_steps
from oversight.domain.oversight_plan import PLAN_PARTS
from servicekit import migrations
from servicekit.routes import dependency_calls
from servicekit.text import ApiModel, unsafe_fields


def test_the_tables_in_code_are_the_migrated_ones(engines: Any) -> None:
    assert migrations.check_drift("oversight", engines.databases["oversight_migrated"].owner_url) == []


def test_every_route_declares_who_may_call_it(world: Any) -> None:
    routes = [route for router in SERVICE.routers for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) == 17
    for route in routes:
        assert any(getattr(call, "access", ()) for call in dependency_calls(route.dependant)), route.path


def test_request_models_hold_only_safe_types() -> None:
    for module in (case_models, recommendation_models):
        for _, model in inspect.getmembers(module, inspect.isclass):
            if issubclass(model, ApiModel) and model is not ApiModel:
                assert unsafe_fields(model) == [], model


def test_codes_of_the_api_are_those_of_the_domain() -> None:
    def literals(model: type[BaseModel], name: str) -> set[str]:
        schema = model.model_json_schema()["properties"][name]
        return set(schema.get("enum", ()))

    assert set(case_models.PlanParts.model_fields) == set(PLAN_PARTS)
    assert literals(recommendation_models.ReplyBody, "disposition") == set(addressee_steps.DISPOSITION_TEXTS)
    assert literals(recommendation_models.VerifyBody, "result") == set(addressee_steps.RESULT_TEXTS)
    assert literals(recommendation_models.EndBody, "reason_code") == set(addressee_steps.END_TEXTS)


def test_every_event_of_a_step_is_in_the_catalogue() -> None:
    told = {step.event for step in (*case_steps.STEPS, *addressee_steps.STEPS)} - {""}
    ours = {name for name, kind in CATALOGUE.items() if kind.owner == "oversight" and kind.told}
    assert told | {"oversight.case.opened.v1"} == ours


@contextmanager
def counted(world: Any) -> Iterator[list[str]]:
    """Collect the SQL statements of a request, its transaction's own included."""
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    def begin(_: Any) -> None:
        statements.append("BEGIN")

    def commit(_: Any) -> None:
        statements.append("COMMIT")

    write, read = world.database.write_engine.sync_engine, world.database.read_engine.sync_engine
    for engine in (write, read):
        event.listen(engine, "before_cursor_execute", note)
        event.listen(engine, "begin", begin)
        event.listen(engine, "commit", commit)
        event.listen(engine, "rollback", commit)
    try:
        yield statements
    finally:
        for engine in (write, read):
            event.remove(engine, "before_cursor_execute", note)
            event.remove(engine, "begin", begin)
            event.remove(engine, "commit", commit)
            event.remove(engine, "rollback", commit)


async def test_requests_cost_few_statements(world: Any) -> None:
    with counted(world) as opening:
        case = await world.opened()
    assert len(opening) <= 10, opening
    path = f"/cases/{case['id']}"
    await world.post(f"{path}/plan", world.officer, world.plan_body(), etag=1)
    await world.post(f"{path}/conclude", world.officer, world.conclusion_body(), etag=2)
    with counted(world) as serving:
        served = await world.post(
            f"{path}/recommendations", world.officer, world.recommendation_body(), key=uuid.uuid4().hex, etag=3
        )
    assert served.status_code == 201
    assert len(serving) <= 10, serving
    one = f"/recommendations/{served.json()['id']}"
    for address, limit in (
        (path, 3),
        (one, 3),
        (f"{one}/addressees/{world.committee}", 3),
        (f"{one}/addressees/{world.committee}/deadline", 3),
        ("/cases", 4),
        ("/recommendations", 4),
    ):
        with counted(world) as reading:
            assert (await world.get(address, world.officer)).status_code == 200
        assert len(reading) <= limit, (address, reading)


@pytest.mark.parametrize("steps", [case_steps, addressee_steps])
def test_what_the_diagrams_need_is_exported(steps: Any) -> None:
    assert steps.INITIAL in steps.STATUS_TEXTS
    assert steps.STEPS
