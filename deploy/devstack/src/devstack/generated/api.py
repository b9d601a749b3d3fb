"""docs/openapi/: the OpenAPI document of each service as it was reviewed; a change shows in the diff."""

import importlib
import json
from pathlib import Path

from devstack.generated.states import SERVICES
from servicekit.web import routes_document


def pages() -> dict[Path, str]:
    """Return one document per service."""
    result = {}
    for name in SERVICES:
        service = importlib.import_module(f"{name}.app").SERVICE
        document = json.dumps(routes_document(service), ensure_ascii=False, indent=1, sort_keys=True)
        result[Path(f"docs/openapi/{name}.json")] = document + "\n"
    return result
