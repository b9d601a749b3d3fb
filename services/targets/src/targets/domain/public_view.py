"""What of a snapshot everybody may see: the same snapshot with small counts of persons left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from targets.domain.disclosure_periods import Block, Told, block_name, blocks_of, remainders, sums_around, worked_out
from targets.domain.disclosure_table import DENOMINATOR, NUMERATOR, Cell
from targets.domain.snapshot import WHOLE, Content, Figure, IndicatorFacts
from targets.domain.suppression import Release, hide

Hidden = Mapping[str, frozenset[Cell]]
"""The cells left out, by `indicator_period`; a row is an organisation's id or WHOLE."""


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
    told = [_told(block, one.hidden) for one in earlier for block in blocks_of(one.content)]
    for block in blocks_of(content):
        hidden[block.name] = _hidden(content, block, told)
        told.append(_told(block, hidden))
    figures = {
        key: _shown(figure, content.indicator(figure.indicator), hidden.get(block_name(content, figure), frozenset()))
        for key, figure in content.figures.items()
    }
    return replace(content, figures=figures), {name: cells for name, cells in hidden.items() if cells}


def _told(block: Block, hidden: Hidden) -> Told:
    return Told(block, Release(block.table.cells, hidden.get(block.name, frozenset())))


def _hidden(content: Content, block: Block, told: Sequence[Told]) -> frozenset[Cell]:
    own = [one for one in told if one.block.indicator == block.indicator]
    same = [one.release for one in own if one.block.period == block.period]
    latest: dict[object, Told] = {}
    for one in own:
        # Figures made of more periods than when they were told before say something beside those.
        latest.pop(one.block.what, None)
        latest[one.block.what] = one
    others = [one for one in reversed(latest.values()) if one.block.what != block.what]
    found = set(hide(block.table, content.rule, [*same, *worked_out(block, others)]))
    for left in remainders(block, others):
        found |= hide(left, content.rule) & block.table.cells.keys()
    for left, kept in sums_around(block, others):
        # The sum stands: this table is shown only if what protects it and the rest was left out there already.
        earlier = [Release({}, kept)]
        if not hide(block.table, content.rule, earlier) <= kept or not hide(left, content.rule, earlier) <= kept:
            return frozenset(block.table.cells)
    if content.indicator(block.indicator).source == "formula":
        # Its figures are also those of other indicators, whose tables leave out other cells: only the whole is shown.
        found |= {cell for cell in block.table.cells if cell[0] != WHOLE}
    return frozenset(found)


def _shown(figure: Figure, indicator: IndicatorFacts, hidden: frozenset[Cell]) -> Figure:
    """Return a figure without what is hidden of it; without its reports in any case, which are inside matters."""
    names = {column for row, column in hidden if row == figure.organisation}
    kept = {name: value for name, value in figure.breakdown.items() if name not in names}
    part, whole = NUMERATOR in names, DENOMINATOR in names
    # A judgement and its comparison say how large the figures are, of grades how many units were given each.
    told = names & ({NUMERATOR, DENOMINATOR} | (figure.breakdown.keys() if indicator.kind == "rating" else set()))
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
        verdict=None if told else figure.verdict,
        reports=(),
        withheld=tuple(sorted(names & shown)),
    )
