"""Makes documents and data files out of the way of requests: two at once, none for ever, each once."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from targets.domain.snapshot_refusals import RenderingBusy
from targets.queries.snapshot_content import to_json
from targets.rendering.edition import Edition
from targets.rendering.markdown import to_markdown
from targets.rendering.open_data import to_csv, to_xlsx
from targets.rendering.outline import lay_out
from targets.rendering.sdmx import to_sdmx_csv, to_structure

_AT_ONCE: Final = 2
_WAITING: Final = 4
_SECONDS: Final = 25.0
"""Less than the gateway waits, so that the caller is told to come again; what was begun is finished and kept."""
_KEPT_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """A file format: its media type, and how an edition becomes it."""

    media_type: str
    make: Callable[[Edition], bytes]


def _set_by(module: str, function: str) -> Callable[[Edition], bytes]:
    """Return a maker whose library is loaded for the first document, so that no process carries it that makes none."""

    def make(edition: Edition) -> bytes:
        made: bytes = getattr(import_module(f"targets.rendering.{module}"), function)(lay_out(edition))
        return made

    return make


def _stored_json(edition: Edition) -> bytes:
    """Return the content as it is stored and hashed, with what snapshot it is of."""
    head = {
        "snapshot": edition.snapshot_id,
        "kind": edition.kind,
        "title": edition.title,
        "number": edition.number,
        "issued_on": edition.issued_on.isoformat() if edition.issued_on else None,
        "view": "public" if edition.public else "internal",
        "sha256": edition.sha256,
        "figures_url": edition.figures_url,
    }
    return json.dumps(head | {"content": to_json(edition.content)}, ensure_ascii=False).encode()


DOCUMENTS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "md": Form("text/markdown; charset=utf-8", lambda edition: to_markdown(lay_out(edition))),
        "docx": Form(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            _set_by("word", "to_word"),
        ),
        "pdf": Form("application/pdf", _set_by("pdf", "to_pdf")),
    }
)
DATA: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "json": Form("application/json", _stored_json),
        "csv": Form("text/csv; charset=utf-8", to_csv),
        "xlsx": Form("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx),
        "sdmx-csv": Form("application/vnd.sdmx.data+csv; version=2.0.0", to_sdmx_csv),
        "sdmx-json": Form("application/vnd.sdmx.structure+json; version=2.0.0", to_structure),
    }
)


class Press:
    """Runs the makers in a few threads and keeps what they made, by the hash of the content."""

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="press")
        self._seconds = seconds
        self._running: dict[Any, asyncio.Future[bytes]] = {}
        self._kept: OrderedDict[Any, bytes] = OrderedDict()

    async def make(self, edition: Edition, name: str, form: Form) -> bytes:
        """Return a file. Raises RenderingBusy when too many wait or it takes too long; it goes on and is kept then."""
        key = (edition.sha256, edition.snapshot_id, edition.number, edition.public, edition.language, name)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._running:
            if len(self._running) >= _AT_ONCE + _WAITING:
                raise RenderingBusy
            work = asyncio.get_running_loop().run_in_executor(self._threads, form.make, edition)
            self._running[key] = work
            work.add_done_callback(partial(self._keep, key))
        try:
            return await asyncio.wait_for(asyncio.shield(self._running[key]), self._seconds)
        except TimeoutError:
            raise RenderingBusy from None

    def _keep(self, key: Any, work: "asyncio.Future[bytes]") -> None:
        del self._running[key]
        if work.cancelled() or work.exception() is not None:
            return
        self._kept[key] = work.result()
        while sum(map(len, self._kept.values())) > _KEPT_BYTES:
            self._kept.popitem(last=False)
