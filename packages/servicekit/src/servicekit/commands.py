"""The commands of every service: `python -m <service> serve | worker | migrate | rebuild | openapi`, and its own."""

import argparse
import asyncio
import gc
import json
import signal
import sys

import uvicorn
import uvloop

from servicekit import migrations
from servicekit.reference import rebuild, reference_consumer
from servicekit.service import Service
from servicekit.settings import ServiceSettings
from servicekit.web import build_runtime, create_app, openapi_document, running


def main(service: Service) -> None:
    """Run the command named on the command line."""
    parser = argparse.ArgumentParser(prog=service.name)
    parser.add_argument("command", choices=["serve", "worker", "migrate", "rebuild", "openapi", *service.commands])
    command = parser.parse_args().command
    settings = service.settings()
    if command == "serve":
        serve(service, settings)
    elif command == "migrate":
        migrate(service, settings)
    elif command == "openapi":
        json.dump(openapi_document(create_app(service, settings)), sys.stdout, ensure_ascii=False, indent=1)
    elif command == "worker":
        uvloop.run(_work(service, settings))
    elif command == "rebuild":
        uvloop.run(_rebuild(service, settings))
    else:
        uvloop.run(_own(service, settings, command))


def serve(service: Service, settings: ServiceSettings) -> None:
    """Serve HTTP until told to stop; the gateway is the only caller, so forwarded headers are not believed."""
    app = create_app(service, settings)
    keep_what_is_loaded()
    uvicorn.run(
        app,
        host=settings.service_host,
        port=settings.service_port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        limit_concurrency=1024,
    )


def keep_what_is_loaded() -> None:
    """Take what lives as long as the process out of garbage collection, and collect the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def migrate(service: Service, settings: ServiceSettings) -> None:
    """Bring the service's database to the newest schema, as its owner."""
    if settings.migration_database_url is None:
        sys.exit("MIGRATION_DATABASE_URL is missing: migrations run as the owner role, not as the app role.")
    migrations.upgrade(service.name, settings.migration_database_url.get_secret_value())
    print(f"{service.name}: schema is up to date")


async def _work(service: Service, settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(build_runtime(service, settings), with_worker=True):
        keep_what_is_loaded()
        await stop.wait()


async def _rebuild(service: Service, settings: ServiceSettings) -> None:
    runtime = build_runtime(service, settings)
    rows = await rebuild(
        runtime.database,
        runtime.part("registry").page,
        service.references,
        runtime.clock.now(),
        consumer=reference_consumer(service.name),
    )
    await runtime.database.close()
    print(f"{service.name}: {rows} facts copied from the registry")


async def _own(service: Service, settings: ServiceSettings, command: str) -> None:
    runtime = build_runtime(service, settings)
    try:
        print(f"{service.name}: {await service.commands[command](runtime)}")
    finally:
        await runtime.part("registry").close()
        await runtime.database.close()
