"""The joined OpenAPI document and the page that shows it; everything it loads comes from here."""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from gateway.openapi import JoinedDocument

_OWN = Path(__file__).parents[1] / "static"
_SWAGGER = Path(fastapi_offline.__file__).parent / "static"
_PAGE_HEADERS = {
    # Swagger UI places its styles itself and draws its icons from data: addresses; nothing else comes from anywhere.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def router(joined: JoinedDocument) -> APIRouter:
    """Return the document routes."""
    routes = APIRouter(include_in_schema=False)

    async def openapi(request: Request) -> Response:
        body = await joined.read()
        headers = {"ETag": joined.etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        if request.headers.get("if-none-match") == joined.etag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    async def page() -> Response:
        return FileResponse(_OWN / "docs.html", media_type="text/html; charset=utf-8", headers=_PAGE_HEADERS)

    async def front() -> Response:
        return RedirectResponse("/docs", status_code=307, headers={"Cache-Control": "no-cache"})

    routes.add_api_route("/openapi.json", openapi)
    routes.add_api_route("/docs", page)
    routes.add_api_route("/", front)
    return routes


def mount_assets(app: FastAPI) -> None:
    """Serve the page's scripts and styles: Swagger UI from its package, our few lines beside it."""
    app.mount("/docs/swagger", StaticFiles(directory=_SWAGGER), name="swagger")
    app.mount("/docs/assets", StaticFiles(directory=_OWN), name="assets")
