"""Routes of endpoints."""

from uuid import UUID, uuid4

from fastapi import Response

from contracts.catalogue import CATALOGUE
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import StepNotAllowed
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.events import Event
from servicekit.idempotency import Idempotent
from servicekit.lifecycle import actions_from
from servicekit.pages import Page, PageQuery
from servicekit.routes import answers, new_router
from webhooks import queries
from webhooks.actions.change_endpoint import change_endpoint, rotate_secret, switch_endpoint
from webhooks.actions.queue_deliveries import queue_test
from webhooks.actions.register_endpoint import Endpoint, register_endpoint
from webhooks.api.access import Keys, Owner, TargetGuard
from webhooks.api.models import EndpointChange, EndpointView, EndpointWithSecret, NewDelivery, NewEndpoint
from webhooks.domain.endpoint_steps import OWNERS, STEPS
from webhooks.domain.errors import NotYours, TargetRefused, UnknownEventType

router = new_router("webhooks", "endpoints")
OUTSIDE = frozenset(event.name for event in CATALOGUE.values() if event.outside)


@router.post(
    "/endpoints",
    status_code=201,
    dependencies=[Idempotent],
    response_model=EndpointWithSecret,
    **answers(TargetRefused, UnknownEventType, NotYours),
)
async def register(
    body: NewEndpoint,
    session: WriteSession,
    actor: Owner,
    now: Now,
    keyring: Keys,
    guard: TargetGuard,
    response: Response,
) -> EndpointWithSecret:
    """Register an endpoint; the secret in the answer is shown this once."""
    await guard.check_url(body.url)
    made = await register_endpoint(
        session,
        keyring,
        url=body.url,
        description=body.description,
        filters=body.event_types,
        owner_organisation_id=body.owner_organisation_id,
        known_types=OUTSIDE,
        actor=actor,
        now=now,
    )
    set_etag(response, made.endpoint.version)
    return EndpointWithSecret.model_validate({**_fields(made.endpoint, actor), "secret": made.secret})


@router.get("/endpoints", response_model=Page[EndpointView])
async def list_endpoints(session: ReadSession, actor: Owner, page: PageQuery) -> Page[EndpointView]:
    """List the endpoints of the caller's organisations, oldest first."""
    window = page.window("endpoints")
    rows = await queries.endpoints(session, window, actor.organisations(*OWNERS))
    return window.page(
        rows,
        position=lambda row: (row.created_at, row.id),
        item=lambda row: EndpointView.model_validate(_fields(row, actor)),
    )


@router.get("/endpoints/{endpoint_id}", response_model=EndpointView)
async def one_endpoint(endpoint_id: UUID, session: ReadSession, actor: Owner, response: Response) -> EndpointView:
    """Return one endpoint."""
    return _view(await queries.one_endpoint(session, endpoint_id, actor.organisations(*OWNERS)), actor, response)


@router.patch("/endpoints/{endpoint_id}", response_model=EndpointView, **answers(TargetRefused, UnknownEventType))
async def change(
    endpoint_id: UUID,
    body: EndpointChange,
    session: WriteSession,
    actor: Owner,
    now: Now,
    version: ExpectedVersion,
    guard: TargetGuard,
    response: Response,
) -> EndpointView:
    """Change where an endpoint is or what it gets."""
    if body.url is not None:
        await guard.check_url(body.url)
    endpoint = await change_endpoint(
        session,
        endpoint_id,
        expected=version,
        url=body.url,
        description=body.description,
        filters=body.event_types,
        known_types=OUTSIDE,
        actor=actor,
        now=now,
    )
    return _view(endpoint, actor, response)


@router.post("/endpoints/{endpoint_id}/enable", response_model=EndpointView, **answers(StepNotAllowed))
async def enable(
    endpoint_id: UUID, session: WriteSession, actor: Owner, now: Now, version: ExpectedVersion, response: Response
) -> EndpointView:
    """Switch deliveries on again; what waited goes out."""
    endpoint = await switch_endpoint(session, endpoint_id, "enable", expected=version, actor=actor, now=now)
    return _view(endpoint, actor, response)


@router.post("/endpoints/{endpoint_id}/disable", response_model=EndpointView, **answers(StepNotAllowed))
async def disable(
    endpoint_id: UUID, session: WriteSession, actor: Owner, now: Now, version: ExpectedVersion, response: Response
) -> EndpointView:
    """Switch deliveries off; what is waiting stays in line."""
    endpoint = await switch_endpoint(session, endpoint_id, "disable", expected=version, actor=actor, now=now)
    return _view(endpoint, actor, response)


@router.delete("/endpoints/{endpoint_id}", status_code=204, **answers(StepNotAllowed))
async def delete(endpoint_id: UUID, session: WriteSession, actor: Owner, now: Now, version: ExpectedVersion) -> None:
    """Remove an endpoint; its log stays for the auditor."""
    await switch_endpoint(session, endpoint_id, "delete", expected=version, actor=actor, now=now)


@router.post("/endpoints/{endpoint_id}/rotate-secret", response_model=EndpointWithSecret)
async def rotate(
    endpoint_id: UUID,
    session: WriteSession,
    actor: Owner,
    now: Now,
    version: ExpectedVersion,
    keyring: Keys,
    response: Response,
) -> EndpointWithSecret:
    """Make a new secret; the old one signs beside it for 24 hours."""
    endpoint, secret = await rotate_secret(session, keyring, endpoint_id, expected=version, actor=actor, now=now)
    set_etag(response, endpoint.version)
    return EndpointWithSecret.model_validate({**_fields(endpoint, actor), "secret": secret})


@router.post("/endpoints/{endpoint_id}/test", status_code=202, dependencies=[Idempotent], response_model=NewDelivery)
async def send_test(endpoint_id: UUID, session: WriteSession, actor: Owner, now: Now) -> NewDelivery:
    """Send a test message, of a type that no real event has."""
    endpoint = await queries.one_endpoint(session, endpoint_id, actor.organisations(*OWNERS))
    event = Event(
        id=uuid4(),
        type="webhooks.endpoint.tested.v1",
        source="nhipcau/webhooks",
        subject=endpoint.id,
        sequence=1,
        time=now,
        data={"test": True},
    )
    return NewDelivery(delivery_id=await queue_test(session, endpoint.id, event, actor=actor, now=now))


def _fields(endpoint: Endpoint, actor: Owner) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "owner_organisation_id": endpoint.owner_organisation_id,
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": endpoint.filters,
        "status": endpoint.status,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
        "version": endpoint.version,
        "available_actions": actions_from(STEPS, endpoint.status, actor.roles()),
    }


def _view(endpoint: Endpoint, actor: Owner, response: Response) -> EndpointView:
    set_etag(response, endpoint.version)
    return EndpointView.model_validate(_fields(endpoint, actor))
