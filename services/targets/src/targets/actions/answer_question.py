"""Answer what the resolution's text leaves open. An answer that changes judging makes a new target version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.errors import NotFound
from servicekit.identity import Actor
from targets.actions.set_target import NewTarget, add_version
from targets.actions.write_indicator import Change, find_for_change, write_change
from targets.domain.resolution_questions import TARGET_FIELDS, decide_answer, set_value
from targets.domain.resolution_refusals import TargetDateMissing
from targets.domain.target_versions import Ended
from targets.queries.indicators import find_targets


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """The answer, by which decision, and from which day if it changes judging."""

    answer: str
    answer_vi: str | None
    answer_en: str | None
    decision: str
    decided_on: date
    valid_from: date | None


async def answer_question(
    session: AsyncSession, code: str, key: str, given: GivenAnswer, *, version: int, actor: Actor, now: datetime
) -> tuple[int, Ended | None] | None:
    """Store the answer; return the number of the target version it made and which one ended, if it made one.

    Raises NotFound, Forbidden, StaleVersion, UnknownAnswer, WordsMissing, TargetDateMissing (422), and what a new
    version of a target can be refused for.
    """
    row = await find_for_change(session, code, actor, version=version)
    question = next((one for one in row.open_questions if one["key"] == key), None)
    if question is None:
        raise NotFound
    answer = decide_answer(question, given.answer, given.answer_vi, given.answer_en)
    sets = question["sets"]
    made = await _new_version(session, row, sets, answer["answer"], given, now) if sets in TARGET_FIELDS else None
    decided = {"decision": given.decision, "decided_on": given.decided_on.isoformat()}
    change = Change(
        action="answer_question",
        before={key: question["answer"]},
        after={key: answer["answer"]} | ({} if made is None else {"target_number": str(made[0])}),
        columns={"open_questions": _replaced(row, key, answer | decided), **_rhythm(row, sets, answer["answer"])},
        decision=given.decision,
        decided_on=given.decided_on,
    )
    await write_change(session, row, change, actor=actor, now=now)
    return made


async def _new_version(
    session: AsyncSession, row: Row[Any], sets: str, answer: str, given: GivenAnswer, now: datetime
) -> tuple[int, Ended | None]:
    """Copy the latest version with what the answer sets."""
    if given.valid_from is None:
        raise TargetDateMissing(errors=[{"field": "valid_from", "code": "missing"}])
    latest = (await find_targets(session, [row.id]))[row.id][-1]
    kept = {name: getattr(latest, name) for name in NewTarget.__dataclass_fields__}
    dated = {"valid_from": given.valid_from, "valid_to": None}
    decided = {"decision": given.decision, "decided_on": given.decided_on}
    target = NewTarget(**(kept | {sets: set_value(sets, answer)} | dated | decided))
    return await add_version(session, row, target, now=now)


def _replaced(row: Row[Any], key: str, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [question | answer if question["key"] == key else question for question in row.open_questions]


def _rhythm(row: Row[Any], sets: str | None, answer: str) -> dict[str, Any]:
    """Judging by another kind of period wants that kind reported too."""
    if sets != "period_kind":
        return {}
    reported = row.source != "reports" or answer in row.reporting_kinds
    kinds = row.reporting_kinds if reported else [*row.reporting_kinds, answer]
    return {"period_kind": answer, "reporting_kinds": kinds}
