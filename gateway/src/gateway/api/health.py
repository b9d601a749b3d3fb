"""Is it alive, can it serve, and how are the services behind it."""

import asyncio
import json
import time
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from gateway.breaker import State
from gateway.refusals import Refusal
from gateway.signin import SignIn
from gateway.upstream import Upstream
from servicekit.telemetry.measures import metrics_text

_ASK_SECONDS = 4.0
# Anybody may ask; the services are asked at most once a second whatever the crowd.
_KEEP_SECONDS = 1.0
TEXTS = {
    "up": {"vi": "Hoạt động bình thường", "en": "Working"},
    "degraded": {"vi": "Hoạt động một phần; dữ liệu vẫn được lưu", "en": "Partly working; data is still being stored"},
    "down": {"vi": "Không phục vụ được", "en": "Not serving"},
}
_STATES = {"ok": "up", "up": "up", "degraded": "degraded"}


class Health:
    """Asks every service for its readiness."""

    def __init__(self, upstreams: dict[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._answer: dict[str, Any] = {}

    async def read(self) -> dict[str, Any]:
        """Return the state of the whole and of every service; "up" only when every one said so itself."""
        async with self._lock:
            if time.monotonic() - self._asked_at >= _KEEP_SECONDS:
                names = list(self._upstreams)
                states = await asyncio.gather(*(self._ask(self._upstreams[name]) for name in names))
                breakers = [self._upstreams[name].breaker.state for name in names]
                worst = "down" if "down" in states else "degraded" if "degraded" in states else "up"
                self._answer = {
                    "status": worst,
                    "text": TEXTS[worst],
                    "services": {
                        name: {"status": state, "text": TEXTS[state], "breaker": breaker.name.lower()}
                        for name, state, breaker in zip(names, states, breakers, strict=True)
                    },
                }
                self._asked_at = time.monotonic()
            return self._answer

    async def _ask(self, upstream: Upstream) -> str:
        state = await self._ask_service(upstream)
        # It says it is well, but from here nobody gets through to it.
        return "degraded" if state == "up" and upstream.breaker.state is State.OPEN else state

    async def _ask_service(self, upstream: Upstream) -> str:
        try:
            status, body = await upstream.fetch("/readyz", timeout=_ASK_SECONDS, limit=64 * 1024)
            said = json.loads(body) if status == 200 else {}
        except (Refusal, TimeoutError, ValueError):
            return "down"
        # A 200 without a word we know is not taken for health.
        return _STATES.get(str(said.get("status")), "down") if isinstance(said, dict) else "down"


def router(upstreams: dict[str, Upstream], signin: SignIn) -> APIRouter:
    """Return the health routes."""
    health = Health(upstreams)
    routes = APIRouter(include_in_schema=False)

    async def livez() -> Response:
        return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})

    async def readyz() -> Response:
        # The door can do its work once it knows the registry's keys and revocations; each service answers for itself.
        state = "down" if not signin.ready else "up" if signin.revocations.state == "up" else "degraded"
        body = {"ready": signin.ready, "status": state, "text": TEXTS[state]}
        return JSONResponse(body, status_code=200 if signin.ready else 503, headers={"Cache-Control": "no-store"})

    async def healthz() -> Response:
        answer = await health.read()
        status = 200 if answer["status"] == "up" else 503
        headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if status == 503 else {})
        return JSONResponse(answer, status_code=status, headers=headers)

    async def metrics() -> Response:
        body, media_type = metrics_text()
        return Response(body, media_type=media_type, headers={"Cache-Control": "no-store"})

    routes.add_api_route("/metrics", metrics)
    routes.add_api_route("/livez", livez)
    routes.add_api_route("/readyz", readyz)
    routes.add_api_route("/healthz", healthz)
    return routes
