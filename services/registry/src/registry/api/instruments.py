"""Changes of legal instruments and their provisions, for administrators; reading them is in `law`."""

from datetime import datetime
from typing import Any, Literal

from fastapi import Response

from registry.actions import write_instrument as actions
from registry.actions.write_instrument import InstrumentContent, ProvisionContent
from registry.api.access import Anyone, HouseAdministrator
from registry.api.law import InstrumentAnswer, ProvisionAnswer, Status
from registry.domain.errors import HouseMatter, SpanReversed, UnknownInstrument
from registry.queries import law
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import AlreadyExists, NotFound
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, LegalDate, SafeLine, Uuid

router = new_router("registry", "law")


class InstrumentChangeRequest(ApiModel):
    """All that is known of an instrument; `source` says where it was read, `confidence` how surely."""

    title: SafeLine
    issued_on: LegalDate | None = None
    valid_from: LegalDate | None = None
    valid_to: LegalDate | None = None
    status: Status
    replaced_by_id: Uuid | None = None
    confidence: Literal["confirmed", "unconfirmed"]
    source: SafeLine
    note: SafeLine | None = None


class InstrumentRequest(InstrumentChangeRequest):
    """A new instrument; `code` is its official number."""

    code: SafeLine


class ProvisionChangeRequest(ApiModel):
    """What a provision says, in our own short words."""

    summary: SafeLine
    valid_from: LegalDate | None = None
    valid_to: LegalDate | None = None


class ProvisionRequest(ProvisionChangeRequest):
    """A new article, clause or point."""

    article: SafeLine
    clause: SafeLine


class EarlierAnswer(Answer):
    """What was said until it was said anew; who did is in the audit."""

    version: int
    content: dict[str, Any]
    replaced_at: datetime


@router.post(
    "/instruments",
    status_code=201,
    dependencies=[Idempotent],
    **answers(HouseMatter, AlreadyExists, SpanReversed, UnknownInstrument),
)
async def add_instrument(
    body: InstrumentRequest, session: WriteSession, actor: HouseAdministrator, response: Response, now: Now
) -> InstrumentAnswer:
    """Add a legal instrument."""
    content = InstrumentContent(**body.model_dump(exclude={"code"}))
    row = await actions.add_instrument(session, body.code, content, actor=actor, now=now)
    set_etag(response, row.version)
    response.headers["Location"] = f"/api/v1/registry/instruments/{row.id}"
    return InstrumentAnswer.model_validate(row)


@router.put("/instruments/{instrument_id}", **answers(HouseMatter, NotFound, SpanReversed, UnknownInstrument))
async def put_instrument(
    instrument_id: Uuid,
    body: InstrumentChangeRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
) -> InstrumentAnswer:
    """Say anew what is known of an instrument, also what replaced it; rules written in it stay as they are."""
    content = InstrumentContent(**body.model_dump())
    row = await actions.change_instrument(session, instrument_id, content, expected=version, actor=actor, now=now)
    set_etag(response, row.version)
    return InstrumentAnswer.model_validate(row)


@router.post(
    "/instruments/{instrument_id}/provisions",
    status_code=201,
    dependencies=[Idempotent],
    **answers(HouseMatter, NotFound, AlreadyExists, SpanReversed),
)
async def add_provision(
    instrument_id: Uuid,
    body: ProvisionRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    response: Response,
    now: Now,
) -> ProvisionAnswer:
    """Add a provision our rules can rest on."""
    content = ProvisionContent(body.summary, body.valid_from, body.valid_to)
    row = await actions.add_provision(
        session, instrument_id, article=body.article, clause=body.clause, content=content, actor=actor, now=now
    )
    set_etag(response, row.version)
    return ProvisionAnswer.model_validate(row)


@router.put("/provisions/{provision_id}", **answers(HouseMatter, NotFound, SpanReversed))
async def put_provision(
    provision_id: Uuid,
    body: ProvisionChangeRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
) -> ProvisionAnswer:
    """Say anew what a provision says, or until when it held."""
    content = ProvisionContent(body.summary, body.valid_from, body.valid_to)
    row = await actions.change_provision(session, provision_id, content, expected=version, actor=actor, now=now)
    set_etag(response, row.version)
    return ProvisionAnswer.model_validate(row)


@router.get("/instruments/{instrument_id}/history")
async def list_instrument_history(instrument_id: Uuid, session: ReadSession, _: Anyone) -> list[EarlierAnswer]:
    """Return what was said of an instrument before, oldest first."""
    return [EarlierAnswer.model_validate(word) for word in await law.earlier_words(session, instrument_id)]
