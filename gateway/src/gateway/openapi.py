"""Joins the services' OpenAPI documents into the one that the world sees.

Names of components get the service in front, so two services may call different things the same. A service that does
not answer is marked in the document, not a reason to have none; what it said last time stays, marked as old.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from gateway.refusals import Refusal
from gateway.routing import PREFIX, Access, Routes
from gateway.upstream import Upstream

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
_FETCH_SECONDS = 5.0
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
# The same in every service because servicekit writes them; they keep their plain names.
_SHARED = frozenset({("schemas", "Problem"), ("securitySchemes", "token")})
_TITLES = {
    "registry": ("Danh mục dùng chung", "Reference data and sign-in"),
    "targets": ("Chỉ tiêu của nghị quyết", "Targets of the resolution"),
    "feedback": ("Góp ý, phản ánh của người dân", "Citizens' feedback"),
    "oversight": ("Giám sát và phản biện xã hội", "Social oversight and criticism"),
    "webhooks": ("Kết nối hệ thống khác", "Webhooks and feeds"),
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem. Branch on `code`; show `detail` to people.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {name: {"type": "string"} for name in ("type", "title", "detail", "code", "request_id")}
    | {"status": {"type": "integer"}},
}
# What the door itself may answer to any request.
_ANSWERS = {
    "400": "Yêu cầu không đúng định dạng · The request cannot be read",
    "401": "Chưa đăng nhập hoặc phiên đã hết hạn · Not signed in, or the session has ended",
    "429": "Gửi quá nhanh; xem Retry-After · Too many requests; see Retry-After",
    "502": "Dịch vụ trả lời không trọn vẹn · A service inside answered incompletely",
    "503": "Tạm gián đoạn; xem Retry-After · Briefly unavailable; see Retry-After",
    "504": "Dịch vụ trả lời quá lâu · A service inside took too long",
}
_BODY_ANSWERS = {
    "413": "Nội dung quá lớn · The body is too large",
    "415": "Định dạng không được hỗ trợ · The content type is not accepted",
}

Document = dict[str, Any]


def join(documents: dict[str, tuple[str, Document | None]], routes: Routes) -> Document:
    """Return one document from (state, document) per service; state is "current", "old" or "missing"."""
    paths: Document = {}
    components: Document = {"schemas": {"Problem": _PROBLEM}}
    tags: list[Document] = []
    groups: list[Document] = []
    for service, (_, document) in documents.items():
        names = _add(service, document or {}, routes, paths, components)
        vietnamese, english = _TITLES[service]
        tags += [{"name": name, "description": f"{vietnamese} · {english}"} for name in names]
        groups.append({"name": f"{vietnamese} ({service})", "tags": names})
    states = {service: state for service, (state, _) in documents.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Nhịp Cầu", "version": "1", "description": _describe(states)},
        "servers": [{"url": "/"}],
        "tags": tags,
        "x-tagGroups": groups,
        "x-services": states,
        "paths": paths,
        "components": components,
    }


def _describe(states: dict[str, str]) -> str:
    lines = [
        "API của hệ thống Nhịp Cầu, Mặt trận Tổ quốc Việt Nam thành phố Cần Thơ. Mọi lỗi là application/problem+json; "
        "lời giải thích bằng tiếng Việt, hoặc tiếng Anh nếu gửi `Accept-Language: en`."
    ]
    missing = [name for name, state in states.items() if state == "missing"]
    old = [name for name, state in states.items() if state == "old"]
    if missing:
        lines.append(f"**Chưa đọc được tài liệu của · Not available now:** {', '.join(missing)}.")
    if old:
        lines.append(f"**Bản trước khi dịch vụ gián đoạn · As it was before the outage:** {', '.join(old)}.")
    return "\n\n".join(lines)


def _add(service: str, document: Document, routes: Routes, paths: Document, components: Document) -> list[str]:
    """Add a service's paths and components; return the tags it uses."""
    renamed = _renamed(document, service)
    for kind, items in renamed.get("components", {}).items():
        target = components.setdefault(kind, {})
        for name, item in items.items():
            plain = (kind, name) in _SHARED
            target.setdefault(name if plain else f"{service}.{name}", item)
    used: dict[str, None] = {}
    for path, operations in renamed.get("paths", {}).items():
        if not path.startswith(f"{PREFIX}{service}/"):
            continue  # health and the like are not reachable through the door
        shown = paths.setdefault(path, {})
        for method, operation in operations.items():
            if method not in _METHODS:
                shown[method] = operation
                continue
            names = [tag if tag == service else f"{service}: {tag}" for tag in operation.get("tags", ())] or [service]
            used.update(dict.fromkeys(names))
            shown[method] = _operation(method, path, operation | {"tags": names}, routes)
    return list(used) or [service]


def _operation(method: str, path: str, operation: Document, routes: Routes) -> Document:
    """Add what the door adds to an operation: its sign-in rule and its answers."""
    route = routes.match(method.upper(), path)
    if route is not None and route.access is Access.TOKEN:
        operation["security"] = [{"token": []}]
    answers = _ANSWERS | (_BODY_ANSWERS if "requestBody" in operation else {})
    responses = operation.setdefault("responses", {})
    for status, description in answers.items():
        responses.setdefault(
            status,
            {
                "description": description,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
    return operation


def _renamed(node: Any, service: str) -> Any:
    """Copy a document with every reference to a component pointing at its new name."""
    if isinstance(node, dict):
        copy = {key: _renamed(value, service) for key, value in node.items()}
        if isinstance(copy.get("$ref"), str):
            copy["$ref"] = _reference(copy["$ref"], service)
        mapping = copy.get("mapping")
        if "propertyName" in copy and isinstance(mapping, dict):
            copy["mapping"] = {key: _reference(value, service) for key, value in mapping.items()}
        return copy
    if isinstance(node, list):
        return [_renamed(item, service) for item in node]
    return node


def _reference(reference: str, service: str) -> str:
    head, _, name = reference.rpartition("/")
    kind = head.removeprefix("#/components/")
    if not head.startswith("#/components/") or (kind, name) in _SHARED:
        return reference
    return f"{head}/{service}.{name}"


class JoinedDocument:
    """The joined document, fetched again when it is a minute old (five seconds while a service is missing)."""

    def __init__(
        self, upstreams: dict[str, Upstream], routes: Routes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._upstreams = upstreams
        self._routes = routes
        self._clock = clock
        self._lock = asyncio.Lock()
        self._known: dict[str, Document] = {}
        self._made_at = float("-inf")
        self._complete = False
        self._body = b""
        self.etag = ""

    async def read(self) -> bytes:
        """Return the document as JSON; `etag` names its content."""
        async with self._lock:
            age = self._clock() - self._made_at
            if age >= (FRESH_SECONDS if self._complete else RETRY_SECONDS):
                await self._refresh()
            return self._body

    async def _refresh(self) -> None:
        names = list(self._upstreams)
        fetched = await asyncio.gather(*(self._fetch(self._upstreams[name]) for name in names))
        documents: dict[str, tuple[str, Document | None]] = {}
        for name, document in zip(names, fetched, strict=True):
            if document is not None:
                self._known[name] = document
                documents[name] = ("current", document)
            elif name in self._known:
                documents[name] = ("old", self._known[name])
            else:
                documents[name] = ("missing", None)
        self._complete = all(document is not None for document in fetched)
        self._body = json.dumps(join(documents, self._routes), ensure_ascii=False, separators=(",", ":")).encode()
        self.etag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        self._made_at = self._clock()

    async def _fetch(self, upstream: Upstream) -> Document | None:
        try:
            status, body = await upstream.fetch("/openapi.json", timeout=_FETCH_SECONDS)
            document = json.loads(body) if status == 200 else None
        except (Refusal, TimeoutError, ValueError):
            return None
        return document if isinstance(document, dict) and isinstance(document.get("paths"), dict) else None
