"""Which document is asked for: of which snapshot, in which view and language, with which addresses."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from targets.domain.figures import plain
from targets.domain.snapshot import WHOLE, Content, Figure, IndicatorFacts
from targets.rendering.blocks import Run
from targets.rendering.wording import WORDS, Words


@dataclass(frozen=True, slots=True)
class Edition:
    """A snapshot's content in one view, and what stands around it on paper."""

    snapshot_id: str
    kind: str
    title: str
    number: str | None
    issued_on: date | None
    sha256: str
    public: bool
    language: str
    figures_url: str
    """Where the figures of this view are, each under its key."""
    authority: tuple[str, ...]
    motto: tuple[str, ...]
    content: Content

    @property
    def words(self) -> Words:
        """Return the texts in this edition's language."""
        return WORDS[self.language]

    def one_of(self, texts: tuple[str, str]) -> str:
        """Return a Vietnamese or English text."""
        return texts[1] if self.language == "en" else texts[0]

    def link(self, figure: Figure) -> str:
        """Return the address of a figure's source."""
        return f"{self.figures_url}/{figure.key}"

    def name_of(self, organisation: str) -> str:
        """Return what an organisation was called."""
        return self.words["whole"] if organisation == WHOLE else self.content.places[organisation].name

    def result(self, figure: Figure | None, indicator: IndicatorFacts) -> Run:
        """Return a result with its source: a number, or why there is none."""
        if figure is None:
            return Run(self.words["not_owed"])
        link = self.link(figure)
        value = figure.value(indicator.kind)
        if value is not None:
            return Run(self.number_words(value, percent=indicator.kind in ("ratio", "yes_no", "milestone")), link)
        return Run(self.words["withheld" if figure.withheld else "nothing"], link, italic=True)

    def number_words(self, value: Decimal, *, percent: bool = False) -> str:
        """Write a number: decimals behind a comma in Vietnamese."""
        text = plain(value)
        if self.language == "vi":
            text = text.replace(".", ",")
        return f"{text} %" if percent else text

    def day(self, day: date) -> str:
        """Write a date as it is written in Viet Nam."""
        return f"{day.day}/{day.month}/{day.year}"
