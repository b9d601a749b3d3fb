"""The route class of all services: strict JSON in, idempotent answers out, every possible error in the documents."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import asyncpg
from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute

from servicekit import errors, strict_json
from servicekit.etags import BadVersion, read_expected_version
from servicekit.idempotency import Replay, read_key, remember_answer, replay_if_taken
from servicekit.problems import MEDIA_TYPE

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}


class UnknownParameter(errors.Invalid):
    """The query string names something this operation does not know; ignoring it would answer another question."""

    code = "unknown_parameter"
    vi = "Địa chỉ có tham số không dùng được ở đây. Hãy xem tài liệu API và bỏ tham số đó."
    en = "The address has a parameter that is not known here. See the API documents and leave it out."


class ServiceRoute(APIRoute):
    """Parses bodies strictly, replays idempotent requests, and documents who may call and what can go wrong.

    Its name among all operations of the house is `<service>.<function>`: what a client's scope lists.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        # First who, then what: an answer remembered under an Idempotency-Key is not for who has lost the role.
        self.dependant.dependencies.sort(key=lambda one: not _asks_who(one))
        self.operation_id = f"{path.split('/')[3]}.{self.name}"
        self.openapi_extra = {**(self.openapi_extra or {}), "x-access": _access_rule(self)}
        implied = answers(*_implied_errors(self))["responses"]
        declared = dict(self.responses)
        for status, entry in declared.items():
            if status in implied:
                codes = {**implied[status]["x-codes"], **entry.get("x-codes", {})}
                entry = _entry(codes)
            implied[status] = entry
        self.responses = implied

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler; everything here still happens inside the request's transaction."""
        handle_request = super().get_route_handler()
        known = frozenset(_query_names(self.dependant))
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, Form)

        async def handle(request: Request) -> Response:
            if request.scope["query_string"] and not known.issuperset(request.query_params):
                raise UnknownParameter
            if takes_json:
                await _read_json(request)
            try:
                response = await handle_request(request)
            except Replay as replay:
                return replay.response
            except (asyncpg.UniqueViolationError, asyncpg.LockNotAvailableError) as error:
                return await replay_if_taken(request, error)
            await remember_answer(request, response)
            return response

        return handle


async def _read_json(request: Request) -> None:
    content_type = request.headers.get("content-type", "").lower().replace(" ", "")
    media_type, _, parameters = content_type.partition(";")
    if media_type != "application/json" or parameters not in ("", "charset=utf-8"):
        raise errors.UnsupportedMedia
    if request.headers.get("content-encoding", "identity") != "identity":
        raise errors.UnsupportedMedia
    request._json = strict_json.parse(await request.body())


def new_router(service: str, noun: str) -> APIRouter:
    """Return the router of one noun: /api/v1/<service>/…, tagged for the documents."""
    return APIRouter(prefix=f"/api/v1/{service}", tags=[noun], route_class=ServiceRoute)


def answers(*raised: type[errors.DomainError]) -> dict[str, Any]:
    """Return the `responses=` of a route that can raise these; use as `@router.post(path, **answers(NotFound))`."""
    by_status: dict[int, dict[str, str]] = {}
    for error in raised:
        by_status.setdefault(error.kind.value, {})[error.code] = error.en
    return {"responses": {status: _entry(codes) for status, codes in by_status.items()}}


def _entry(codes: dict[str, str]) -> dict[str, Any]:
    text = "\n".join(f"- `{code}`: {meaning}" for code, meaning in sorted(codes.items()))
    return {"description": text, "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}, "x-codes": codes}


def _implied_errors(route: APIRoute) -> Iterable[type[errors.DomainError]]:
    yield from (errors.Unavailable, errors.Invalid, UnknownParameter)
    if route.body_field is not None:
        yield from (errors.Malformed, errors.UnsupportedMedia, errors.TooLarge)
    if "{" in route.path:
        yield errors.NotFound
    for call in dependency_calls(route.dependant):
        access = getattr(call, "access", ())
        if access != ():
            yield errors.Unauthenticated
            yield errors.OperationNotInScope
            if access:
                yield errors.Forbidden
        if call is read_key:
            yield from (errors.IdempotencyKeyRequired, errors.IdempotencyKeyReused, errors.RequestInProgress)
        if call is read_expected_version:
            yield from (errors.VersionRequired, errors.StaleVersion, BadVersion)


def _asks_who(dependant: Dependant) -> bool:
    return any(hasattr(call, "access") for call in (dependant.call, *dependency_calls(dependant)))


def _access_rule(route: APIRoute) -> str | list[str]:
    """Return the roles a route asks for, or "signed_in", "public", and "undeclared" where no rule was found."""
    declared = [call.access for call in dependency_calls(route.dependant) if hasattr(call, "access")]
    if not declared:
        return "undeclared"
    roles: list[frozenset[str]] = [rule for rule in declared if rule]
    if roles:
        return sorted(frozenset.intersection(*roles))
    return "public" if None in declared else "signed_in"


def _query_names(dependant: Dependant) -> Iterable[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for child in dependant.dependencies:
        yield from _query_names(child)


def dependency_calls(dependant: Dependant) -> Iterable[Any]:
    """Yield every callable a route depends on, at any depth."""
    for child in dependant.dependencies:
        yield child.call
        yield from dependency_calls(child)
