"""Legal instruments and deadline rules: public to read; a new version of a rule is an administrator's."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from registry.actions.end_rule import end_rule
from registry.actions.publish_rule import RuleContent, publish_rule
from registry.api.access import Anyone, HouseAdministrator
from registry.api.territory_answers import OnDay, let_caches_keep
from registry.domain.errors import HouseMatter, RuleEnded, RuleNotNewer
from registry.queries import law
from registry.queries.law import RuleFilter
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.etags import ExpectedVersion, set_etag
from servicekit.idempotency import Idempotent
from servicekit.pages import InvalidCursor, Page, PageQuery
from servicekit.routes import answers, new_router
from servicekit.text import Answer, ApiModel, Coded, FlagParam, Key, LegalDate, SafeLine, Uuid, WholeNumber
from servicekit.working_days import local_date

router = new_router("registry", "law")

RuleKey = Annotated[str, Coded(r"[A-Z]{2,5}(\.[A-Z][A-Z_]{1,40}){1,3}")]
Confidence = Literal["confirmed", "unconfirmed", "no_legal_figure"]
Status = Literal["in_force", "amended", "replaced", "reference_only"]
CONFIDENCE_TEXTS = {
    "confirmed": "Theo quy định được dẫn ở căn cứ.",
    "unconfirmed": "Chưa xác nhận: căn cứ mới đọc qua nguồn thứ hai hoặc áp dụng cho đối tượng khác.",
    "no_legal_figure": "Không tìm thấy quy định, mặc định có thể cấu hình.",
}


class RuleText(ApiModel):
    """What a version of a rule says, and how surely it was read."""

    key: RuleKey
    title: SafeLine
    amount: Annotated[int, WholeNumber(ge=0, le=3650)]
    unit: Literal["working_days", "calendar_days"]
    direction: Literal["after", "before"]
    anchor: Key
    basis: SafeLine | None = None
    provision_id: Uuid | None = None
    confidence: Confidence
    note: SafeLine | None = None
    valid_from: LegalDate


class RuleRequest(RuleText):
    """A new version of a rule; `replaces_version` is the version you saw, null for a rule that did not exist."""

    replaces_version: Annotated[int, WholeNumber(ge=1, le=100_000)] | None


class RuleEndRequest(ApiModel):
    """The last day a version holds; `source` names the document."""

    last_day: LegalDate
    source: SafeLine


class RuleAnswer(Answer):
    """One version of a deadline rule; `confidence_text` is what to show beside it."""

    id: UUID
    key: str
    rule_version: int
    title: str
    amount: int
    unit: Literal["working_days", "calendar_days"]
    direction: Literal["after", "before"]
    anchor: str
    basis: str | None
    provision_id: UUID | None
    confidence: Confidence
    confidence_text: str
    note: str | None
    valid_from: date
    valid_to: date | None
    version: int


class InstrumentAnswer(Answer):
    """A legal instrument, with where and how surely it was read."""

    id: UUID
    code: str
    title: str
    issued_on: date | None
    valid_from: date | None
    valid_to: date | None
    status: Status
    replaced_by_id: UUID | None
    confidence: Literal["confirmed", "unconfirmed"]
    source: str
    note: str | None
    version: int


class ProvisionAnswer(Answer):
    """An article, clause or point, in our own short words."""

    id: UUID
    article: str
    clause: str
    summary: str
    valid_from: date | None
    valid_to: date | None
    version: int


class InstrumentDetailAnswer(InstrumentAnswer):
    """An instrument with the provisions our rules rest on."""

    provisions: list[ProvisionAnswer]


def rule_answer(row: Any) -> RuleAnswer:
    """Build the answer of a rule."""
    own = {name: getattr(row, name) for name in RuleAnswer.model_fields if name != "confidence_text"}
    return RuleAnswer(**own, confidence_text=CONFIDENCE_TEXTS[row.confidence])


@router.get("/deadline-rules", **answers(InvalidCursor))
async def list_rules(
    session: ReadSession,
    pages: PageQuery,
    response: Response,
    now: Now,
    _: Anyone,
    key: Annotated[RuleKey | None, Query()] = None,
    on: OnDay = None,
    confidence: Confidence | None = None,
    instrument_id: Annotated[Uuid | None, Query(description="Rules written in this instrument.")] = None,
    all_versions: Annotated[FlagParam, Query(description="Every version instead of one day's.")] = False,
) -> Page[RuleAnswer]:
    """List the rules of a day (today unless given), or every version."""
    wanted = RuleFilter(
        on=None if all_versions else on or local_date(now),
        key=key,
        confidence=confidence,
        instrument_id=instrument_id,
    )
    filters = {"key": key, "on": on, "confidence": confidence, "in": instrument_id, "all_versions": all_versions}
    window = pages.window("registry.deadline_rules", filters)
    let_caches_keep(response)
    return window.page(
        await law.rules(session, window, wanted),
        position=lambda row: (row.key, row.rule_version),
        item=rule_answer,
    )


@router.get("/deadline-rules/{rule_id}")
async def read_rule(rule_id: Uuid, session: ReadSession, response: Response, _: Anyone) -> RuleAnswer:
    """Return one version of a rule."""
    row = await law.rule(session, rule_id)
    set_etag(response, row.version)
    let_caches_keep(response)
    return rule_answer(row)


@router.post("/deadline-rules", status_code=201, dependencies=[Idempotent], **answers(HouseMatter, RuleNotNewer))
async def add_rule(
    body: RuleRequest, session: WriteSession, actor: HouseAdministrator, response: Response, now: Now
) -> RuleAnswer:
    """Put a new version in place of the present one, from a day on; what runs under the old one keeps it."""
    content = RuleContent(**body.model_dump(exclude={"replaces_version"}))
    row = await publish_rule(session, content, replaces=body.replaces_version, actor=actor, now=now)
    set_etag(response, row.version)
    response.headers["Location"] = f"/api/v1/registry/deadline-rules/{row.id}"
    return rule_answer(row)


@router.post("/deadline-rules/{rule_id}/end", **answers(HouseMatter, RuleEnded))
async def end(
    rule_id: Uuid,
    body: RuleEndRequest,
    session: WriteSession,
    actor: HouseAdministrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
) -> RuleAnswer:
    """Give a version its last day without putting another in its place; what runs under it goes on."""
    row = await end_rule(
        session, rule_id, last_day=body.last_day, source=body.source, expected=version, actor=actor, now=now
    )
    set_etag(response, row.version)
    return rule_answer(row)


@router.get("/instruments", **answers(InvalidCursor))
async def list_instruments(
    session: ReadSession,
    pages: PageQuery,
    response: Response,
    _: Anyone,
    status: Status | None = None,
    confidence: Literal["confirmed", "unconfirmed"] | None = None,
) -> Page[InstrumentAnswer]:
    """List the legal instruments by number."""
    window = pages.window("registry.instruments", {"status": status, "confidence": confidence})
    let_caches_keep(response)
    return window.page(
        await law.instruments(session, window, status=status, confidence=confidence),
        position=lambda row: (row.code, row.id),
        item=InstrumentAnswer.model_validate,
    )


@router.get("/instruments/{instrument_id}")
async def read_instrument(
    instrument_id: Uuid, session: ReadSession, response: Response, _: Anyone
) -> InstrumentDetailAnswer:
    """Return one instrument with its provisions."""
    row, provisions = await law.instrument(session, instrument_id)
    set_etag(response, row.version)
    let_caches_keep(response)
    brief = InstrumentAnswer.model_validate(row)
    return InstrumentDetailAnswer(
        **brief.model_dump(), provisions=[ProvisionAnswer.model_validate(provision) for provision in provisions]
    )
