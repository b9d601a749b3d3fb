"""Turns rows into answers: opens what is sealed, names organisations, adds the texts."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from feedback.api.access import Office
from feedback.domain.deadlines import ANONYMOUS_NOTE, CONFIDENCE_SENTENCES, STATUS
from feedback.domain.intake import ANONYMOUS
from feedback.domain.submission_steps import SENDER, STEPS
from feedback.domain.texts import LINES, STATUSES, WAITING, waiting_for
from feedback.sealing import open_json, open_note
from servicekit.deadline_answers import change_answers, pinned_rule_answer, provisional_note
from servicekit.deadlines import PROVISIONAL_NOTE, Counted
from servicekit.lifecycle import actions_from

Json = dict[str, Any]


def tracked(office: Office, row: SimpleNamespace) -> Json:
    """Return `Tracked` for the sender."""
    lines = timeline(office, row.lines)
    status, waiting = STATUSES[row.status], waiting_for(row.status)
    return {
        "code": row.code,
        "status": row.status,
        "status_text_vi": status[0],
        "status_text_en": status[1],
        "version": row.version,
        "kind": row.kind,
        "unit_name": office.directory.unit_name(row.unit_id),
        "received_by": _body(office, row.front_organisation_id),
        "holder": _body(office, row.holder_organisation_id),
        "received_on": row.received_on.isoformat(),
        "waiting_for": waiting,
        "waiting_text_vi": WAITING[waiting][0],
        "waiting_text_en": WAITING[waiting][1],
        "clocks": {
            **_due(office, row),
            "status_due_on": row.status_due_on.isoformat(),
            "due_on": _day(row.due_on),
            "rule_key": row.rule_key,
            "rule_version": row.rule_version,
            "changes": [one.model_dump(mode="json") for one in change_answers(row.deadline_changes)],
        },
        "answer": _answer_given(row, lines),
        "under_oversight": row.case_id is not None,
        "timeline": lines,
        "attachments": row.files,
        "available_actions": actions_from(STEPS, row.status, (SENDER,)),
    }


def item(office: Office, row: Row[Any], roles_at_front: Iterable[str], roles_at_holder: Iterable[str]) -> Json:
    """Return `Item` for staff; the front's roles and the holder's roles open different actions."""
    content = open_json(office.keys, "submission", "content_sealed", row.id, row.content_sealed)
    at_front = [action for action in actions_from(STEPS, row.status, roles_at_front) if action != "answer"]
    at_holder = [action for action in actions_from(STEPS, row.status, roles_at_holder) if action == "answer"]
    return {
        **summary(office, row),
        **content,
        "received_at": row.received_at,
        "status_text_vi": STATUSES[row.status][0],
        "identity_kept": row.has_identity,
        "rule_key": row.rule_key,
        "rule_version": row.rule_version,
        "timeline": timeline(office, row.lines),
        "attachments": row.files,
        "available_actions": at_front + at_holder,
    }


def summary(office: Office, row: Row[Any]) -> Json:
    """Return `ItemSummary`."""
    return {
        "id": row.id,
        "code": row.code,
        "status": row.status,
        "version": row.version,
        "kind": row.kind,
        "identity_mode": row.identity_mode,
        "unit_id": row.unit_id,
        "front_organisation_id": row.front_organisation_id,
        "holder_organisation_id": row.holder_organisation_id,
        "received_on": row.received_on,
        "status_due_on": row.status_due_on,
        "due_on": row.due_on,
        **_due(office, row),
        "outcome": row.outcome,
        "answered_on": row.answered_on,
        "case_id": row.case_id,
    }


def timeline(office: Office, lines: list[Json]) -> list[Json]:
    """Return the lines with their texts, notes opened."""
    return [
        {
            "at": line["at"],
            "action": line["action"],
            "status": line["status"],
            "text_vi": LINES[line["action"]][0],
            "text_en": LINES[line["action"]][1],
            "organisation": _body(office, UUID(line["organisation_id"])) if line["organisation_id"] else None,
            "code": line["code"],
            "note": open_note(office.keys, UUID(line["id"]), bytes.fromhex(line["note"])) if line["note"] else None,
        }
        for line in lines
    ]


def clocks(office: Office, row: Row[Any]) -> Json:
    """Return `DeadlineAnswer`: each clock with the rule version it was started with, day by day."""
    started = [(STATUS, row.status_rule_version, row.received_on, row.status_due_on, row.status_due_provisional)]
    if row.rule_key is not None:
        started.append((row.rule_key, row.rule_version, row.anchor_on, row.due_on, row.due_provisional))
    explained = []
    for key, version, anchor, due_on, provisional in started:
        counted = office.law.explain(key, version, anchor)
        if counted is not None:
            anonymous = row.identity_mode == ANONYMOUS
            explained.append(_clock(counted, due_on=due_on, provisional=provisional, anonymous=anonymous))
    return {"clocks": explained, "changes": change_answers(row.deadline_changes)}


def _due(office: Office, row: Any) -> Json:
    """Return how sure the two days are: the rules they rest on, and whether a year's notice is still missing."""
    status_vi, status_en = provisional_note(row.status_due_provisional)
    vi, en = provisional_note(row.due_provisional)
    return {
        "status_due_provisional": row.status_due_provisional,
        "status_due_note_vi": status_vi,
        "status_due_note_en": status_en,
        "status_rule": _rule(office, STATUS, row.status_rule_version),
        "due_provisional": row.due_provisional,
        "due_note_vi": vi,
        "due_note_en": en,
        "rule": _rule(office, row.rule_key, row.rule_version) if row.rule_key is not None else None,
    }


def _rule(office: Office, key: str, version: int) -> Json:
    return pinned_rule_answer(key, version, office.law.pinned(key, version)).model_dump()


def _clock(counted: Counted, *, due_on: Any, provisional: bool, anonymous: bool) -> Json:
    rule = counted.rule
    texts = CONFIDENCE_SENTENCES[rule.confidence]
    notes = [PROVISIONAL_NOTE] * provisional + [ANONYMOUS_NOTE] * anonymous
    return {
        "rule_key": rule.key,
        "rule_version": rule.version,
        "anchor_on": counted.anchor,
        "due_on": due_on,
        "counted_on": counted.due.on,
        "provisional": provisional,
        "amount": rule.rule.amount,
        "unit": rule.rule.unit.value,
        "basis": rule.basis,
        "confidence": rule.confidence,
        "confidence_text_vi": texts[0],
        "confidence_text_en": texts[1],
        "notes_vi": [note[0] for note in notes],
        "notes_en": [note[1] for note in notes],
        "days": [
            {
                "date": day.date,
                "counted": day.counted,
                "reason_vi": day.reason_vi,
                "reason_en": day.reason_en,
            }
            for day in counted.due.days
        ],
    }


def _answer_given(row: SimpleNamespace, lines: list[Json]) -> Json | None:
    last = next((line for line in reversed(lines) if line["action"] == "answer"), None)
    if last is None:
        return None
    return {
        "outcome": last["code"],
        "text": last["note"],
        "answered_on": row.answered_on.isoformat(),
        "organisation": last["organisation"],
        "on_time": row.answered_on <= row.due_on,
    }


def _body(office: Office, organisation_id: UUID) -> Json:
    return {"id": str(organisation_id), "name": office.directory.name(organisation_id)}


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()
