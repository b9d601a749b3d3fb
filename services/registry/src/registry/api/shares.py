"""Which share of a split unit or body went where: public to read, entered later with the document that says so.

The law that splits a unit gives no share (Nghị quyết 1668/NQ-UBTVQH15 gives none for three wards).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field, model_validator

from registry.actions.enter_shares import enter_shares, shares_version
from registry.api.access import Anyone, HouseAdministrator
from registry.api.restructuring_models import Ratio
from registry.api.territory_answers import Confidence
from registry.domain.errors import HouseMatter
from registry.domain.history_errors import NotItsSuccessor, SharesAboveWhole, WholeHasNoShare
from registry.domain.unit_shares import Known
from registry.queries import shares
from registry.queries.history import ORGANISATIONS, UNITS, Thing
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import NotFound, StaleVersion, VersionRequired
from servicekit.etags import BadVersion, ExpectedVersion, set_etag
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Exact, SafeLine, Uuid

router = new_router("registry", "shares")
MOST_SHARES = 100
ReasonCode = Literal["first_known", "better_source", "mistake"]
_REFUSALS = (
    HouseMatter,
    NotFound,
    VersionRequired,
    BadVersion,
    StaleVersion,
    NotItsSuccessor,
    WholeHasNoShare,
    SharesAboveWhole,
)


class ShareEntry(ApiModel):
    """How much went to one successor, with the document that says so; both null when it is not known after all."""

    successor_id: Uuid
    ratio: Ratio | None
    ratio_source: SafeLine | None

    @model_validator(mode="after")
    def _with_source(self) -> "ShareEntry":
        if (self.ratio is None) != (self.ratio_source is None):
            raise ValueError("a ratio has a source")
        return self


class SharesRequest(ApiModel):
    """Shares to enter or correct; successors that are not named keep theirs. `reason_code` goes into the audit."""

    reason_code: ReasonCode
    shares: Annotated[list[ShareEntry], Field(min_length=1, max_length=MOST_SHARES)]

    @model_validator(mode="after")
    def _each_once(self) -> "SharesRequest":
        if len({share.successor_id for share in self.shares}) != len(self.shares):
            raise ValueError("each successor once")
        return self

    def known(self) -> dict[UUID, Known]:
        """Return the shares for the domain."""
        return {share.successor_id: Known(share.ratio, share.ratio_source) for share in self.shares}


class ShareAnswer(Answer):
    """What went to one successor. `kind` is a unit's whole, part … or a body's MERGE, SPLIT …; only parts have a ratio.

    `inherited`: a body's ratio is the one entered for its unit.
    """

    successor_id: UUID
    successor_name: str
    kind: str
    ratio: Exact | None
    ratio_source: str | None
    inherited: bool
    happened_on: date
    legal_basis: str
    confidence: Confidence


class SharesAnswer(Answer):
    """All that took over from a unit or a body, in Vietnamese order; nobody where it stands or was dissolved."""

    predecessor_id: UUID
    shares: list[ShareAnswer]


class EarlierShareAnswer(Answer):
    """What was said of one successor's share until it was said anew; who said it anew, and why, is in the audit."""

    successor_id: UUID
    ratio: Exact | None
    ratio_source: str | None
    inherited: bool
    replaced_at: datetime


@router.get("/units/{unit_id}/shares")
async def read_unit_shares(unit_id: Uuid, session: ReadSession, response: Response, _: Anyone) -> SharesAnswer:
    """Return what of a unit went where."""
    return _answer(response, unit_id, await shares.successors(session, UNITS, unit_id))


@router.put("/units/{unit_id}/shares", **answers(*_REFUSALS))
async def put_unit_shares(
    unit_id: Uuid,
    body: SharesRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    expected: ExpectedVersion,
    response: Response,
    now: Now,
) -> SharesAnswer:
    """Enter or correct what of a unit went where. Bodies of the unit without a share of their own follow."""
    return await _enter(session, UNITS, unit_id, body, expected=expected, actor=actor, response=response, now=now)


@router.get("/units/{unit_id}/shares/history")
async def list_unit_share_history(unit_id: Uuid, session: ReadSession, _: Anyone) -> list[EarlierShareAnswer]:
    """Return what was said of a unit's shares before, oldest first."""
    return [_earlier(word) for word in await shares.earlier_shares(session, UNITS, unit_id)]


@router.get("/organisations/{organisation_id}/shares")
async def read_organisation_shares(
    organisation_id: Uuid, session: ReadSession, response: Response, _: Anyone
) -> SharesAnswer:
    """Return what of a body went where."""
    return _answer(response, organisation_id, await shares.successors(session, ORGANISATIONS, organisation_id))


@router.put("/organisations/{organisation_id}/shares", **answers(*_REFUSALS))
async def put_organisation_shares(
    organisation_id: Uuid,
    body: SharesRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    expected: ExpectedVersion,
    response: Response,
    now: Now,
) -> SharesAnswer:
    """Enter or correct what of a body went where. With no share of its own left, its unit's hold for it again."""
    return await _enter(
        session, ORGANISATIONS, organisation_id, body, expected=expected, actor=actor, response=response, now=now
    )


@router.get("/organisations/{organisation_id}/shares/history")
async def list_organisation_share_history(
    organisation_id: Uuid, session: ReadSession, _: Anyone
) -> list[EarlierShareAnswer]:
    """Return what was said of a body's shares before, oldest first."""
    return [_earlier(word) for word in await shares.earlier_shares(session, ORGANISATIONS, organisation_id)]


async def _enter(
    session: WriteSession, thing: Thing, predecessor: UUID, body: SharesRequest, *, response: Response, **given: Any
) -> SharesAnswer:
    rows = await enter_shares(session, thing, predecessor, body.known(), reason=body.reason_code, **given)
    return _answer(response, predecessor, rows)


def _answer(response: Response, predecessor: UUID, rows: Sequence[Any]) -> SharesAnswer:
    set_etag(response, shares_version(row[0] for row in rows))
    return SharesAnswer(
        predecessor_id=predecessor,
        shares=[
            ShareAnswer(
                successor_id=heir.id,
                successor_name=heir.name,
                kind=getattr(succession, "share", None) or succession.kind,
                ratio=succession.ratio,
                ratio_source=succession.ratio_source,
                inherited=getattr(succession, "inherited", False),
                happened_on=succession.happened_on,
                legal_basis=succession.legal_basis,
                confidence=succession.confidence,
            )
            for succession, heir in rows
        ],
    )


def _earlier(word: Any) -> EarlierShareAnswer:
    content = word.content
    return EarlierShareAnswer(
        successor_id=content["successor_id"],
        ratio=content["ratio"],
        ratio_source=content["ratio_source"],
        inherited=content.get("inherited", False),
        replaced_at=word.replaced_at,
    )
