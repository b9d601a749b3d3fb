"""`python -m devstack.generated [--check]`."""

import sys
from pathlib import Path

from devstack.generated import access, api, errors, events, operations, states

ROOT = Path(__file__).resolve().parents[5]


def pages() -> dict[Path, str]:
    """Return every generated file (relative path → text)."""
    return {**states.pages(), **events.pages(), **errors.pages(), **api.pages(), **access.pages(), **operations.pages()}


def stale(root: Path = ROOT) -> list[str]:
    """Return the names of generated files that differ from what the code says now."""
    wanted = pages()
    differing = [
        str(path) for path, text in wanted.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]  # fmt: skip
    folders = {path.parent for path in wanted if path.parent.name in ("states", "schemas", "openapi")}
    orphans = [
        str(file.relative_to(root)) for folder in folders for file in (root / folder).glob("*")
        if file.relative_to(root) not in wanted
    ]  # fmt: skip
    return sorted(differing + orphans)


def main() -> int:
    """Write the files, or say which are stale; the exit code is 1 when `--check` finds any."""
    if "--check" in sys.argv:
        names = stale()
        for name in names:
            print(f"stale: {name} — run ./nhipcau fix", file=sys.stderr)
        return 1 if names else 0
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
