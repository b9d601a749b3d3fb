"""contracts/operations.json: the names of all operations, which the registry checks the scopes of clients against."""

import importlib
import json
from pathlib import Path

from devstack.generated.states import SERVICES
from servicekit.web import routes_document

PAGE = Path("packages/contracts/src/contracts/operations.json")


def pages() -> dict[Path, str]:
    """Return the catalogue."""
    found = {}
    for name in SERVICES:
        for path, methods in routes_document(importlib.import_module(f"{name}.app").SERVICE)["paths"].items():
            for method, operation in methods.items():
                found[operation["operationId"]] = {
                    "method": method.upper(),
                    "path": path,
                    "access": operation["x-access"],
                }
    return {PAGE: json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"}
