"""What is sent and said about signing many reports at once."""

from collections.abc import Sequence
from typing import Annotated, Final, Self

from pydantic import Field

from servicekit.text import Answer, ApiModel, SafeText, Uuid, WholeNumber
from targets.actions.sign_reports import Outcome
from targets.domain.reports import ReportFacts

AT_ONCE: Final = 2000
"""More would take longer than a caller waits; a whole half-year of the city is three or four calls."""
Version = Annotated[int, WholeNumber(ge=1, le=999_999_999)]


class SignedBody(ApiModel):
    """A report as it was read."""

    report_id: Uuid
    version: Version


class SignBody(ApiModel):
    """The reports to sign, each at the version it was read at."""

    reports: Annotated[list[SignedBody], Field(min_length=1, max_length=AT_ONCE)]


class ReturnedBody(SignedBody):
    """A report to send back, and why."""

    reason: SafeText


class ReturnManyBody(ApiModel):
    """The reports to send back, each with its own reason."""

    reports: Annotated[list[ReturnedBody], Field(min_length=1, max_length=AT_ONCE)]


class AcceptedAnswer(Answer):
    """A report that was signed or sent back."""

    report_id: Uuid
    indicator_code: str
    status: str
    version: int


class RefusedAnswer(Answer):
    """A report that was not, and why."""

    report_id: Uuid
    indicator_code: str | None
    code: str
    vi: str
    en: str


class UnitOutcome(Answer):
    """What came of one unit's reports; without a unit: what is not visible or not of this form."""

    organisation_id: Uuid | None
    organisation_name: str | None
    accepted: list[AcceptedAnswer]
    refused: list[RefusedAnswer]


class SignedAnswer(Answer):
    """What came of every report named: nothing is passed over in silence."""

    accepted: int
    refused: int
    units: list[UnitOutcome]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Self:
        """Show the outcomes by unit."""
        by_unit: dict[tuple[str, object], list[Outcome]] = {}
        for one in outcomes:
            around = one.report.around if one.report else None
            key = ("", None) if around is None else (around.organisation_name, around.organisation_id)
            by_unit.setdefault(key, []).append(one)
        units = [_unit(parts) for _, parts in sorted(by_unit.items(), key=lambda part: (part[0][0], str(part[0][1])))]
        accepted = sum(len(unit.accepted) for unit in units)
        return cls(accepted=accepted, refused=len(outcomes) - accepted, units=units)


def _unit(outcomes: Sequence[Outcome]) -> UnitOutcome:
    around = outcomes[0].report.around if outcomes[0].report else None
    return UnitOutcome(
        organisation_id=around.organisation_id if around else None,
        organisation_name=around.organisation_name if around else None,
        accepted=[
            AcceptedAnswer(
                report_id=one.report_id,
                indicator_code=one.report.around.indicator.code,
                status=one.report.status,
                version=one.report.version,
            )
            for one in outcomes
            if one.report is not None and one.problem is None
        ],
        refused=[
            RefusedAnswer(
                report_id=one.report_id,
                indicator_code=one.report.around.indicator.code if one.report else None,
                code=one.problem.code,
                vi=one.problem.text("vi"),
                en=one.problem.text("en"),
            )
            for one in outcomes
            if one.problem is not None
        ],
    )


class WaitingReport(Answer):
    """A report that waits for the caller; what signing wants to be sent."""

    report_id: Uuid
    version: int
    indicator_code: str
    organisation_id: Uuid
    status: str
    level: str | None
    returns: int


class WaitingAnswer(Answer):
    """Every report at or below an organisation that the caller could sign now."""

    reports: list[WaitingReport]

    @classmethod
    def of(cls, reports: Sequence[ReportFacts]) -> Self:
        """Show them."""
        return cls(
            reports=[
                WaitingReport(
                    report_id=one.id,
                    version=one.version,
                    indicator_code=one.around.indicator.code,
                    organisation_id=one.around.organisation_id,
                    status=one.status,
                    level=one.signing.pending.key if one.signing.pending else None,
                    returns=one.signing.returns,
                )
                for one in reports
            ]
        )
