"""What is said about snapshots and their figures."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field
from sqlalchemy import Row

from servicekit.identity import Actor
from servicekit.lifecycle import actions_from
from servicekit.text import Answer, ApiModel, Code, Coded, Exact, Instant, LegalDate, SafeLine, Uuid
from targets.api.shared_answers import CategoryAnswer, categories
from targets.domain.snapshot import Change, Figure, IndicatorFacts, Part, Verdict
from targets.domain.snapshot_steps import STEPS
from targets.domain.snapshot_wording import KINDS, STATUSES
from targets.domain.suppression import SmallCellRule
from targets.domain.wording import JUDGEMENTS, REASONS
from targets.queries.scope import roles_towards

SnapshotKind = Literal["interim_review", "final_review"]
SnapshotStatus = Literal["draft", "issued"]
View = Literal["internal", "public"]
Language = Literal["vi", "en"]
FigureKey = Annotated[
    str,
    Coded(
        "[A-Za-z0-9][A-Za-z0-9.-]*_[0-9]{4}(?:S[12]|Q[1-4]|T[0-9]{4}|[01][0-9](?:[0-3][0-9])?)?_(?:city|[0-9a-f-]{36})",
        max_length=120,
    ),
]
"""Indicator, period, and organisation (`city` for the whole): TGT-01_2025_city."""


class NewSnapshotBody(ApiModel):
    """What to freeze."""

    kind: SnapshotKind
    title: SafeLine
    resolution: Annotated[SafeLine, Field(description="Number of the resolution: 08-NQ/TU")]
    periods: Annotated[list[Code], Field(min_length=1, max_length=12)]
    supersedes: Uuid | None = None


class IssueBody(ApiModel):
    """The document with which the snapshot is issued."""

    number: Annotated[SafeLine, Field(description="Number and sign of the document: 12-BC/BTGDV")]
    issued_on: LegalDate


class SnapshotHead(Answer):
    """What every view of a snapshot begins with; `sha256` is of this view's content."""

    kind: SnapshotKind
    kind_vi: str
    kind_en: str
    title: str
    resolution: str
    periods: list[str]
    supersedes: Uuid | None
    sha256: str


class SnapshotAnswer(SnapshotHead):
    """A snapshot as its readers see it."""

    id: Uuid
    status: SnapshotStatus
    status_vi: str
    status_en: str
    version: int
    made_at: Instant
    made_by: Uuid
    number: str | None
    issued_on: LegalDate | None
    issued_by: Uuid | None
    possible_actions: list[str]

    @classmethod
    def of(cls, row: Row[Any], actor: Actor) -> Self:
        """Show a stored snapshot."""
        possible = actions_from(STEPS, row.status, roles_towards(actor, (), row.boards))
        status_vi, status_en = STATUSES[row.status]
        names = ("id", "status", "version", "made_at", "made_by", "number", "issued_on", "issued_by")
        return cls(
            **head_fields(row),
            **{name: getattr(row, name) for name in names},
            status_vi=status_vi,
            status_en=status_en,
            possible_actions=[] if row.made_by == actor.id else possible,
        )


class PublishedAnswer(SnapshotHead):
    """A published snapshot as everybody sees it."""

    id: Uuid
    number: str
    issued_on: LegalDate

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a published snapshot."""
        return cls(**head_fields(row), id=row.snapshot_id, number=row.number, issued_on=row.issued_on)


def head_fields(row: Row[Any]) -> dict[str, Any]:
    """Return the fields of SnapshotHead."""
    kind_vi, kind_en = KINDS[row.kind]
    names = ("kind", "title", "resolution", "periods", "supersedes", "sha256")
    return {name: getattr(row, name) for name in names} | {"kind_vi": kind_vi, "kind_en": kind_en}


class VerdictAnswer(Answer):
    """The judgement when the snapshot was made."""

    status: str
    status_vi: str
    status_en: str
    reason: str
    reason_vi: str
    reason_en: str
    provisional: bool
    comparison: str | None

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Show a judgement."""
        vi, en = JUDGEMENTS[verdict.status]
        reason_vi, reason_en = REASONS[verdict.reason]
        return cls(
            status=verdict.status,
            status_vi=vi,
            status_en=en,
            reason=verdict.reason,
            reason_vi=reason_vi,
            reason_en=reason_en,
            provisional=verdict.provisional,
            comparison=verdict.comparison,
        )


class FrozenTarget(Answer):
    """The target version the figure was held against."""

    number: int
    comparator: str
    value: Exact | None
    minimum_coverage: Exact | None
    decision: str
    decided_on: LegalDate


class DisputeAnswer(Answer):
    """What is said against a figure."""

    text_vi: str
    text_en: str


class ReportBehindAnswer(Answer):
    """One approved report in the version that was counted."""

    id: Uuid
    version: int
    organisation_id: Uuid


class FigureAnswer(Answer):
    """One figure with its formula, inputs and origin.

    `withheld` names what is left out because it would show, or let work out, a small number of persons.
    """

    key: str
    indicator_code: str
    indicator_name_vi: str
    indicator_name_en: str
    clause: str
    quote: str
    period: str
    period_status: str
    organisation_id: Uuid | None
    organisation_name: str | None
    value: Exact | None
    unit: str
    formula_vi: str
    formula_en: str
    numerator: Exact | None
    denominator: Exact | None
    breakdown: list[CategoryAnswer]
    withheld: list[str]
    withheld_below: int | None
    counting_methods: list[str]
    counted: int | None
    expected: int | None
    population_counted: Exact | None
    population_expected: Exact | None
    target: FrozenTarget | None
    verdict: VerdictAnswer | None
    computed_at: Instant
    computed_version: int
    disputed: bool
    disputes: list[DisputeAnswer]
    reports: list[ReportBehindAnswer]

    @classmethod
    def of(
        cls,
        figure: Figure,
        indicator: IndicatorFacts,
        part: Part,
        rule: SmallCellRule,
        *,
        organisation: tuple[str, str] | None,
        formula: tuple[str, str],
    ) -> Self:
        """Show a frozen figure; `organisation` is id and name, None for the whole."""
        return cls(
            key=figure.key,
            indicator_code=indicator.code,
            indicator_name_vi=indicator.name_vi,
            indicator_name_en=indicator.name_en,
            clause=indicator.clause,
            quote=indicator.quote,
            period=figure.period,
            period_status=part.period_status,
            organisation_id=organisation[0] if organisation else None,
            organisation_name=organisation[1] if organisation else None,
            value=figure.value(indicator.kind),
            unit=indicator.unit,
            formula_vi=formula[0],
            formula_en=formula[1],
            numerator=figure.numerator,
            denominator=figure.denominator,
            breakdown=categories(dict(figure.breakdown)),
            withheld=list(figure.withheld),
            withheld_below=rule.threshold if figure.withheld else None,
            counting_methods=list(figure.methods),
            counted=figure.counted,
            expected=figure.expected,
            population_counted=figure.population_counted,
            population_expected=figure.population_expected,
            target=None if part.target is None else FrozenTarget.model_validate(part.target),
            verdict=None if figure.verdict is None else VerdictAnswer.of(figure.verdict),
            computed_at=figure.computed_at,
            computed_version=figure.told,
            disputed=bool(figure.disputes),
            disputes=[DisputeAnswer.model_validate(one) for one in figure.disputes],
            reports=[ReportBehindAnswer.model_validate(one) for one in figure.reports],
        )


class ChangeAnswer(Answer):
    """One value that is another than in the earlier snapshot; null where there was or is none."""

    key: str
    indicator_code: str
    period: str
    organisation: str
    name: str
    before: str | None
    after: str | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """Show a change."""
        return cls(
            key=change.key,
            indicator_code=change.indicator,
            period=change.period,
            organisation=change.organisation,
            name=change.name,
            before=change.before,
            after=change.after,
        )
