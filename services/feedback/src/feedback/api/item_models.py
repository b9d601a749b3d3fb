"""What staff and senders read of an item; texts in Vietnamese and English, codes in English."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from feedback.api.intake_models import BodyAnswer
from servicekit.deadline_answers import DeadlineChangeAnswer, PinnedRuleAnswer
from servicekit.text import Answer

Status = Literal[
    "submitted",
    "classified",
    "accepted",
    "refused",
    "guided_out",
    "assigned",
    "answered",
    "confirmed",
    "disputed",
]


class LineAnswer(Answer):
    """One line of the timeline; `code` is the kind, the reason or the outcome."""

    at: Annotated[datetime, Field(description="Acts of an anonymous sender: only the hour.")]
    action: str
    status: Status
    text_vi: str
    text_en: str
    organisation: BodyAnswer | None
    code: str | None
    note: Annotated[str | None, Field(description="Reason, guidance, answer or dispute, as written.")]


class FileAnswer(Answer):
    """One photo."""

    id: UUID
    sha256: str
    media_type: str
    size: int


class AnswerGiven(Answer):
    """The latest answer of the responsible body."""

    outcome: str
    text: str | None
    answered_on: date
    organisation: BodyAnswer | None
    on_time: bool


class ClockSummary(Answer):
    """By when what is promised; the explanation day by day is an address of its own."""

    status_due_on: date
    status_due_provisional: bool
    status_due_note_vi: str | None
    status_due_note_en: str | None
    status_rule: PinnedRuleAnswer
    due_on: date | None
    due_provisional: bool | None
    due_note_vi: str | None
    due_note_en: str | None
    rule_key: str | None
    rule_version: int | None
    rule: PinnedRuleAnswer | None
    changes: Annotated[list[DeadlineChangeAnswer], Field(description="What each deadline was, and why it moved.")]


class Tracked(Answer):
    """What the sender sees."""

    code: str
    status: Status
    status_text_vi: str
    status_text_en: str
    version: int
    kind: str | None
    unit_name: str
    received_by: BodyAnswer
    holder: BodyAnswer
    received_on: date
    waiting_for: Literal["front_committee", "holder", "sender", "nobody"]
    waiting_text_vi: str
    waiting_text_en: str
    clocks: ClockSummary
    answer: AnswerGiven | None
    under_oversight: bool
    timeline: list[LineAnswer]
    attachments: list[FileAnswer]
    available_actions: list[str]


class ItemSummary(Answer):
    """One item of a list; the content is read one by one."""

    id: UUID
    code: str
    status: Status
    version: int
    kind: str | None
    identity_mode: str
    unit_id: UUID
    front_organisation_id: UUID
    holder_organisation_id: UUID
    received_on: date
    status_due_on: date
    status_due_provisional: bool
    status_due_note_vi: str | None
    status_due_note_en: str | None
    status_rule: PinnedRuleAnswer
    due_on: date | None
    due_provisional: bool | None
    due_note_vi: str | None
    due_note_en: str | None
    rule: PinnedRuleAnswer | None
    outcome: str | None
    answered_on: date | None
    case_id: UUID | None


class Item(ItemSummary):
    """One item for those who work on it; who sent it is not here (see reveal-identity)."""

    title: str | None
    text: str
    place: str | None
    received_at: datetime
    status_text_vi: str
    identity_kept: Annotated[bool, Field(description="Whether a name was left that may be revealed with a reason.")]
    rule_key: str | None
    rule_version: int | None
    timeline: list[LineAnswer]
    attachments: list[FileAnswer]
    available_actions: list[str]


class StepAnswer(Answer):
    """Where an item stands after a step; the new version is the ETag."""

    id: UUID
    status: Status
    version: int
    holder_organisation_id: UUID
    due_on: date | None = None
    due_provisional: bool | None = None
    due_note_vi: str | None = None
    due_note_en: str | None = None
    status_text_vi: str


class SenderStepAnswer(Answer):
    """Where an item stands after the sender's word."""

    status: Status
    version: int
    status_text_vi: str


class ContactAnswer(Answer):
    """Who sent it; reading this was recorded and the sender sees that it happened."""

    name: str
    phone: str | None
    email: str | None


class DayAnswer(Answer):
    """One day of an explanation."""

    date: date
    counted: bool
    reason_vi: str
    reason_en: str


class ClockAnswer(Answer):
    """One deadline with what it rests on."""

    rule_key: str
    rule_version: int
    anchor_on: date
    due_on: Annotated[date, Field(description="The day the item is held to.")]
    counted_on: Annotated[date, Field(description="The same count with the calendar of today.")]
    provisional: bool
    amount: int
    unit: str
    basis: str | None
    confidence: str
    confidence_text_vi: str
    confidence_text_en: str
    notes_vi: list[str]
    notes_en: list[str]
    days: list[DayAnswer]


class DeadlineAnswer(Answer):
    """Every clock of an item, each explained day by day, and what the days were before the calendar changed."""

    clocks: list[ClockAnswer]
    changes: list[DeadlineChangeAnswer]
