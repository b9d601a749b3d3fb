"""Builds the gateway: the proxy for `/api/v1/`, a small FastAPI application for everything else."""

import asyncio
import contextlib
import gc
import ipaddress
from typing import Any

from fastapi import FastAPI

from gateway.access_log import AccessLog
from gateway.admission import Admission
from gateway.api import documents, health
from gateway.cors import Cors
from gateway.edge import Edge
from gateway.exchange import Exchange
from gateway.headers import Head, read_head
from gateway.limits import Allowances, policies
from gateway.load import Load
from gateway.openapi import JoinedDocument
from gateway.proxy import Proxy, Receive, Scope, Send, refuse
from gateway.revocation_source import RevocationSource
from gateway.routing import Bucket, Routes
from gateway.settings import GatewaySettings
from gateway.shared import Shared, join
from gateway.signin import SignIn
from gateway.upstream import Upstream
from servicekit import problems
from servicekit.errors import DomainError, NotFound
from servicekit.revocations import Revocations
from servicekit.telemetry.logs import configure_logs


class Gateway:
    """The ASGI application; its parts are attributes so that tests and `gateway check` can look at them."""

    def __init__(self, settings: GatewaySettings, shared: Shared) -> None:
        self.settings = settings
        self.upstreams = {
            name: Upstream(name, url, connect_seconds=settings.connect_seconds)
            for name, url in settings.addresses().items()
        }
        self.routes = Routes(settings)
        self.edge = Edge(settings.allowed_hosts)
        self.cors = Cors(settings.allowed_origins)
        self.log = AccessLog(pretty=settings.log_format == "pretty")
        made, allowances, load = policies(settings.rate_limits), Allowances(shared), Load(settings.max_requests)
        registry = self.upstreams["registry"]
        exchange = Exchange(registry, allowances, made[Bucket.EXCHANGE])
        source = RevocationSource(registry, client_secret=settings.client_secret.get_secret_value())
        self.signin = SignIn(registry, exchange, issuer=settings.issuer, revocations=Revocations(source.ask))
        self.proxy = Proxy(
            routes=self.routes,
            edge=self.edge,
            cors=self.cors,
            admission=Admission(
                signin=self.signin,
                load=load,
                allowances=allowances,
                policies=made,
                trusted_edges=settings.trusted_edges,
            ),
            load=load,
            upstreams=self.upstreams,
            log=self.log,
        )
        self.joined = JoinedDocument(self.upstreams, self.routes)
        self.pages = FastAPI(title="Nhịp Cầu", openapi_url=None, docs_url=None, redoc_url=None)
        problems.install(self.pages)
        self.pages.include_router(health.router(self.upstreams, self.signin))
        self.pages.include_router(documents.router(self.joined))
        documents.mount_assets(self.pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send `/api/...` through the proxy and everything else to the pages."""
        if scope["type"] == "http":
            if scope["path"].startswith("/api"):
                await self.proxy(scope, receive, send)
            else:
                await self._page(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = read_head(scope["headers"])
        request_id = self.proxy.new_id()
        try:
            self.edge.check(scope["method"], scope["raw_path"], head)
            if scope["path"] == "/metrics" and not self._may_measure(scope, head):
                raise NotFound
        except DomainError as error:
            await refuse(send, error, head, request_id, self.cors.fields(head))
            return
        # Pages see only checked fields, and our request id instead of one from outside.
        scope["headers"] = [(b"host", head.host), *head.forward, (b"x-request-id", request_id.encode())]

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        await self.pages(scope, receive, answer)

    def _may_measure(self, scope: Scope, head: Head) -> bool:
        """Metrics are for the operator's collector next door, never for what an edge passes on from outside."""
        if head.forwarded_for or not scope["client"]:
            return False
        peer = ipaddress.ip_address(scope["client"][0])
        return any(peer in ipaddress.ip_network(item, strict=False) for item in self.settings.metrics_peers)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        # What is loaded by now lives as long as the process: without it the collector's full runs take no time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        stop = asyncio.Event()
        watch = asyncio.create_task(self.signin.revocations.watch(stop, self.settings.revocation_seconds))
        fresh = asyncio.create_task(self.signin.keep_fresh())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        stop.set()
        for task in (fresh, watch):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for upstream in self.upstreams.values():
            upstream.close()
        self.log.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_app() -> Gateway:
    """Build the gateway from the environment."""
    settings = GatewaySettings()
    configure_logs("gateway", settings.log_format)
    return Gateway(settings, join())
