"""Builds the HTTP application of a service: routes, errors, health, documents, start and stop in the right order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import text

from servicekit import database_errors, problems, telemetry
from servicekit.clock import SystemClock
from servicekit.db import Database
from servicekit.encryption import Keyring
from servicekit.identity import TokenVerifier
from servicekit.nats_bus import Bus
from servicekit.outbox import Waker
from servicekit.reference import ReferenceBook
from servicekit.registry_client import RegistryClient
from servicekit.revocations import Revocations
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings
from servicekit.worker import run_worker

MAX_BODY_BYTES = 11 * 1024 * 1024
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem. Branch on `code`; show `detail` to people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "example": "urn:nhipcau:problem:stale_version"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {
            "type": "string",
            "description": "What to do next, in Vietnamese or English (Accept-Language)",
        },
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def create_app(service: Service, settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application of a service, with settings from the environment unless given."""
    settings = settings or service.settings()
    app = FastAPI(
        title=service.title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        max_body_size=MAX_BODY_BYTES,
        redirect_slashes=False,
        # servicekit.telemetry measures each request; FastAPI would do it a second time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.runtime = build_runtime(service, settings)
    for router in service.routers:
        # Taken over as they are: an included router looks for the route of each request twice.
        app.router.routes.extend(router.routes)
    problems.install(app)
    database_errors.install(app)
    _install_health(app)
    telemetry.install(app, service.name)
    return app


def build_runtime(service: Service, settings: ServiceSettings) -> Runtime:
    """Make what one process holds; nothing connects yet."""
    telemetry.configure(service.name, log_format=settings.log_format, otlp_endpoint=settings.otlp_endpoint)
    database = Database(settings.database_url.get_secret_value(), pool=settings.database_pool, application=service.name)
    registry = RegistryClient(
        settings.registry_url, client_id=service.name, client_secret=settings.client_secret.get_secret_value()
    )
    return Runtime(
        service=service,
        settings=settings,
        database=database,
        clock=SystemClock(),
        keyring=Keyring.from_json(settings.keyring.get_secret_value()),
        verifier=TokenVerifier(registry.keys, issuer=settings.issuer, revocations=Revocations(registry.revocations)),
        bus=Bus(settings.nats_url.get_secret_value(), service.name),
        waker=Waker(database),
        book=ReferenceBook(database, service.references),
        parts={"registry": registry},
    )


@asynccontextmanager
async def running(runtime: Runtime, *, with_worker: bool) -> AsyncIterator[None]:
    """Start what a process shares, and stop it in reverse: worker, waker, book, bus, pools."""
    stop = asyncio.Event()
    if runtime.service.prepare is not None:
        await runtime.service.prepare(runtime)
    await runtime.bus.connect()
    revocations, seconds = runtime.verifier.revocations, runtime.settings.revocation_seconds
    tasks = [
        asyncio.create_task(runtime.waker.run(stop)),
        asyncio.create_task(runtime.book.run(stop)),
        asyncio.create_task(revocations.watch(stop, seconds)),
    ]
    if with_worker:
        tasks.append(asyncio.create_task(run_worker(runtime, stop, heartbeat=runtime.settings.heartbeat_file)))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait(tasks, timeout=10)
        for task in tasks:
            task.cancel()
        await runtime.bus.close()
        await runtime.part("registry").close()
        await runtime.database.close()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    runtime: Runtime = app.state.runtime
    async with running(runtime, with_worker=runtime.settings.embed_worker):
        yield


def _install_health(app: FastAPI) -> None:
    async def livez() -> Response:
        return PlainTextResponse("ok")

    async def readyz(request: Request) -> Response:
        runtime: Runtime = request.app.state.runtime
        state = await readiness(runtime)
        return JSONResponse(state, status_code=200 if state["ready"] else 503)

    async def openapi(request: Request) -> Response:
        return JSONResponse(openapi_document(request.app))

    app.add_api_route("/livez", livez, include_in_schema=False)
    app.add_api_route("/readyz", readyz, include_in_schema=False)
    app.add_api_route("/openapi.json", openapi, include_in_schema=False)


async def readiness(runtime: Runtime) -> dict[str, Any]:
    """Say whether this process can serve: the database must answer.

    NATS down, or not knowing whose access was revoked lately, is only "degraded".
    """
    try:
        async with asyncio.timeout(3), runtime.database.read() as session:
            await session.execute(text("SELECT 1"))
        database = "up"
    except Exception:
        database = "down"
    ready = database == "up" and runtime.book.ready
    nats, revocations = runtime.bus.state, runtime.verifier.revocations.state
    status = "down" if not ready else "ok" if nats == revocations == "up" else "degraded"
    parts = {"database": database, "nats": nats, "revocations": revocations}
    return {"ready": ready, "status": status, **parts, **runtime.health}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of a running application; built once."""
    if app.openapi_schema is None:
        app.openapi_schema = routes_document(app.state.runtime.service)
    return app.openapi_schema


def routes_document(service: Service) -> dict[str, Any]:
    """Build the OpenAPI document of a service, with the problem schema and the sign-in scheme."""
    bare = FastAPI()
    for router in service.routers:
        bare.include_router(router)
    schema = get_openapi(title=service.title, version="1", routes=bare.routes)
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, methods in schema.get("paths", {}).items():
        for method, operation in methods.items():
            if (method.upper(), path) in service.public:
                operation["x-access"] = "public"
            else:
                operation["security"] = [{"token": []}]
    return schema
