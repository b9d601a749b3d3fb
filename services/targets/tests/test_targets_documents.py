"""Documents of a review: every number links to its source, Vietnamese survives, nothing a person wrote is markup."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from edition_of_all import BASE, FEMALE, MALE, NAMES, UNITS, edition
from pypdf import PdfReader

from targets.rendering.blocks import Chart, Grid, Paragraph, Run
from targets.rendering.edition import Edition
from targets.rendering.markdown import to_markdown
from targets.rendering.outline import lay_out
from targets.rendering.pdf import to_pdf
from targets.rendering.word import to_word

FIGURES = "http://127.0.0.1:8000/api/v1/targets/published/01a21a6f/figures"
SECTIONS = ["I. Kết quả", "II. Đơn vị", "III. Số liệu", "IV. Phương pháp", "V. Phụ lục"]
RATE = f"{100 * (sum(FEMALE) + sum(MALE)) / sum(BASE):.6f}".rstrip("0").replace(".", ",")
NUMBER = re.compile(r"^[\d.,/ ()%]+$")


def cells(one: Edition) -> Iterator[tuple[str, tuple[Run, ...]]]:
    """Yield every cell of a result column and the annex, with the column's name."""
    for block in lay_out(one).blocks:
        if isinstance(block, Grid):
            for row in block.rows:
                yield from zip(block.header, row, strict=True)
        elif isinstance(block, Chart):
            yield from (("chart", (bar.value,)) for bar in block.bars)


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_number_of_a_result_links_to_its_figure(public: bool, language: str) -> None:
    one = edition(public=public, language=language)
    numbers = 0
    for column, runs in cells(one):
        for run in runs:
            if column not in ("Mục tiêu", "Target") and NUMBER.match(run.text) and re.search(r"\d", run.text):
                numbers += 1
                assert run.link, (column, run.text)
                assert run.link.removeprefix(FIGURES + "/") in one.content.figures
    assert numbers > 8


def test_the_whole_is_told_by_category_each_with_its_source() -> None:
    [line] = [
        block
        for block in lay_out(edition()).blocks
        if isinstance(block, Paragraph) and any(run.text.startswith("Nữ") for run in block.runs)
    ]
    assert "".join(run.text for run in line.runs) == f"TGT-01 (2025): Nữ: {sum(FEMALE)}; Nam: {sum(MALE)}"
    assert {run.link for run in line.runs if run.text.isdecimal()} == {f"{FIGURES}/TGT-01_2025_city"}


def word(one: Edition) -> Any:
    return Document(io.BytesIO(to_word(lay_out(one))))


def test_docx_has_the_sections_the_letters_and_the_links() -> None:
    document = word(edition())
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert [h.startswith(s) for h, s in zip(headings, SECTIONS, strict=True)] == [True] * 5
    everything = "".join(node.text or "" for node in document.element.body.iter(qn("w:t")))
    for text in ("ĐẢNG CỘNG SẢN VIỆT NAM", "Số: 12-BC/BTGDV", "ngày 22 tháng 01 năm 2026", "đạt trên 74%", NAMES[4]):
        assert text in everything
    targets = {rel.rId: rel.target_ref for rel in document.part.rels.values() if rel.is_external}
    linked = {
        "".join(t.text for t in node.iter(qn("w:t"))): targets[node.get(qn("r:id"))]
        for node in document.element.body.iter(qn("w:hyperlink"))
    }
    assert linked[f"{RATE} %"] == f"{FIGURES}/TGT-01_2025_city"
    assert any(link.endswith(UNITS[1]) for link in linked.values())
    # No number stands in the annex outside a link.
    annex = document.tables[-1]
    for row in annex._tbl.findall(qn("w:tr"))[1:]:
        for cell in row.findall(qn("w:tc"))[1:]:
            outside = "".join(
                t.text for run in cell.findall(f".//{qn('w:p')}/{qn('w:r')}") for t in run.iter(qn("w:t"))
            )
            assert not re.search(r"\d", outside)


def test_docx_holds_names_as_text() -> None:
    document = word(edition())
    texts = [node.text for node in document.element.body.iter(qn("w:t"))]
    assert NAMES[2] in texts
    assert not list(document.element.body.iter(qn("w:fldSimple"), qn("w:instrText")))


def test_pdf_has_the_letters_and_a_link_for_every_figure_of_the_annex() -> None:
    reader = PdfReader(io.BytesIO(to_pdf(lay_out(edition()))))
    text = " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
    for wanted in ("ĐẢNG CỘNG SẢN VIỆT NAM", "12-BC/BTGDV", f"{RATE} %", "Không đạt", "ế ự đ ẵ ỡ ượ", *SECTIONS):
        assert wanted in text, wanted
    assert '#eval("1") $x$ *đậm* @ref <script>' in text.replace("“", '"').replace("”", '"')
    links = [
        str(note.get_object()["/A"]["/URI"])
        for page in reader.pages
        for note in page.get("/Annots", [])
        if "/A" in note.get_object()
    ]
    for unit in (*UNITS, "city"):
        assert f"{FIGURES}/TGT-01_2025_{unit}" in links
    assert all(link.startswith(FIGURES) for link in links)


def test_markdown_links_every_number_and_escapes_every_name() -> None:
    text = to_markdown(lay_out(edition())).decode()
    assert f"{FIGURES}/TGT-01_2025_city" in text
    assert "<script>" not in text
    assert "](javascript" not in text
    assert "![" not in text
    assert "\\=HYPERLINK" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in rows if "Phường" in line or "cmd" in line}) == 1
    assert set(re.findall(r"(?<!\\)\]\(([^)]*)\)", text)) <= {f"{FIGURES}/{key}" for key in edition().content.figures}


def test_the_public_report_holds_no_withheld_number() -> None:
    public = edition(public=True)
    hidden = [one for one in public.content.figures.values() if one.withheld]
    assert hidden
    whole = {one.key: one for one in edition().content.figures.values()}
    for make in (to_markdown, lambda paper: "\n".join(_texts(paper)).encode()):
        text = make(lay_out(public)).decode()
        for one in hidden:
            true = whole[one.key]
            for name in one.withheld:
                if name in ("numerator", "denominator"):
                    assert f"{getattr(true, name)}/" not in text.replace("\\", "")
    assert "ẩn" in to_markdown(lay_out(public)).decode()
    assert "ẩn" not in to_markdown(lay_out(edition())).decode()


def _texts(paper: Any) -> Iterator[str]:
    for block in paper.blocks:
        if isinstance(block, Paragraph):
            yield "".join(run.text for run in block.runs)
        elif isinstance(block, Grid):
            for row in block.rows:
                yield from ("".join(run.text for run in cell) for cell in row)


def test_english_is_english() -> None:
    text = to_markdown(lay_out(edition(language="en"))).decode()
    assert "Results by indicator" in text
    assert "Mass participation rate" in text
    assert "more than 74 %" in text
    assert "Kết quả theo" not in text


def test_the_same_content_gives_the_same_pdf() -> None:
    assert to_pdf(lay_out(edition())) == to_pdf(lay_out(edition()))
