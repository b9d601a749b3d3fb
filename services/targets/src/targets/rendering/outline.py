"""Lays a snapshot out as a review's report: results, who is missing, disputes, method, annex."""

from collections.abc import Iterator
from decimal import Decimal

from targets.domain.figures import is_ratio
from targets.domain.snapshot import WHOLE, Figure, IndicatorFacts, Part
from targets.domain.snapshot_wording import formula, target_words
from targets.domain.wording import JUDGEMENTS, REASONS
from targets.rendering.blocks import Bar, Block, Chart, Grid, Heading, Paper, Paragraph, Run, Runs, plain_text
from targets.rendering.edition import Edition

_COLUMNS = 6
"""How many indicators stand side by side in the annex."""


def lay_out(edition: Edition) -> Paper:
    """Return the report."""
    words, content = edition.words, edition.content
    resolution = content.resolution
    day = edition.issued_on or content.made_on
    number = edition.number or ""
    title = words["resolution"].format(
        number=resolution.number, date=edition.day(resolution.issued_on), title=resolution.title
    )
    notices = [] if edition.number else [words["draft"]]
    notices.append(words["public"].format(threshold=content.rule.threshold) if edition.public else words["internal"])
    return Paper(
        language=edition.language,
        authority=edition.authority,
        motto=edition.motto,
        number=Run(words["number"] + number if number else words["no_number"]),
        place_and_date=words["place_and_date"].format(day=f"{day:%d}", month=f"{day:%m}", year=day.year),
        kind=words[f"kind_{edition.kind}"],
        title=f"{edition.title} – {title}",
        notice=" ".join(notices),
        blocks=tuple(_blocks(edition)),
    )


def _blocks(edition: Edition) -> Iterator[Block]:
    words, content = edition.words, edition.content
    frozen = words["frozen_on"].format(date=edition.day(content.made_on), sha256=edition.sha256)
    yield Paragraph(plain_text(words["periods"] + ", ".join(content.periods) + ". " + frozen))
    yield Heading(words["results"])
    yield from _results(edition)
    yield Heading(words["missing"])
    yield from _missing(edition)
    yield Heading(words["disputes"])
    yield from _disputes(edition)
    yield Heading(words["method"])
    yield from _method(edition)
    yield Heading(words["annex"])
    yield from _annex(edition)


def _whole(edition: Edition, part: Part) -> Figure | None:
    return edition.content.figures_of(part).get(WHOLE)


def _results(edition: Edition) -> Iterator[Block]:
    words = edition.words
    header = tuple(words[name] for name in ("indicator", "quote", "result", "target", "verdict", "coverage"))
    rows, bars = [], []
    for part in edition.content.parts:
        indicator = edition.content.indicator(part.indicator)
        figure = _whole(edition, part)
        rows.append(_result_row(edition, part, indicator, figure))
        if figure is not None and is_ratio(indicator.kind) and figure.rate is not None:
            mark = part.target.value if part.target else None
            label = f"{indicator.code} ({part.period})"
            bars.append(Bar(label, edition.result(figure, indicator), figure.rate, mark))
    yield Grid(header, tuple(rows), (6, 8, 4, 3, 5, 4))
    if bars:
        yield Chart(words["chart"], Decimal(100), tuple(bars))
    for part in edition.content.parts:
        figure = _whole(edition, part)
        if figure is not None:
            yield from _breakdown(edition, part, figure)


def _breakdown(edition: Edition, part: Part, figure: Figure) -> Iterator[Block]:
    """Say what the whole is made of, each category with its source."""
    names = edition.content.indicator(part.indicator).categories
    categories = sorted({*figure.breakdown, *figure.withheld} - {"numerator", "denominator"})
    if not categories:
        return
    runs = [Run(f"{part.indicator} ({part.period}): ", bold=True)]
    for number, name in enumerate(categories):
        value = figure.breakdown.get(name)
        said = edition.words["withheld"] if value is None else edition.number_words(value)
        label = edition.one_of(names.get(name, (name, name)))
        runs += [Run(f"{'; ' if number else ''}{label}: "), Run(said, edition.link(figure))]
    yield Paragraph(tuple(runs), bullet=True)


def _result_row(edition: Edition, part: Part, indicator: IndicatorFacts, figure: Figure | None) -> tuple[Runs, ...]:
    words = edition.words
    name = edition.one_of((indicator.name_vi, indicator.name_en))
    target = edition.one_of(target_words(part.target, indicator.unit))
    return (
        (Run(f"{indicator.code} ", bold=True), Run(f"{name} ({part.period})")),
        (Run(f"“{indicator.quote}”", italic=True), Run(f" ({indicator.clause})")),
        _result(edition, indicator, figure),
        (Run(target),),
        plain_text(words["nothing"]) if figure is None else _verdict(edition, figure),
        plain_text(words["nothing"]) if figure is None else _coverage(edition, figure),
    )


def _result(edition: Edition, indicator: IndicatorFacts, figure: Figure | None) -> Runs:
    if figure is None:
        return plain_text(edition.words["nothing"])
    runs = [edition.result(figure, indicator)]
    if figure.numerator is not None and figure.denominator is not None:
        link = edition.link(figure)
        runs += [
            Run(" ("),
            Run(edition.number_words(figure.numerator), link),
            Run(" / "),
            Run(edition.number_words(figure.denominator), link),
            Run(")"),
        ]
    if figure.disputes:
        runs.append(Run(f" [{edition.words['disputed']}]", bold=True))
    return tuple(runs)


def _verdict(edition: Edition, figure: Figure) -> Runs:
    if figure.verdict is None:
        return (Run(edition.words["withheld"], edition.link(figure), italic=True),)
    said = edition.one_of(JUDGEMENTS[figure.verdict.status])
    why = edition.one_of(REASONS[figure.verdict.reason])
    late = f" ({edition.words['provisional']})" if figure.verdict.provisional else ""
    return (Run(said, bold=True), Run(f"{late}. {why}"))


def _coverage(edition: Edition, figure: Figure) -> Runs:
    link = edition.link(figure)
    if figure.counted is None:
        return (Run(edition.words["withheld"], link, italic=True),)
    if not figure.expected:
        return plain_text(edition.words["not_owed"])
    runs = [Run(edition.words["of"].format(counted=figure.counted, expected=figure.expected), link)]
    if figure.population_counted is not None and figure.population_expected:
        share = (figure.population_counted * 100 / figure.population_expected).quantize(Decimal("0.1"))
        said = edition.words["people"].format(share=edition.number_words(share))
        runs += [Run("; "), Run(said, link)]
    if figure.periods not in ((), (figure.period,)):
        runs.append(Run(f"; {edition.words['gathered']}{', '.join(figure.periods)}"))
    if figure.missing_periods:
        runs.append(Run(f"; {edition.words['lacking']}{', '.join(figure.missing_periods)}"))
    return tuple(runs)


def _missing(edition: Edition) -> Iterator[Block]:
    words = edition.words
    owing = [part for part in edition.content.parts if part.missing]
    if not owing:
        opened = any(_was_asked(edition, part) for part in edition.content.parts)
        yield Paragraph(plain_text(words["nobody_missing" if opened else "nobody_asked"]))
        return
    for part in owing:
        names = ", ".join(sorted(edition.name_of(one) for one in part.missing))
        figure = _whole(edition, part)
        number = Run(f"{len(part.missing)}", edition.link(figure) if figure else None)
        yield Paragraph(
            (Run(f"{part.indicator} ({part.period}): ", bold=True), number, Run(f" – {names}.")), bullet=True
        )


def _was_asked(edition: Edition, part: Part) -> bool:
    """Say whether units owed reports for a part: for its period, or for those its figures are gathered from."""
    reported = edition.content.indicator(part.indicator).source == "reports"
    figure = _whole(edition, part)
    return part.period_status in ("open", "closed") or (reported and figure is not None and bool(figure.periods))


def _disputes(edition: Edition) -> Iterator[Block]:
    content = edition.content
    disputed = [figure for figure in content.figures.values() if figure.disputes]
    if not disputed:
        yield Paragraph(plain_text(edition.words["no_disputes"]))
    for figure in disputed:
        indicator = content.indicator(figure.indicator)
        where = f"{figure.indicator} ({figure.period}), {edition.name_of(figure.organisation)}: "
        for dispute in figure.disputes:
            said = edition.one_of((dispute.text_vi, dispute.text_en))
            runs = (Run(where, bold=True), edition.result(figure, indicator), Run(f" – {said}"))
            yield Paragraph(runs, bullet=True)


def _method(edition: Edition) -> Iterator[Block]:
    words, content = edition.words, edition.content
    yield Paragraph(plain_text(words["method_sums"]))
    if edition.public:
        source = edition.one_of((content.rule.source_vi, content.rule.source_en))
        small = words["method_small"].format(last=content.rule.threshold - 1, source=source)
        yield Paragraph(plain_text(small + ("" if content.rule.confirmed else words["unconfirmed"])))
    for part in content.parts:
        indicator = content.indicator(part.indicator)
        name = edition.one_of((indicator.name_vi, indicator.name_en))
        yield Heading(f"{indicator.code} ({part.period}) – {name}", 2)
        figure = _whole(edition, part)
        measure = None if figure is None else figure.measure
        yield Paragraph(plain_text(words["formula"] + edition.one_of(formula(indicator, part.target, measure)) + "."))
        yield Paragraph(plain_text(_target(edition, part)))
        yield Paragraph(plain_text(words["responsible"] + indicator.responsible_vi + "."))
        if figure is not None and figure.methods:
            yield Paragraph(plain_text(words["methods"] + ", ".join(figure.methods) + "."))
        for question in indicator.questions:
            asked = edition.one_of((question.question_vi, question.question_en))
            answer = edition.one_of((question.answer_vi, question.answer_en))
            yield Paragraph((Run(f"{asked} ", italic=True), Run(answer)), bullet=True)


def _target(edition: Edition, part: Part) -> str:
    if part.target is None or part.target.value is None:
        return edition.words["no_target"]
    target = part.target
    return edition.words["target_decision"].format(
        number=target.number, decision=target.decision, date=edition.day(target.decided_on)
    )


def _annex(edition: Edition) -> Iterator[Block]:
    """Write units below each other and indicators side by side, some at a time."""
    content = edition.content
    kept = [part for part in content.parts if any(name != WHOLE for name in content.figures_of(part))]
    for start in range(0, len(kept), _COLUMNS):
        parts = kept[start : start + _COLUMNS]
        tables = [content.figures_of(part) for part in parts]
        facts = [content.indicator(part.indicator) for part in parts]
        named = sorted({name for table in tables for name in table if name != WHOLE}, key=edition.name_of)
        rows = tuple(
            (
                (Run(edition.name_of(organisation)),),
                *(_cell(edition, table.get(organisation), one) for table, one in zip(tables, facts, strict=True)),
            )
            for organisation in (*named, WHOLE)
        )
        header = (edition.words["unit"], *(f"{part.indicator} ({part.period})" for part in parts))
        yield Grid(header, rows, (4, *(2 for _ in parts)))


def _cell(edition: Edition, figure: Figure | None, indicator: IndicatorFacts) -> Runs:
    """Write a figure and what it is made of as one link: thousands of cells stand here."""
    if figure is None:
        return plain_text(edition.words["not_owed"])
    result = edition.result(figure, indicator)
    text = result.text
    if figure.numerator is not None and figure.denominator is not None:
        text += f" ({edition.number_words(figure.numerator)}/{edition.number_words(figure.denominator)})"
    if figure.allocated is not None:
        text += f"; {edition.words['handed_down']}{edition.number_words(figure.allocated)}"
    return (Run(text, result.link, italic=result.italic),)
