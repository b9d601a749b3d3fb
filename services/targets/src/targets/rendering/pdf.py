"""A document as PDF, set by Typst with fonts that come with it.

The document goes in as data: the template is fixed and reads JSON, so nothing a person wrote is ever Typst markup.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import typst

from targets.rendering.blocks import Block, Chart, Grid, Heading, Paper, Paragraph, Run, Runs

_TEMPLATE: Final = (Path(__file__).parent / "review.typ").read_bytes()


def to_pdf(paper: Paper) -> bytes:
    """Return the document; the same paper gives the same bytes."""
    inputs = {"paper": json.dumps(_paper(paper), ensure_ascii=False)}
    made: Any = typst.compile(_TEMPLATE, format="pdf", sys_inputs=inputs, ignore_system_fonts=True)
    return bytes(made)


def _paper(paper: Paper) -> dict[str, Any]:
    return {
        "language": paper.language,
        "authority": paper.authority,
        "motto": paper.motto,
        "number": _run(paper.number),
        "place_and_date": paper.place_and_date,
        "kind": paper.kind,
        "title": paper.title,
        "notice": paper.notice,
        "blocks": [_block(block) for block in paper.blocks],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"is": "heading", "text": block.text, "level": block.level}
        case Paragraph():
            return {"is": "paragraph", "runs": _runs(block.runs), "bullet": block.bullet}
        case Grid():
            rows = [[_runs(cell) for cell in row] for row in block.rows]
            return {"is": "grid", "header": block.header, "rows": rows, "weights": block.weights}
        case Chart():
            bars = [
                {
                    "label": bar.label,
                    "value": _run(bar.value),
                    "length": _share(bar.length, block.full),
                    "mark": None if bar.mark is None else _share(bar.mark, block.full),
                }
                for bar in block.bars
            ]
            return {"is": "chart", "title": block.title, "bars": bars}


def _share(part: Decimal, full: Decimal) -> float:
    """Return how far a bar reaches, 0 to 1: a length on paper, no figure."""
    return float(min(Decimal(1), part / full)) if full else 0.0


def _runs(runs: Runs) -> list[dict[str, Any]]:
    return [_run(run) for run in runs]


def _run(run: Run) -> dict[str, Any]:
    return {"text": run.text, "link": run.link, "bold": run.bold, "italic": run.italic}
