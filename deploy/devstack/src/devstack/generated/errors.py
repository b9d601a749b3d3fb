"""docs/errors.md: every stable error code with its status and its texts in both languages."""

import importlib
import pkgutil
from pathlib import Path

from servicekit.errors import DomainError

PACKAGES = ("servicekit", "gateway", "registry", "targets", "feedback", "oversight", "webhooks")


def all_errors() -> dict[tuple[str, str], type[DomainError]]:
    """Return every error by (code, package); two in one package with one code are refused."""
    for package in PACKAGES:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    found: dict[tuple[str, str], type[DomainError]] = {}
    waiting = list(DomainError.__subclasses__())
    while waiting:
        error = waiting.pop()
        waiting += error.__subclasses__()
        package = error.__module__.partition(".")[0]
        if "code" not in vars(error) or package not in PACKAGES:
            continue  # a group of errors, or one of a test
        if found.setdefault((error.code, package), error) is not error:
            raise ValueError(f"error code {error.code} stands for two errors of {package}")
    return dict(sorted(found.items()))


def pages() -> dict[Path, str]:
    """Return the page."""
    lines = [
        "# Errors",
        "",
        "Generated from the error classes; do not edit. Answers are RFC 9457 problems (`application/problem+json`);",
        "branch on `code`, show `detail` to people (Vietnamese unless `Accept-Language: en`). `servicekit` stands for",
        "what every service can answer.",
        "",
        "| Code | Status | From | Tiếng Việt | English |",
        "|---|---|---|---|---|",
    ]
    for (code, package), error in all_errors().items():
        status = getattr(error, "status", error.kind.value)
        lines.append(f"| `{code}` | {status} | {package} | {_cell(error.vi)} | {_cell(error.en)} |")
    return {Path("docs/errors.md"): "\n".join(lines) + "\n"}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
