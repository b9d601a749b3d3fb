"""What of a snapshot everybody may see: the same snapshot with small counts of persons left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from targets.domain.disclosure_table import DENOMINATOR, NUMERATOR, Cell, Table, table_of
from targets.domain.snapshot import WHOLE, Content, Figure, IndicatorFacts, Part
from targets.domain.suppression import Release, hide

Hidden = Mapping[str, frozenset[Cell]]
"""The cells left out, by `indicator_period`; a row is an organisation's id or WHOLE."""

_Told = tuple[Part, Release]


@dataclass(frozen=True, slots=True)
class Published:
    """An earlier publication: the true content, and what of it was left out."""

    content: Content
    hidden: Hidden


def public_view(content: Content, earlier: Sequence[Published] = ()) -> tuple[Content, Hidden]:
    """Return the view for everybody, and what it leaves out against this content and all earlier publications.

    Shorter periods come first: a year less its published quarters is a difference like any other.
    """
    hidden: dict[str, frozenset[Cell]] = {}
    told = [(part, _release(one.content, part, one.hidden)) for one in earlier for part in one.content.parts]
    for part in sorted(content.parts, key=lambda one: (one.last_day - one.first_day, one.last_day)):
        if content.indicator(part.indicator).small_cells:
            hidden[part_name(part)] = _hidden(content, part, told)
            told.append((part, _release(content, part, hidden)))
    figures = {
        key: _shown(figure, content.indicator(figure.indicator), hidden.get(_part_of(figure), frozenset()))
        for key, figure in content.figures.items()
    }
    return replace(content, figures=figures), {name: cells for name, cells in hidden.items() if cells}


def part_name(part: Part) -> str:
    """Return the name of a part within its snapshot."""
    return f"{part.indicator}_{part.period}"


def _part_of(figure: Figure) -> str:
    return f"{figure.indicator}_{figure.period}"


def _release(content: Content, part: Part, hidden: Hidden) -> Release:
    return Release(_table(content, part).cells, hidden.get(part_name(part), frozenset()))


def _hidden(content: Content, part: Part, told: Sequence[_Told]) -> frozenset[Cell]:
    table = _table(content, part)
    own = [(other, release) for other, release in told if other.indicator == part.indicator]
    same = [release for other, release in own if other.period == part.period]
    latest = {other.period: (other, release) for other, release in own if other.period != part.period}
    found = hide(table, content.rule, [*same, *_worked_out(part, list(latest.values()))])
    if content.indicator(part.indicator).source == "formula":
        # Its figures are also those of other indicators, whose tables leave out other cells: only the whole is shown.
        found |= {cell for cell in table.cells if cell[0] != WHOLE}
    return found


def _worked_out(part: Part, others: Sequence[_Told]) -> Iterator[Release]:
    """Yield what a reader could take this period's figures for, from published periods around it and within it."""
    inside = _apart([one for one in others if _within(one[0], part)])
    if inside:
        yield _combined(None, inside)
    for around, release in others:
        if _within(part, around):
            beside = [one for one in others if _within(one[0], around) and not _overlap(one[0], part)]
            yield _combined(release, _apart(beside))


def _within(inner: Part, outer: Part) -> bool:
    return outer.first_day <= inner.first_day and inner.last_day <= outer.last_day and inner.period != outer.period


def _overlap(one: Part, other: Part) -> bool:
    return one.first_day <= other.last_day and other.first_day <= one.last_day


def _apart(parts: Sequence[_Told]) -> list[_Told]:
    """Keep periods that do not overlap, the longest first."""
    kept: list[_Told] = []
    for one in sorted(parts, key=lambda found: (found[0].first_day - found[0].last_day, found[0].first_day)):
        if not any(_overlap(one[0], other[0]) for other in kept):
            kept.append(one)
    return kept


def _combined(whole: Release | None, parts: Sequence[_Told]) -> Release:
    """Return the sum of the parts, or what is left of the whole without them; hidden wherever one of them is."""
    releases = [release for _, release in parts]
    cells: dict[Cell, Decimal] = dict(whole.cells) if whole else {}
    hidden = set(whole.hidden) if whole else set()
    for release in releases:
        hidden |= release.hidden
        for cell, value in release.cells.items():
            cells[cell] = cells.get(cell, Decimal(0)) + (-value if whole else value)
    return Release(cells, frozenset(hidden))


def _table(content: Content, part: Part) -> Table:
    given = {name: figure.figures for name, figure in content.figures_of(part).items()}
    figures = {name: found for name, found in given.items() if found is not None}
    parents: dict[str, str | None] = {}
    for name in figures:
        above = None if name == WHOLE else content.places[name].parent
        while above is not None and above not in figures:
            above = content.places[above].parent
        parents[name] = above if above is not None or name == WHOLE or WHOLE not in figures else WHOLE
    return table_of(figures, parents)


def _shown(figure: Figure, indicator: IndicatorFacts, hidden: frozenset[Cell]) -> Figure:
    """Return a figure without what is hidden of it; without its reports in any case, which are inside matters."""
    names = {column for row, column in hidden if row == figure.organisation}
    kept = {name: value for name, value in figure.breakdown.items() if name not in names}
    part, whole = NUMERATOR in names, DENOMINATOR in names
    # A judgement and its comparison say how large the figures are.
    verdict = None if part or whole else figure.verdict
    shown = {NUMERATOR, DENOMINATOR, *figure.breakdown}
    # Where figures are not reported by units, what was counted are persons too: the denominator under another name.
    units = indicator.source == "reports" or not indicator.small_cells
    return replace(
        figure,
        counted=figure.counted if units else None,
        expected=figure.expected if units else None,
        numerator=None if part else figure.numerator,
        denominator=None if whole else figure.denominator,
        breakdown=kept,
        verdict=verdict,
        reports=(),
        withheld=tuple(sorted(names & shown)),
    )
