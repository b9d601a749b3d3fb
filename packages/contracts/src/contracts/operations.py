"""Every operation of the house by the name a client's scope lists; generated from the services' OpenAPI documents."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

OPERATIONS: Final[Mapping[str, Mapping[str, Any]]] = json.loads(
    files("contracts").joinpath("operations.json").read_text(encoding="utf-8")
)
"""Name (`<service>.<function>`, the operationId) → {"method", "path", "access"}."""
