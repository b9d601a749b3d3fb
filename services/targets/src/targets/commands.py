"""The commands of this service alone: its figures made anew from what is kept here, or from the items' owners.

recompute    items ──► contributions ──► figures                     nothing is asked of anybody
refetch      owners' pages ──► items ──► overdue ──► recompute       for items that are lost or incomplete
recalculate  recompute, then approved reports ──► figures, and formulas ──► figures: all there is, in one go
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import httpx

from contracts import public_facts_v1 as shown
from servicekit.db import Database
from servicekit.fact_pages import FactPages
from servicekit.service import Runtime
from targets.actions.keep_item import ReferenceNotReady
from targets.actions.mark_overdue import mark_all_overdue
from targets.actions.recalculate_all import lines, recalculate_all
from targets.actions.recompute import Recomputed, recompute
from targets.actions.take_over import Shown, forget_others, take_over
from targets.consumers import FEEDBACK, OVERSIGHT
from targets.domain.event_items import Case, Recommendation, Submission
from targets.queries.event_items import ItemKey

Page = Callable[[str | None], Awaitable[tuple[list[Any], str | None]]]
"""cursor → (items, next cursor)."""


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of item at its owner: where it is shown, and how it is read."""

    kind: str
    owner: str
    consumer: str
    query: Mapping[str, str]
    read: Callable[[UUID, int, Any], Iterable[Shown]]


def _submission(subject: UUID, version: int, data: Any) -> Iterable[Shown]:
    said = shown.SubmissionFacts.model_validate(data)
    facts = Submission(
        accepted_on=said.accepted_on,
        due_on=said.due_on,
        forwarded=said.forwarded,
        answered_on=said.answered_on,
        outcome=said.outcome,
        word=said.word,
    )
    yield Shown(ItemKey(Submission.kind, subject), version, said.front_organisation_id, facts)


def _case(subject: UUID, version: int, data: Any) -> Iterable[Shown]:
    said = shown.CaseFacts.model_validate(data)
    facts = Case(planned_on=said.planned_on, concluded_on=said.concluded_on)
    yield Shown(ItemKey(Case.kind, subject), version, said.presiding_organisation_id, facts)


def _recommendation(subject: UUID, version: int, data: Any) -> Iterable[Shown]:
    said = shown.RecommendationFacts.model_validate(data)
    for part in said.addressees:
        facts = Recommendation(
            served_on=said.served_on,
            due_on=part.due_on,
            replied_on=part.replied_on,
            disposition=part.disposition,
            verified_on=part.verified_on,
            ended_on=part.ended_on,
            end_reason=part.end_reason,
        )
        key = ItemKey(Recommendation.kind, subject, part.organisation_id)
        yield Shown(key, version, said.presiding_organisation_id, facts, said.case_id)


SOURCES: Final = (
    Source(Submission.kind, "feedback", FEEDBACK.name, {}, _submission),
    Source(Case.kind, "oversight", OVERSIGHT.name, {"kind": "case"}, _case),
    Source(Recommendation.kind, "oversight", OVERSIGHT.name, {"kind": "recommendation"}, _recommendation),
)
"""Criticism and opinions have no owner yet, so their items are left as they are."""


async def recompute_figures(runtime: Runtime) -> str:
    """Fold the items kept here anew."""
    async with runtime.database.write() as session:
        done = await recompute(session, now=runtime.clock.now())
    return _said(done)


async def recalculate_everything(runtime: Runtime) -> str:
    """Make every figure anew: from the items, the approved reports, and the formulas; say what was different."""
    events = await recompute_figures(runtime)
    reported = await recalculate_all(runtime.database, now=runtime.clock.now())
    return "\n".join((events, *lines(reported)))


async def refetch_items(runtime: Runtime) -> str:
    """Take every item anew from its owner, count what ran out, and fold; ends with a reason when that cannot be."""
    now, taken = runtime.clock.now(), []
    for source in SOURCES:
        url = getattr(runtime.settings, f"{source.owner}_url")
        if url is None:
            sys.exit(f"{source.owner.upper()}_URL is missing: where {source.owner} answers inside the house.")
        pages = FactPages(url, runtime.part("registry").token)
        page = partial(pages.page, f"/api/v1/{source.owner}/facts", source.query)
        try:
            number, gone = await refetch(runtime.database, source, page, now=now)
        except httpx.HTTPError as error:
            sys.exit(
                f"{source.owner} or the registry does not answer as it should ({type(error).__name__}); try again."
            )
        except ReferenceNotReady:
            sys.exit("An organisation is not known here; run `python -m targets rebuild` first.")
        finally:
            await pages.close()
        taken.append(f"{number} {source.kind} items" + (f" ({gone} forgotten)" if gone else ""))
    await mark_all_overdue(runtime.database, now=now)
    async with runtime.database.write() as session:
        done = await recompute(session, now=now)
    return f"{', '.join(taken)} from their owners; {_said(done)}"


async def refetch(database: Database, source: Source, page: Page, *, now: datetime) -> tuple[int, int]:
    """Take over every item of a source, page by page; return how many, and how many the owner no longer shows."""
    number, cursor = 0, None
    while True:
        given, cursor = await page(cursor)
        items = [one for item in given for one in source.read(UUID(item["id"]), int(item["version"]), item["data"])]
        async with database.write() as session:
            number += await take_over(session, items, consumer=source.consumer, owner=source.owner, now=now)
        if cursor is None:
            break
    async with database.write() as session:
        return number, await forget_others(session, source.kind, now=now)


def _said(done: Recomputed) -> str:
    same = "every figure was right" if done.checksum_before == done.checksum_after else "figures were put right"
    return (
        f"{done.items} items counted, {done.figures_changed} figures changed; {same}"
        f" (checksum {done.checksum_before} before, {done.checksum_after} after)"
    )


COMMANDS: Final[Mapping[str, Callable[[Runtime], Awaitable[str]]]] = {
    "recompute": recompute_figures,
    "refetch": refetch_items,
    "recalculate": recalculate_everything,
}
