"""The gateway's commands: `python -m gateway serve | check | openapi`."""

import argparse
import asyncio
import json
import resource
import sys

import uvicorn
from pydantic import ValidationError

from gateway.app import Gateway, create_app
from gateway.limits import policies
from gateway.server import GuardedProtocol
from gateway.settings import GatewaySettings
from gateway.shared import offer, private

_WANTED_FILES = 65_536


def main() -> None:
    """Run the command named on the command line."""
    parser = argparse.ArgumentParser(prog="gateway")
    parser.add_argument("command", choices=["serve", "check", "openapi"])
    command = parser.parse_args().command
    try:
        settings = GatewaySettings()
        policies(settings.rate_limits)
    except (ValidationError, ValueError) as error:
        sys.exit(f"gateway: settings are not usable\n{error}")
    if command == "serve":
        serve(settings)
    elif command == "check":
        check(settings)
    else:
        asyncio.run(_write_openapi())


def serve(settings: GatewaySettings) -> None:
    """Serve until told to stop."""
    allow_many_connections()
    offer()
    uvicorn.run(
        "gateway.app:create_app",
        factory=True,
        host=settings.service_host,
        port=settings.service_port,
        workers=settings.workers,
        loop="uvloop",
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=30,
    )


def check(settings: GatewaySettings) -> None:
    """Print where everything goes and under which rules; exits non-zero when the settings cannot be used."""
    gateway = Gateway(settings, private(sets=1))
    for name, url in settings.addresses().items():
        _say(f"{name:10} {url}")
    _say(f"hosts      {', '.join(settings.allowed_hosts)}")
    for policy in policies(settings.rate_limits).values():
        _say(f"limit      {policy.name} {policy.count} per {policy.seconds} s")
    _say("\n".join(gateway.routes.lines()))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def allow_many_connections() -> None:
    """Raise this process's limit of open files: every client costs one, every half-open one too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _write_openapi() -> None:
    document = json.loads(await create_app().joined.read())
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
