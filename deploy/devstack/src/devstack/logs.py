"""What the children print: to a file each, and on the terminal with a coloured name before every line."""

import asyncio
import sys
from collections import deque
from pathlib import Path
from typing import IO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class Log:
    """Output of one child: the last lines are kept, all of it goes to `file`, and to the terminal when `shown`."""

    def __init__(self, name: str, file: Path, *, shown: bool, colour: int) -> None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if file.exists() and file.stat().st_size > 8_000_000:  # the run before last is forgotten
            file.rename(file.with_suffix(".log.1"))
        self.file = file
        self.recent: deque[str] = deque(maxlen=40)
        self._out = file.open("ab")
        self._shown = shown
        plain = f"{name:>10} │ "
        self._prefix = f"\033[{COLOURS[colour % len(COLOURS)]}m{plain}\033[0m" if sys.stdout.isatty() else plain

    async def follow(self, pipe: IO[bytes]) -> None:
        """Read until the child and its children closed their end."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        rest = b""
        try:
            while chunk := await reader.read(65_536):
                *lines, rest = (rest + chunk).split(b"\n")
                self._write(lines)
                if len(rest) > 65_536:  # a line without end is cut, not collected
                    self._write([rest])
                    rest = b""
            if rest:
                self._write([rest])
        finally:
            transport.close()

    def _write(self, lines: list[bytes]) -> None:
        for line in lines:
            self._out.write(line + b"\n")
            text = line.decode(errors="replace")
            self.recent.append(text)
            if self._shown:
                print(self._prefix + text, flush=True)
        self._out.flush()

    def tail(self) -> str:
        """The last lines, for an error message."""
        return "\n".join(self.recent)
