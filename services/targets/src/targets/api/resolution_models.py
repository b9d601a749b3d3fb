"""A resolution as data, as it is sent: the shape of the seed files of Resolution 08-NQ/TU.

What several indicators share (who answers, breakdowns, questions) is given once and named by its key. What may be left
out is filled in by `domain/resolution_document.py`; rules between fields are checked in `domain/resolution_checks.py`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from servicekit.text import ApiModel, Code, Coded, Exact, Flag, Key, LegalDate, SafeLine, SafeText, Text, WholeNumber
from targets.api.indicator_answers import IndicatorKind, Section, Source
from targets.api.shared_answers import Comparator

Number = Annotated[str, Text(max_length=64)]
Path = Annotated[str, Coded("[A-Za-z0-9]+(\\.[A-Za-z0-9]+)*")]
Choice = Annotated[str, Coded("[A-Za-z0-9][A-Za-z0-9_.]*")]
PeriodKindName = Literal["month", "quarter", "half", "year", "term", "date"]
Level = Literal["city", "district", "commune"]
MOST = 500
Keys = Annotated[list[Key], Field(max_length=50)]
Kinds = Annotated[list[PeriodKindName], Field(max_length=6)]


class Instrument(ApiModel):
    """The resolution itself; it is valid from the day it was issued unless another day is given."""

    number: Number
    title: SafeText
    issued_on: LegalDate
    issued_by: SafeLine
    valid_from: LegalDate | None = None
    valid_to: LegalDate | None = None


class Part(ApiModel):
    """A part of the text with its heading, word for word, and an editor's note."""

    path: Path
    heading: SafeText | None = None
    note_vi: SafeText | None = None
    note_en: SafeText | None = None


class Body(ApiModel):
    """Who answers: as the text says, who that is now, and whether the succession was seen in a source."""

    key: Key
    vi: SafeText
    now_vi: SafeText
    confidence: Literal["seen", "unconfirmed"]
    kinds: Keys


class Category(ApiModel):
    """One line of a breakdown."""

    key: Key
    vi: SafeLine
    en: SafeLine


class Breakdown(ApiModel):
    """A way to break figures down."""

    key: Key
    name_vi: SafeLine
    name_en: SafeLine
    categories: Annotated[list[Category], Field(min_length=1, max_length=100)]


class Option(ApiModel):
    """An answer a question can have."""

    answer: Choice
    vi: SafeText
    en: SafeText


class Question(ApiModel):
    """What the text leaves open, the answer in use, and the choices; `sets` names what it changes for judging."""

    key: Key
    question_vi: SafeText
    question_en: SafeText
    answer: Choice
    options: Annotated[list[Option], Field(min_length=1, max_length=50)]
    number: Flag = False
    sets: Literal["value", "minimum_coverage", "counting_method", "aggregation_scope", "period_kind"] | None = None


class TargetVersion(ApiModel):
    """A figure to be reached, from when to when, by which decision; no `value` where the text names none."""

    number: Annotated[int, WholeNumber(ge=1, le=1000)]
    comparator: Comparator
    value: Exact | None = None
    valid_from: LegalDate
    valid_to: LegalDate | None = None
    aggregation_scope: Key = "city_total"
    counting_method: Key = "as_reported"
    minimum_coverage: Exact | None = None
    baseline_value: Exact | None = None
    baseline_on: LegalDate | None = None
    decision: Number
    decided_on: LegalDate


class Formula(ApiModel):
    """How an indicator is made of others."""

    numerator: SafeLine
    denominator: SafeLine | None = None


class Indicator(ApiModel):
    """One target, goal, task or duty with the resolution's exact words."""

    code: Code
    under: Code | None = None
    section: Section
    name_vi: SafeText
    name_en: SafeText
    clause: SafeLine
    quote: SafeText
    kind: IndicatorKind
    unit: Key | None = None
    direction: Literal["higher", "lower"] = "higher"
    whole_numbers: Flag = True
    numerator_vi: SafeText | None = None
    numerator_en: SafeText | None = None
    denominator_vi: SafeText | None = None
    denominator_en: SafeText | None = None
    responsible: Annotated[list[Key], Field(min_length=1, max_length=20)]
    source: Source = "reports"
    data_source_vi: SafeText | None = None
    data_source_en: SafeText | None = None
    period_kind: PeriodKindName = "year"
    reporting_kinds: Kinds | None = None
    time_aggregation: Literal["sum", "last"] | None = None
    reporter_kinds: Keys | None = None
    reporter_level: Level = "commune"
    counting_method: Key = "as_reported"
    definition_vi: SafeText | None = None
    definition_en: SafeText | None = None
    editor_note_vi: SafeText | None = None
    editor_note_en: SafeText | None = None
    evidence_required: Flag | None = None
    lower_bound: Exact | None = None
    upper_bound: Exact | None = None
    formula: Formula | None = None
    breakdowns: Keys | None = None
    shared_questions: Keys | None = None
    answers: dict[Key, Choice] | None = None
    questions: Annotated[list[Question], Field(max_length=50)] | None = None
    targets: Annotated[list[TargetVersion], Field(max_length=50)] | None = None


class LastDayBody(ApiModel):
    """Until when a resolution is in force, by which decision."""

    valid_to: LegalDate
    decision: Number
    decided_on: LegalDate


class ResolutionBody(ApiModel):
    """A whole resolution. `text`, its own words, is not stored: quotations and headings are held against it."""

    instrument: Instrument
    parts: Annotated[list[Part], Field(min_length=1, max_length=MOST)]
    bodies: Annotated[list[Body], Field(min_length=1, max_length=MOST)]
    breakdowns: Annotated[list[Breakdown], Field(max_length=MOST)] = Field(default_factory=list)
    questions: Annotated[list[Question], Field(max_length=MOST)] = Field(default_factory=list)
    indicators: Annotated[list[Indicator], Field(min_length=1, max_length=MOST)]
    text: Annotated[str, Text(max_length=500_000, lines=True)] | None = None

    def document(self) -> dict[str, Any]:
        """Return what the domain reads: only what was sent."""
        return self.model_dump(exclude_none=True, exclude={"text"})
