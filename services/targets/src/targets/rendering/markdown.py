"""A document as Markdown (CommonMark with tables): everything a person wrote is escaped."""

import re
from decimal import Decimal
from typing import Final

from targets.rendering.blocks import Bar, Block, Chart, Grid, Heading, Paper, Paragraph, Run, Runs

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>$^=:@])")
_BAR: Final = 30


def to_markdown(paper: Paper) -> bytes:
    """Return the document in UTF-8."""
    lines = [
        *(f"**{_text(line)}**  " for line in (*paper.authority, *paper.motto)),
        "",
        f"{_run(paper.number)}  ",
        f"*{_text(paper.place_and_date)}*",
        "",
        f"# {_text(paper.kind)}",
        "",
        f"**{_text(paper.title)}**",
        "",
    ]
    if paper.notice:
        lines += [f"> {_text(paper.notice)}", ""]
    for block in paper.blocks:
        lines += [*_block(block), ""]
    return "\n".join(lines).encode()


def _block(block: Block) -> list[str]:
    match block:
        case Heading():
            return [f"{'#' * (block.level + 1)} {_text(block.text)}"]
        case Paragraph():
            return [("- " if block.bullet else "") + _runs(block.runs)]
        case Grid():
            return [
                _row([_text(name) for name in block.header]),
                _row(["---"] * len(block.header)),
                *(_row([_runs(cell) for cell in row]) for row in block.rows),
            ]
        case Chart():
            return [
                f"**{_text(block.title)}**",
                "",
                "| | | |",
                "| --- | --- | ---: |",
                *(_row([_text(bar.label), _bar(bar, block.full), _run(bar.value)]) for bar in block.bars),
            ]


def _bar(bar: Bar, full: Decimal) -> str:
    filled = min(_BAR, int(bar.length * _BAR / full)) if full else 0
    return "█" * filled + "░" * (_BAR - filled)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _runs(runs: Runs) -> str:
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    text = _text(run.text)
    if run.bold and text.strip():
        text = f"**{text}**"
    elif run.italic and text.strip():
        text = f"*{text}*"
    return f"[{text}]({run.link})" if run.link else text


def _text(text: str) -> str:
    """Escape what Markdown or HTML would read as more than text; a line stays a line."""
    flat = " ".join(text.split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", flat)
