"""Sums as they are stored for an organisation and period, and what becomes of them when they are restated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from targets.domain.figures import EXACT, add
from targets.domain.restating import NOTHING, WHOLE, Part, Restating, Source

MIXED: Final = "mixed"
SHARE_UNKNOWN: Final = "share_unknown"
NO_SUCCESSOR: Final = "no_successor"
NOT_LISTED: Final = "not_listed"
NOT_PASSED_ON: Final = "not_passed_on"


@dataclass(frozen=True, slots=True)
class Sums:
    """The figures of one organisation with what lies below it, and how many of those expected they stand for."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    breakdown: Mapping[str, Decimal] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    counted: int = 0
    expected: int = 0
    population_counted: Decimal | None = None
    population_expected: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What one organisation reported, standing at which unit, and how much of it another has."""

    source: Source
    unit_id: UUID
    sums: Sums


@dataclass(frozen=True, slots=True)
class Restated:
    """The figures of one standing organisation made of what its predecessors reported.

    `known` is all of it, unless `unknown` names pieces of which nobody knows the share.
    """

    known: Sums
    unknown: tuple[Piece, ...]
    pieces: tuple[Piece, ...]

    @property
    def estimated(self) -> bool:
        """Say whether a share was multiplied with."""
        return any(piece.source.part.estimated and piece.sums.counted for piece in self.pieces)

    @property
    def by_method(self) -> dict[str, Sums]:
        """Return the known figures apart for each way of counting; nothing where there was one."""
        if len(self.known.methods) < 2:
            return {}
        ways: dict[str, list[Piece]] = {}
        for piece in self.pieces:
            if piece.sums.counted:
                ways.setdefault(piece.sums.methods[0] if len(piece.sums.methods) == 1 else MIXED, []).append(piece)
        return {way: _known(ways[way]) for way in sorted(ways)}


@dataclass(frozen=True, slots=True)
class Remainder:
    """What of an organisation's figures none of the listed ones is known to have, and why."""

    organisation_id: UUID
    sums: Sums
    reason: str
    between: tuple[UUID, ...] = ()


def restate(pieces: Iterable[Piece]) -> Restated:
    """Return the figures that pieces make; a piece of which nothing was expected is none."""
    given = tuple(piece for piece in pieces if piece.sums.expected)
    unknown = tuple(piece for piece in given if piece.source.part.ratio is None and piece.sums.counted)
    return Restated(_known(given), unknown, given)


def restate_units(
    restating: Restating, rows: Mapping[UUID, Sums], listed: Sequence[UUID]
) -> tuple[dict[UUID, Restated], list[Remainder]]:
    """Return the restated figures of the listed standing organisations, and what is left of the whole.

    Both together make the whole, where none of the listed stands below another.
    """
    wanted = frozenset(listed)
    pieces: dict[UUID, list[Piece]] = {own: [] for own in listed}
    remainders: list[Remainder] = []
    for own, row in rows.items():
        if own not in restating.lineage.bodies:
            continue
        sums = less(row, [rows[child] for child in restating.lineage.children(own) if child in rows])
        if not sums.expected:
            continue
        given = _given(restating, own, wanted)
        for unit, part in given.items():
            pieces[unit].append(Piece(Source(own, part), restating.lineage.bodies[own].unit_id, sums))
        remainders += _remainder(restating, own, sums, given, wanted)
    return {unit: restate(own) for unit, own in pieces.items()}, remainders


def _given(restating: Restating, own: UUID, wanted: frozenset[UUID]) -> dict[UUID, Part]:
    bodies = restating.lineage.bodies
    near = dict.fromkeys(step for end in restating.ends(own) if end is not None for step in bodies[end].path)
    parts = {unit: restating.part(own, frozenset([unit])) for unit in near if unit in wanted}
    return {unit: part for unit, part in parts.items() if part is not None}


def _remainder(
    restating: Restating, own: UUID, sums: Sums, given: Mapping[UUID, Part], wanted: frozenset[UUID]
) -> Iterable[Remainder]:
    bodies, ends = restating.lineage.bodies, restating.ends(own)
    top = {unit: part for unit, part in given.items() if wanted.isdisjoint(bodies[unit].path[:-1])}
    left = EXACT.subtract(WHOLE, add(part.known for part in top.values()))
    if left == NOTHING or not sums.counted:
        return
    between = tuple(unit for unit, part in top.items() if part.ratio is None)
    if between:
        reason = SHARE_UNKNOWN
    elif None in ends:
        reason = NO_SUCCESSOR
    elif any(end is not None and wanted.isdisjoint(bodies[end].path) for end in ends):
        reason = NOT_LISTED
    else:
        reason = NOT_PASSED_ON
    yield Remainder(own, scale(sums, left), reason, between)


def scale(sums: Sums, ratio: Decimal) -> Sums:
    """Return a share of figures, exactly; how many reports they stand for stays."""
    if ratio == WHOLE:
        return sums

    def part(value: Decimal | None) -> Decimal | None:
        return None if value is None else EXACT.multiply(value, ratio)

    return replace(
        sums,
        numerator=part(sums.numerator),
        denominator=part(sums.denominator),
        breakdown={name: EXACT.multiply(value, ratio) for name, value in sums.breakdown.items()},
        population_counted=part(sums.population_counted),
        population_expected=part(sums.population_expected),
    )


def total(parts: Sequence[Sums]) -> Sums:
    """Return the sum: numerators and denominators apart, breakdowns by category; people are counted by units."""
    names = {name for part in parts for name in part.breakdown}
    return Sums(
        numerator=_add_known(part.numerator for part in parts),
        denominator=_add_known(part.denominator for part in parts),
        breakdown={name: add(part.breakdown.get(name, NOTHING) for part in parts) for name in sorted(names)},
        methods=tuple(sorted({method for part in parts for method in part.methods})),
        counted=sum(part.counted for part in parts),
        expected=sum(part.expected for part in parts),
    )


def less(whole: Sums, parts: Sequence[Sums]) -> Sums:
    """Return what is left of a sum without some of what is in it: an organisation's own figures without those below."""
    if not parts:
        return whole
    below = total(parts)
    counted = whole.counted - below.counted

    def rest(one: Decimal | None, other: Decimal | None) -> Decimal | None:
        return None if one is None or not counted else EXACT.subtract(one, other or NOTHING)

    breakdown = {
        name: EXACT.subtract(value, below.breakdown.get(name, NOTHING)) for name, value in whole.breakdown.items()
    }
    return Sums(
        numerator=rest(whole.numerator, below.numerator),
        denominator=rest(whole.denominator, below.denominator),
        breakdown={name: value for name, value in breakdown.items() if value and counted},
        methods=whole.methods if counted else (),
        counted=counted,
        expected=whole.expected - below.expected,
    )


def _known(pieces: Sequence[Piece]) -> Sums:
    given = []
    for piece in pieces:
        part, sums = piece.source.part, piece.sums
        if part.known == NOTHING:
            given.append(Sums(expected=sums.expected))
        else:
            given.append(replace(scale(sums, part.known), counted=0 if part.ratio is None else sums.counted))
    counted, expected = _population(pieces)
    return replace(total(given), population_counted=counted, population_expected=expected)


def _population(pieces: Iterable[Piece]) -> tuple[Decimal | None, Decimal | None]:
    """Return the people of the units the pieces are from; who is counted at one unit by several is there once."""
    known: dict[UUID, tuple[Decimal, Decimal]] = {}
    for piece in pieces:
        counted, expected = piece.sums.population_counted, piece.sums.population_expected
        ratio = piece.source.part.ratio
        if counted is None or expected is None or ratio is None:
            return None, None
        had = known.get(piece.unit_id, (NOTHING, NOTHING))
        here = EXACT.multiply(counted, ratio), EXACT.multiply(expected, ratio)
        known[piece.unit_id] = max(had[0], here[0]), max(had[1], here[1])
    return add(counted for counted, _ in known.values()), add(expected for _, expected in known.values())


def _add_known(values: Iterable[Decimal | None]) -> Decimal | None:
    given = [value for value in values if value is not None]
    return add(given) if given else None
