"""What is sent and said about a unit's sheet."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

from pydantic import Field

from servicekit.text import Answer, ApiModel, Code, Exact, LegalDate, SafeLine, SafeText, Uuid
from targets.api.report_models import CountingMethod, flags
from targets.api.shared_answers import Category, CategoryAnswer, DisputeMark, categories, mark
from targets.domain.reports import ReportFacts
from targets.domain.wording import PERIOD_STATUSES, REPORT_STATUSES
from targets.queries.sheets import SheetLine


class SheetValueBody(ApiModel):
    """The value of one indicator; what is left out stays as it is."""

    indicator_code: Code
    numerator: Exact | None = None
    denominator: Exact | None = None
    breakdown: dict[Category, Exact] | None = None
    counting_method: CountingMethod | None = None
    denominator_source: SafeLine | None = None
    note: SafeText | None = None
    reason: SafeText | None = None


class SheetBody(ApiModel):
    """Values of a sheet: all of them are stored, or none."""

    values: Annotated[list[SheetValueBody], Field(min_length=1, max_length=200)]


class SheetReport(Answer):
    """What is entered for an indicator, and what the caller may do with it."""

    id: Uuid
    status: str
    status_vi: str
    version: int
    numerator: Exact
    denominator: Exact | None
    breakdown: list[CategoryAnswer]
    counting_method: str
    denominator_source: str | None
    note: str | None
    return_reason: str | None
    returns: int
    submitted_on: LegalDate | None
    on_time: bool | None
    may_submit: bool
    may_verify: bool
    may_approve: bool
    may_return: bool
    may_reopen: bool

    @classmethod
    def of(cls, report: ReportFacts, today: date) -> Self:
        """Show a report on its sheet."""
        return cls(
            id=report.id,
            status=report.status,
            status_vi=REPORT_STATUSES[report.status][0],
            version=report.version,
            numerator=report.figures.numerator,
            denominator=report.figures.denominator,
            breakdown=categories(dict(report.figures.breakdown)),
            counting_method=report.counting_method,
            denominator_source=report.denominator_source,
            note=report.note,
            return_reason=report.return_reason,
            returns=report.signing.returns,
            submitted_on=report.submitted_on,
            on_time=report.on_time,
            **flags(report, today),
        )


class PreviousValue(Answer):
    """What the unit reported for the period before."""

    status: str
    numerator: Exact
    denominator: Exact | None


class SheetLineAnswer(DisputeMark):
    """One indicator of a sheet, with the rules its value must keep."""

    indicator_code: str
    indicator_name_vi: str
    indicator_name_en: str
    kind: str
    unit: str
    whole_numbers: bool
    numerator_vi: str
    numerator_en: str
    denominator_vi: str | None
    denominator_en: str | None
    categories: list[str]
    period_id: Uuid
    period_status: str
    period_status_vi: str
    due_on: LegalDate
    reopened_until: LegalDate | None
    evidence_required: bool
    evidence: int
    report: SheetReport | None
    previous: PreviousValue | None

    @classmethod
    def of(cls, line: SheetLine, today: date) -> Self:
        """Show one line."""
        around, indicator = line.around, line.around.indicator
        status = around.period_status(today)
        previous = None
        if line.previous_status is not None and line.previous_numerator is not None:
            previous = PreviousValue(
                status=line.previous_status,
                numerator=line.previous_numerator,
                denominator=line.previous_denominator,
            )
        return cls(
            **mark(0 if line.report is None else line.report.disputed),
            indicator_code=indicator.code,
            indicator_name_vi=indicator.name_vi,
            indicator_name_en=indicator.name_en,
            kind=indicator.kind,
            unit=indicator.unit,
            whole_numbers=indicator.whole_numbers,
            numerator_vi=line.numerator_vi,
            numerator_en=line.numerator_en,
            denominator_vi=line.denominator_vi,
            denominator_en=line.denominator_en,
            categories=list(indicator.categories),
            period_id=around.period.id,
            period_status=status,
            period_status_vi=PERIOD_STATUSES[status][0],
            due_on=around.period.due_on,
            reopened_until=around.reopened_until,
            evidence_required=line.evidence_needed,
            evidence=line.evidence,
            report=None if line.report is None else SheetReport.of(line.report, today),
            previous=previous,
        )


class SheetAnswer(Answer):
    """Everything a unit owes of a form in one period; the ETag is that of the whole sheet."""

    form_code: str
    period: str
    organisation_id: Uuid
    organisation_name: str
    lines: list[SheetLineAnswer]

    @classmethod
    def of(cls, form_code: str, lines: Sequence[SheetLine], today: date) -> Self:
        """Show a sheet."""
        around = lines[0].around
        return cls(
            form_code=form_code,
            period=around.period.code,
            organisation_id=around.organisation_id,
            organisation_name=around.organisation_name,
            lines=[SheetLineAnswer.of(line, today) for line in lines],
        )


class FilledAnswer(SheetAnswer):
    """A sheet after values were stored."""

    entered: int
    changed: int
    unchanged: int
