"""Figures of a series or of many organisations, with where they come from and why some are missing."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final, Literal, Self

from servicekit.text import Answer, Exact, LegalDate, Uuid
from targets.api.shared_answers import CategoryAnswer, DisputeMark, categories, mark
from targets.domain.figures import Figures, rate
from targets.domain.lineage import Body, Lineage, Succession
from targets.domain.restated_figures import Piece, Remainder, Sums
from targets.domain.restating import Source
from targets.domain.series import Shown
from targets.domain.series_wording import REASONS, REMAINDERS

View = Literal["as_reported", "restated"]
Confidence = Literal["confirmed", "inferred", "unconfirmed"]
_DECIMALS: Final = 10
_STEP: Final = Decimal(1).scaleb(-_DECIMALS)
_ROUNDING: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)
"""Products of shares have more decimals than people read; sums are made before this rounding."""


class OrganisationName(Answer):
    """An organisation in few words; `start_known` false means it stood earlier than `valid_from` says."""

    organisation_id: Uuid
    name: str
    valid_from: LegalDate
    valid_to: LegalDate | None
    start_known: bool

    @classmethod
    def of(cls, body: Body) -> Self:
        """Show an organisation."""
        span = body.span
        return cls(
            organisation_id=body.id,
            name=body.name,
            valid_from=span.valid_from,
            valid_to=span.valid_to,
            start_known=span.start_known,
        )


class SumsAnswer(Answer):
    """Numerator and denominator, and the rate in percent for reading."""

    numerator: Exact | None
    denominator: Exact | None
    rate: Exact | None


class MethodAnswer(SumsAnswer):
    """The figures counted in one way: distinct persons, memberships, or mixed where a sum holds both already."""

    counting_method: str


class PieceAnswer(Answer):
    """What one organisation reported, and how much of it is in the figure: null while the share is unknown."""

    organisation_id: Uuid
    name: str
    numerator: Exact | None
    denominator: Exact | None
    share: Exact | None
    estimated: bool
    counted: int
    expected: int


class SeriesCoverage(Answer):
    """How many of the reports expected then the figures are made from, and of how many people; missing is not zero."""

    counted: int
    expected: int
    population_counted: Exact | None
    population_expected: Exact | None
    counting_methods: list[str]


class FiguresAnswer(SumsAnswer, DisputeMark):
    """Figures, or why there are none.

    With an unknown share the figures are null, `known_part` is what is known, and `unknown` what nobody can share out.
    """

    estimated: bool
    reason: str | None
    reason_vi: str | None
    reason_en: str | None
    breakdown: list[CategoryAnswer]
    coverage: SeriesCoverage
    by_method: list[MethodAnswer]
    instead: list[OrganisationName]
    known_part: SumsAnswer | None
    unknown: list[PieceAnswer]
    pieces: list[PieceAnswer]


class PointAnswer(FiguresAnswer):
    """The figures of one period."""

    period: str
    last_day: LegalDate


class ShareUsed(Answer):
    """A succession on the way that passed on a part."""

    predecessor_id: Uuid
    successor_id: Uuid
    ratio: Exact | None
    ratio_source: str | None
    inherited: bool
    happened_on: LegalDate
    legal_basis: str
    confidence: Confidence

    @classmethod
    def of(cls, step: Succession) -> Self:
        """Show a succession."""
        own = {name: getattr(step, name) for name in cls.model_fields}
        return cls(**own)


class LineageAnswer(OrganisationName):
    """One organisation whose figures are in the series, with which share, by which document, and how surely."""

    share: Exact | None
    known_share: Exact
    estimated: bool
    confidence: Confidence
    shares: list[ShareUsed]

    @classmethod
    def of_source(cls, source: Source, lineage: Lineage) -> Self:
        """Show a source of a series."""
        part = source.part
        return cls(
            **OrganisationName.of(lineage.bodies[source.organisation_id]).model_dump(),
            share=shown(part.ratio),
            known_share=shown(part.known) or Decimal(0),
            estimated=part.estimated,
            confidence=part.confidence,
            shares=[ShareUsed.of(step) for step in part.by],
        )


class SeriesAnswer(Answer):
    """Every period of an indicator for one organisation, or for the whole when none is named.

    `day` is the day to whose organisations a restated series is restated.
    """

    indicator_code: str
    name_vi: str
    name_en: str
    unit: str
    period_kind: str
    view: View
    day: LegalDate | None
    organisation: OrganisationName | None
    lineage: list[LineageAnswer]
    points: list[PointAnswer]


class UnitFiguresAnswer(FiguresAnswer):
    """The figures of one organisation of a level."""

    organisation: OrganisationName
    kind: str


class RemainderAnswer(SumsAnswer):
    """A part of the whole that is in no figure of the list, and why; `between` are those who may have it."""

    organisation: OrganisationName
    reason: str
    reason_vi: str
    reason_en: str
    between: list[Uuid]


class UnitsAnswer(Answer):
    """One period, every organisation of a level. Restated, `items` and `remainders` together make `whole`."""

    indicator_code: str
    name_vi: str
    name_en: str
    unit: str
    period: str
    view: View
    day: LegalDate | None
    level: str
    whole: FiguresAnswer
    items: list[UnitFiguresAnswer]
    remainders: list[RemainderAnswer]


def figures_fields(found: Shown, lineage: Lineage, disputed: int) -> dict[str, Any]:
    """Return the fields of FiguresAnswer; `disputed` values stand in the figures."""
    own, made = found.sums, found.restated
    methods = made.by_method if made is not None else {}
    unknown = made.unknown if made is not None else ()
    vi, en = REASONS[found.reason] if found.reason is not None else (None, None)
    return {
        **sums_fields(own if found.has_value else Sums()),
        **mark(disputed if own.expected else 0),
        "estimated": made is not None and made.estimated,
        "reason": found.reason,
        "reason_vi": vi,
        "reason_en": en,
        "breakdown": _breakdown(own) if found.has_value else [],
        "coverage": SeriesCoverage(
            counted=own.counted,
            expected=own.expected,
            population_counted=shown(own.population_counted),
            population_expected=shown(own.population_expected),
            counting_methods=list(own.methods),
        ),
        "by_method": [MethodAnswer(counting_method=way, **sums_fields(each)) for way, each in methods.items()],
        "instead": [OrganisationName.of(body) for body in found.instead],
        "known_part": SumsAnswer(**sums_fields(own)) if unknown else None,
        "unknown": _pieces(unknown, lineage),
        "pieces": _pieces(made.pieces, lineage) if made is not None else [],
    }


def sums_fields(sums: Sums) -> dict[str, Any]:
    """Return numerator, denominator and rate."""
    percent = None if sums.numerator is None else rate(Figures(sums.numerator, sums.denominator))
    return {"numerator": shown(sums.numerator), "denominator": shown(sums.denominator), "rate": percent}


def remainder_answer(left: Remainder, lineage: Lineage) -> RemainderAnswer:
    """Show a part of the whole that is in no listed figure."""
    vi, en = REMAINDERS[left.reason]
    return RemainderAnswer(
        **sums_fields(left.sums),
        organisation=OrganisationName.of(lineage.bodies[left.organisation_id]),
        reason=left.reason,
        reason_vi=vi,
        reason_en=en,
        between=list(left.between),
    )


def shown(value: Decimal | None) -> Decimal | None:
    """Return a number with at most ten decimals."""
    exponent = 0 if value is None else value.as_tuple().exponent
    if value is None or (isinstance(exponent, int) and exponent >= -_DECIMALS):
        return value
    return value.quantize(_STEP, context=_ROUNDING)


def _breakdown(sums: Sums) -> list[CategoryAnswer]:
    return categories({name: shown(value) or Decimal(0) for name, value in sums.breakdown.items()})


def _pieces(given: Iterable[Piece], lineage: Lineage) -> list[PieceAnswer]:
    return [_piece(piece, lineage.bodies[piece.source.organisation_id]) for piece in given]


def _piece(piece: Piece, body: Body) -> PieceAnswer:
    part = piece.source.part
    return PieceAnswer(
        organisation_id=body.id,
        name=body.name,
        numerator=shown(piece.sums.numerator),
        denominator=shown(piece.sums.denominator),
        share=shown(part.ratio),
        estimated=part.estimated,
        counted=piece.sums.counted,
        expected=piece.sums.expected,
    )
