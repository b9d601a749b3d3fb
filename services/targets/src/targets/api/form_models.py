"""What is sent and said about forms and their periods."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row

from servicekit.text import Answer, ApiModel, Code, Flag, Key, LegalDate, SafeLine, Uuid, WholeNumber
from targets.api.resolution_models import PeriodKindName
from targets.domain.approval import Level
from targets.domain.forms import MOST_DAYS, Form
from targets.domain.reminders import ReminderStep
from targets.domain.wording import PERIOD_STATUSES

Act = Literal["verify", "approve"]
Rung = Literal["unit", "head", "city_front", "board"]
Codes = Annotated[list[Code], Field(max_length=200)]
Days = Annotated[int, WholeNumber(ge=1, le=MOST_DAYS)]
StepDays = Annotated[int, WholeNumber(ge=-60, le=60)]


class LevelBody(ApiModel):
    """One level of approval; a level that verifies names the kind and level of its body."""

    key: Key
    act: Act
    name_vi: SafeLine
    name_en: SafeLine
    kind: Key | None = None
    level: Key | None = None


class StepBody(ApiModel):
    """A reminder so many working days after the due day, before it when negative."""

    key: Key
    days: StepDays
    to: Rung


Levels = Annotated[list[LevelBody], Field(max_length=6)]
Steps = Annotated[list[StepBody], Field(max_length=12)]


class NewForm(ApiModel):
    """A form; without `indicators` every indicator of the resolution that is reported by this kind of period."""

    code: Code
    name_vi: SafeLine
    name_en: SafeLine
    period_kind: PeriodKindName
    resolution: Code | None = None
    """The number of a resolution, such as 08-NQ/TU."""
    indicators: Codes | None = None
    reporter_kinds: Annotated[list[Key], Field(max_length=20)] | None = None
    reporter_level: Key | None = None
    evidence_for: Codes = Field(default_factory=list)
    levels: Levels
    steps: Steps = Field(default_factory=list)
    expiry_days: Days | None = None
    open_future: Flag = False

    def as_form(self) -> Form:
        """Return the form the rules know; ids are given when it is stored."""
        return Form(
            id=UUID(int=0),
            code=self.code,
            version=1,
            resolution_id=None,
            name_vi=self.name_vi,
            name_en=self.name_en,
            period_kind=self.period_kind,
            reporter_kinds=None if self.reporter_kinds is None else tuple(self.reporter_kinds),
            reporter_level=self.reporter_level,
            indicators=None if self.indicators is None else tuple(self.indicators),
            evidence_for=tuple(self.evidence_for),
            levels=tuple(Level(**one.model_dump()) for one in self.levels),
            steps=tuple(ReminderStep(**one.model_dump()) for one in self.steps),
            expiry_days=self.expiry_days,
            open_future=self.open_future,
        )


class FormChange(ApiModel):
    """The fields to change; what is left out stays. Code, kind of period and resolution are the form's for ever."""

    name_vi: SafeLine | None = None
    name_en: SafeLine | None = None
    indicators: Codes | None = None
    evidence_for: Codes | None = None
    levels: Levels | None = None
    steps: Steps | None = None
    expiry_days: Days | None = None
    open_future: Flag | None = None

    def changes(self) -> dict[str, Any]:
        """Return the changed fields as the rules know them."""
        found: dict[str, Any] = {}
        for name in self.model_fields_set:
            value = getattr(self, name)
            if name == "levels" and value is not None:
                value = tuple(Level(**one.model_dump()) for one in value)
            elif name == "steps" and value is not None:
                value = tuple(ReminderStep(**one.model_dump()) for one in value)
            elif isinstance(value, list):
                value = tuple(value)
            if value is not None:
                found[name] = value
        return found


class LevelAnswer(Answer):
    """One level of approval."""

    key: str
    act: Act
    name_vi: str
    name_en: str
    kind: str | None
    level: str | None


class StepAnswer(Answer):
    """One reminder, and to whom it goes."""

    key: str
    days: int
    to: Rung


class FormAnswer(Answer):
    """A form in its current version; `indicators` null means those of the resolution that fit."""

    code: str
    version: int
    name_vi: str
    name_en: str
    period_kind: str
    reporter_kinds: list[str] | None
    reporter_level: str | None
    indicators: list[str] | None
    evidence_for: list[str]
    levels: list[LevelAnswer]
    steps: list[StepAnswer]
    expiry_days: int | None
    open_future: bool

    @classmethod
    def of(cls, form: Form) -> Self:
        """Show a form."""
        return cls.model_validate(form, from_attributes=True)


class FormIndicator(Answer):
    """An indicator of the form."""

    code: str
    name_vi: str
    name_en: str
    kind: str
    evidence_required: bool


class FormDetail(FormAnswer):
    """A form with the indicators it holds now."""

    holds: list[FormIndicator]

    @classmethod
    def with_indicators(cls, form: Form, rows: Sequence[Row[Any]]) -> Self:
        """Show a form and its indicators."""
        holds = [
            FormIndicator(
                code=row.code,
                name_vi=row.name_vi,
                name_en=row.name_en,
                kind=row.kind,
                evidence_required=row.evidence_required or row.code in form.evidence_for,
            )
            for row in rows
        ]
        return cls(**FormAnswer.of(form).model_dump(), holds=holds)


class IndicatorPeriod(Answer):
    """Where the reports of one indicator stand."""

    period_id: Uuid
    indicator_code: str
    indicator_name_vi: str
    status: Literal["open", "closed"]
    status_vi: str
    due_on: LegalDate
    due_provisional: bool
    expected: int
    by_status: dict[str, int]


class FormPeriodAnswer(Answer):
    """Where everything of a form stands in one period; the ETag is for closing it as a whole."""

    form_code: str
    form_version: int
    period: str
    due_on: LegalDate
    expected: int
    by_status: dict[str, int]
    indicators: list[IndicatorPeriod]

    @classmethod
    def of(cls, form: Form, rows: Sequence[Row[Any]]) -> Self:
        """Show the periods of a form."""
        total: dict[str, int] = {}
        for row in rows:
            for status, number in (row.by_status or {}).items():
                total[status] = total.get(status, 0) + number
        return cls(
            form_code=form.code,
            form_version=rows[0].form_version,
            period=rows[0].code,
            due_on=max(row.due_on for row in rows),
            expected=sum(row.expected for row in rows),
            by_status=total,
            indicators=[
                IndicatorPeriod(
                    period_id=row.id,
                    indicator_code=row.indicator_code,
                    indicator_name_vi=row.name_vi,
                    status=row.status,
                    status_vi=PERIOD_STATUSES[row.status][0],
                    due_on=row.due_on,
                    due_provisional=row.due_provisional,
                    expected=row.expected,
                    by_status=row.by_status or {},
                )
                for row in rows
            ],
        )


class OpenFormPeriod(ApiModel):
    """For which period a form is opened."""

    period: Code
