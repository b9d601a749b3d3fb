"""What is said about a resolution: its dates, and its text as a tree down to the indicators."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any, Self

from sqlalchemy import Row

from servicekit.text import Answer, LegalDate, Uuid
from targets.api.indicator_answers import IndicatorKind, Section, Source, Standing
from targets.domain.metadata import not_ready
from targets.domain.resolution_checks import part_of
from targets.domain.resolution_rows import Rows
from targets.domain.validity import STANDINGS, standing


class ResolutionAnswer(Answer):
    """A resolution and how it stands today, by its dates alone."""

    id: Uuid
    number: str
    title: str
    issued_on: LegalDate
    issued_by: str
    valid_from: LegalDate
    valid_to: LegalDate | None
    end_decision: str | None
    end_decided_on: LegalDate | None
    version: int
    standing: Standing
    standing_vi: str
    standing_en: str
    indicators: int

    @classmethod
    def of(cls, row: Row[Any], today: date) -> Self:
        """Show a stored resolution."""
        return cls(**_resolution(row._mapping, row.indicators, today))


class IndicatorLine(Answer):
    """An indicator in the tree; the whole of it is at /indicators/{code}."""

    id: Uuid
    code: str
    parent_id: Uuid | None
    section: Section
    name_vi: str
    name_en: str
    kind: IndicatorKind
    source: Source
    open_questions: list[str]


class QuoteAnswer(Answer):
    """The text's exact words, and the indicators that measure them."""

    quote: str
    indicators: list[IndicatorLine]


class ClauseAnswer(Answer):
    """A clause of a part."""

    clause: str
    quotes: list[QuoteAnswer]


class PartAnswer(Answer):
    """A part with its heading word for word, its clauses, and the parts below it."""

    path: str
    heading: str | None
    note_vi: str | None
    note_en: str | None
    clauses: list[ClauseAnswer]
    parts: list["PartAnswer"]


class ResolutionTree(ResolutionAnswer):
    """A resolution as its document: part → clause → quote → indicators."""

    parts: list[PartAnswer]

    @classmethod
    def tree(cls, row: Row[Any], parts: Sequence[Row[Any]], indicators: Sequence[Row[Any]], today: date) -> Self:
        """Show a stored resolution with everything below it."""
        return cls(**_resolution(row._mapping, row.indicators, today), parts=_below("", parts, indicators))


class Problem(Answer):
    """What is wrong, at which place of the document."""

    field: str
    code: str
    vi: str
    en: str


class LoadAnswer(Answer):
    """What a document comes to; with `stored` false nothing was kept.

    `not_ready` lists, by code, what has to be told of an indicator before anybody can be asked to report it.
    """

    stored: bool
    resolution_id: Uuid
    number: str
    parts: int
    indicators: list[str]
    targets: int
    not_ready: dict[str, list[str]]
    quotes_checked: bool
    """Whether the text was sent along, so that quotations could be held against it."""
    problems: list[Problem]

    @classmethod
    def of(cls, rows: Rows, problems: Iterable[dict[str, str]], *, stored: bool, quotes_checked: bool) -> Self:
        """Show what a document came to."""
        return cls(
            stored=stored,
            resolution_id=rows.resolution["id"],
            number=rows.resolution["number"],
            parts=len(rows.parts),
            indicators=[one["code"] for one in rows.indicators],
            targets=len(rows.targets),
            not_ready=not_ready(rows.indicators),
            quotes_checked=quotes_checked,
            problems=[Problem(**problem) for problem in problems],
        )


def _resolution(row: Any, indicators: int, today: date) -> dict[str, Any]:
    found = standing(row["valid_from"], row["valid_to"], today)
    vi, en = STANDINGS[found]
    names = (
        "id", "number", "title", "issued_on", "issued_by", "valid_from", "valid_to", "end_decision", "end_decided_on",
        "version",
    )  # fmt: skip
    stands = {"standing": found, "standing_vi": vi, "standing_en": en, "indicators": indicators}
    return {name: row[name] for name in names} | stands


def _below(path: str, parts: Sequence[Row[Any]], indicators: Sequence[Row[Any]]) -> list[PartAnswer]:
    return [
        PartAnswer(
            path=part.path,
            heading=part.heading,
            note_vi=part.note_vi,
            note_en=part.note_en,
            clauses=_clauses([one for one in indicators if part_of(one.clause) == part.path]),
            parts=_below(part.path, parts, indicators),
        )
        for part in parts
        if part.path.rpartition(".")[0] == path
    ]


def _clauses(indicators: Sequence[Row[Any]]) -> list[ClauseAnswer]:
    return [
        ClauseAnswer(clause=clause, quotes=_quotes(list(own)))
        for clause, own in groupby(indicators, key=lambda one: one.clause)
    ]


def _quotes(indicators: Sequence[Row[Any]]) -> list[QuoteAnswer]:
    by_quote: dict[str, list[Row[Any]]] = {}
    for one in indicators:
        by_quote.setdefault(one.quote, []).append(one)
    return [QuoteAnswer(quote=quote, indicators=[_line(one) for one in own]) for quote, own in by_quote.items()]


def _line(row: Row[Any]) -> IndicatorLine:
    names = ("id", "code", "parent_id", "section", "name_vi", "name_en", "kind", "source")
    own = {name: getattr(row, name) for name in names}
    return IndicatorLine(**own, open_questions=[question["key"] for question in row.open_questions])
