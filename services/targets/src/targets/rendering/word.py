"""A document as DOCX. Text goes in as text nodes, never as XML."""

import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from targets.rendering.blocks import Block, Chart, Grid, Heading, Paper, Paragraph, Run, Runs

_FONT: Final = "Times New Roman"
_BAR: Final = 30
# What XML 1.0 cannot hold; the house takes none of it in, and a document of an older store shall not fail.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# When it was rendered says nothing; when it was issued stands in its head.
_NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def to_word(paper: Paper) -> bytes:
    """Return the document."""
    document = Document()
    document.core_properties.title = _clean(paper.title)
    document.core_properties.author = _clean(" – ".join(paper.authority))
    document.core_properties.created = document.core_properties.modified = _NO_TIME
    document.styles["Normal"].font.name = _FONT
    document.styles["Normal"].font.size = Pt(12)
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2)
    writer = _Writer(document)
    writer.head(paper)
    for block in paper.blocks:
        writer.block(block)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


class _Writer:
    def __init__(self, document: Any) -> None:
        self._document = document
        self._links: dict[str, str] = {}

    def head(self, paper: Paper) -> None:
        """Write the authority on the left, the motto on the right, then number, date, kind and title."""
        left = [(Run(line, bold=True),) for line in paper.authority] + [(paper.number,)]
        right = [(Run(line, bold=True),) for line in paper.motto] + [(Run(paper.place_and_date, italic=True),)]
        table = self._document.add_table(rows=1, cols=2)
        for cell, lines in zip(table.rows[0].cells, (left, right), strict=True):
            for position, runs in enumerate(lines):
                paragraph = cell.paragraphs[0] if position == 0 else cell.add_paragraph()
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                self._fill(paragraph._p, runs)
        for text in (paper.kind, paper.title):
            paragraph = self._document.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            self._fill(paragraph._p, (Run(text, bold=True),))
        if paper.notice:
            self._fill(self._document.add_paragraph()._p, (Run(paper.notice, italic=True),))

    def block(self, block: Block) -> None:
        """Write one block."""
        match block:
            case Heading():
                self._fill(self._document.add_paragraph(style=f"Heading {block.level}")._p, (Run(block.text),))
            case Paragraph():
                style = "List Bullet" if block.bullet else None
                self._fill(self._document.add_paragraph(style=style)._p, block.runs)
            case Grid():
                self._table(block)
            case Chart():
                self._chart(block)

    def _table(self, grid: Grid) -> None:
        table = self._document.add_table(rows=0, cols=0)
        table.style = "Table Grid"
        total = sum(grid.weights)
        widths = [int(14570 * weight / total) for weight in grid.weights]
        for element in table._tbl.tblGrid.findall(qn("w:gridCol")):
            table._tbl.tblGrid.remove(element)
        for width in widths:
            column = OxmlElement("w:gridCol")
            column.set(qn("w:w"), str(width))
            table._tbl.tblGrid.append(column)
        header = tuple((Run(name, bold=True),) for name in grid.header)
        for number, row in enumerate((header, *grid.rows)):
            table._tbl.append(self._row(row, widths, repeated=number == 0))

    def _row(self, cells: tuple[Runs, ...], widths: list[int], *, repeated: bool) -> Any:
        """Build a row by hand: python-docx looks through the whole table for each cell."""
        row = OxmlElement("w:tr")
        if repeated:
            properties = OxmlElement("w:trPr")
            properties.append(OxmlElement("w:tblHeader"))
            row.append(properties)
        for runs, width in zip(cells, widths, strict=True):
            cell, properties, size = OxmlElement("w:tc"), OxmlElement("w:tcPr"), OxmlElement("w:tcW")
            size.set(qn("w:w"), str(width))
            size.set(qn("w:type"), "dxa")
            properties.append(size)
            cell.append(properties)
            paragraph = OxmlElement("w:p")
            self._fill(paragraph, runs, size=20)
            cell.append(paragraph)
            row.append(cell)
        return row

    def _chart(self, chart: Chart) -> None:
        self._fill(self._document.add_paragraph()._p, (Run(chart.title, bold=True),))
        rows = []
        for bar in chart.bars:
            filled = min(_BAR, int(bar.length * _BAR / chart.full)) if chart.full > Decimal(0) else 0
            rows.append(((Run(bar.label),), (Run("█" * filled + "░" * (_BAR - filled)),), (bar.value,)))
        self._table(Grid(("", "", ""), tuple(rows), (3, 6, 2)))

    def _fill(self, paragraph: Any, runs: Runs, *, size: int | None = None) -> None:
        for run in runs:
            parent = paragraph
            if run.link:
                parent = OxmlElement("w:hyperlink")
                parent.set(qn("r:id"), self._relation(run.link))
                paragraph.append(parent)
            parent.append(_run(run, size))

    def _relation(self, link: str) -> str:
        if link not in self._links:
            # With a name of its own: python-docx would look through all of them for a free one, and again for an equal.
            name = self._links[link] = f"rIdSource{len(self._links)}"
            self._document.part.rels.add_relationship(RELATIONSHIP_TYPE.HYPERLINK, link, name, is_external=True)
        return self._links[link]


def _run(run: Run, size: int | None) -> Any:
    element, properties = OxmlElement("w:r"), OxmlElement("w:rPr")
    for wanted, name in ((run.bold, "w:b"), (run.italic, "w:i")):
        if wanted:
            properties.append(OxmlElement(name))
    if run.link:
        colour = OxmlElement("w:color")
        colour.set(qn("w:val"), "0B4F9E")
        properties.append(colour)
    if size:
        height = OxmlElement("w:sz")
        height.set(qn("w:val"), str(size))
        properties.append(height)
    element.append(properties)
    text = OxmlElement("w:t")
    text.text = _clean(run.text)
    text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    element.append(text)
    return element


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
