"""Answer a dispute, accept or reject the answer, close it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.deadlines import Counted
from servicekit.errors import StaleVersion
from servicekit.identity import Actor
from servicekit.lifecycle import decide, permit
from servicekit.outbox import EventDraft
from servicekit.working_days import local_date
from targets import publish
from targets.actions.write_dispute import change_dispute, tell
from targets.domain.dispute_steps import CORRECTED, STEPS
from targets.domain.disputes import AnswerKind
from targets.queries.dispute_files import corrected_since, find_dispute, roles_in_dispute


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step with what is said for it; `counted` is the new day that a rejection sets."""

    action: str
    text: str | None = None
    answer: AnswerKind | None = None
    report_version: int | None = None
    counted: Counted | None = None


async def move_dispute(
    session: AsyncSession, dispute_id: UUID, move: Move, *, version: int, actor: Actor, now: datetime
) -> None:
    """Take one step of a dispute.

    Raises NotFound, Forbidden, StaleVersion (412), StepNotAllowed and NoCorrection (409), AnswererRaisedIt and
    DeciderAnswered (403), ReasonsMissing (422).
    """
    seen = await find_dispute(session, dispute_id, actor)
    roles = roles_in_dispute(actor, seen)
    permit(STEPS, move.action, roles)
    if seen.version != version:
        raise StaleVersion
    facts = {
        "actor": actor.id,
        "raised_by": seen.raised_by,
        "answered_by": seen.answered_by,
        "reason": move.text,
        "answer": move.answer,
        "corrected": move.answer == CORRECTED and await corrected_since(session, seen, move.report_version),
    }
    step = decide(STEPS, seen.status, move.action, roles, facts)
    today = local_date(now)
    await change_dispute(session, seen, step, now, **_marks(move, actor, today))
    event = _EVENTS[move.action](seen, move, today)
    details = {} if move.answer is None else {"answer": move.answer, "report_version": move.report_version}
    await tell(
        session,
        seen._asdict(),
        action=move.action,
        before=seen.status,
        after=step.target,
        version=version + 1,
        event=event,
        actor=actor,
        now=now,
        text=move.text,
        details=details,
    )


def _marks(move: Move, actor: Actor, today: date) -> dict[str, Any]:
    if move.action == "answer":
        return {
            "answer": move.answer,
            "answer_text": move.text,
            "answer_report_version": move.report_version if move.answer == CORRECTED else None,
            "answered_by": actor.id,
            "answered_on": today,
            "decided_by": None,
            "decided_on": None,
            "decision_text": None,
        }
    if move.action == "close":
        return {"closed_on": today}
    decided = {"decided_by": actor.id, "decided_on": today, "decision_text": move.text}
    if move.counted is None:
        return decided
    return decided | {
        "anchor_on": move.counted.anchor,
        "due_on": move.counted.due.on,
        "due_provisional": move.counted.due.provisional,
        "rule_key": move.counted.rule.key,
        "rule_version": move.counted.rule.version,
        "overdue_on": None,
    }


def _rejected(seen: Row[Any], move: Move, today: date) -> EventDraft:
    assert move.counted is not None, "a rejection sets a new day"
    return publish.dispute_rejected(seen, move.counted, today)


_EVENTS: Final[Mapping[str, Callable[[Row[Any], Move, date], EventDraft]]] = MappingProxyType(
    {
        "answer": lambda seen, move, today: publish.dispute_answered(
            seen, answer=move.answer, report_version=move.report_version, today=today
        ),
        "accept": lambda seen, _, today: publish.dispute_accepted(seen, today),
        "reject": _rejected,
        "close": lambda seen, _, today: publish.dispute_closed(seen, today),
    }
)
