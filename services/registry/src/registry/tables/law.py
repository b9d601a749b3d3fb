"""The work calendar, legal instruments with their provisions, and deadline rules: law as data."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Text, UniqueConstraint, column, func
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.registry_table import Day, Id, Line, RegistryTable, Version

CONFIDENCES = "'confirmed', 'unconfirmed', 'no_legal_figure'"


class CalendarDay(RegistryTable):
    """A day that differs from the ordinary week; "ordinary" withdraws what was said before."""

    __tablename__ = "calendar_day"

    id: Mapped[Id]
    date: Mapped[Day] = mapped_column(unique=True)
    kind: Mapped[Line]
    name: Mapped[Line]
    source: Mapped[Line]
    confirmed: Mapped[bool]
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("kind IN ('holiday', 'off_in_lieu', 'working_saturday', 'ordinary')", name="kind"),
    )


class CalendarYear(RegistryTable):
    """Whether the days off of a year are known from an official notice; dates in other years are provisional."""

    __tablename__ = "calendar_year"

    id: Mapped[Id]
    year: Mapped[int] = mapped_column(unique=True)
    confirmed: Mapped[bool]
    source: Mapped[Line]
    version: Mapped[Version]


class LegalInstrument(RegistryTable):
    """A law, decree, resolution or Party regulation (văn bản), with where and how surely it was read."""

    __tablename__ = "legal_instrument"

    id: Mapped[Id]
    code: Mapped[Line] = mapped_column(unique=True)
    title: Mapped[Line]
    issued_on: Mapped[date | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    status: Mapped[Line]
    replaced_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("legal_instrument.id"))
    confidence: Mapped[Line]
    source: Mapped[Line]
    note: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("status IN ('in_force', 'amended', 'replaced', 'reference_only')", name="status"),
        CheckConstraint("confidence IN ('confirmed', 'unconfirmed')", name="confidence"),
    )


class LegalProvision(RegistryTable):
    """One article, clause or point (điều, khoản, điểm) of an instrument, in our own short words."""

    __tablename__ = "legal_provision"

    id: Mapped[Id]
    instrument_id: Mapped[UUID] = mapped_column(ForeignKey("legal_instrument.id"))
    article: Mapped[Line]
    clause: Mapped[Line]
    summary: Mapped[Line]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    version: Mapped[Version]

    __table_args__ = (UniqueConstraint("instrument_id", "article", "clause"),)


class EarlierWord(RegistryTable):
    """What was said before of a day, a year, an instrument or a provision; append-only. Who said it is in the audit."""

    __tablename__ = "earlier_word"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    replaced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DeadlineRule(RegistryTable):
    """One version of a deadline rule (quy tắc thời hạn); a case keeps the version it was opened with.

    `rule_version` counts the rule's versions, `version` the changes of this row (closing it is one).
    """

    __tablename__ = "deadline_rule"

    id: Mapped[Id]
    key: Mapped[Line]
    rule_version: Mapped[int]
    title: Mapped[Line]
    amount: Mapped[int]
    unit: Mapped[Line]
    direction: Mapped[Line]
    anchor: Mapped[Line]
    basis: Mapped[str | None] = mapped_column(Text)
    provision_id: Mapped[UUID | None] = mapped_column(ForeignKey("legal_provision.id"))
    confidence: Mapped[Line]
    note: Mapped[str | None] = mapped_column(Text)
    valid_from: Mapped[Day]
    valid_to: Mapped[date | None]
    version: Mapped[Version]

    __table_args__ = (
        UniqueConstraint("key", "rule_version"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("unit IN ('working_days', 'calendar_days')", name="unit"),
        CheckConstraint("direction IN ('after', 'before')", name="direction"),
        CheckConstraint(f"confidence IN ({CONFIDENCES})", name="confidence"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        ExcludeConstraint(
            ("key", "="),
            (func.daterange(column("valid_from"), column("valid_to"), "[]"), "&&"),
            name="ex_deadline_rule_key_at_a_date",
        ),
    )
