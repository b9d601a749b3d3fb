"""Turns the seed file of forms into rows; ids follow from the codes."""

import tomllib
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

from targets.domain.resolution_ids import form_id


def form_rows(resolution_id: UUID, now: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the forms and their first versions."""
    seeds = tomllib.loads(files("targets.seeds").joinpath("forms_08.toml").read_text("utf-8"))
    forms: list[dict[str, Any]] = []
    versions: list[dict[str, Any]] = []
    for given in seeds["forms"]:
        own_id = form_id(given["code"])
        forms.append({"id": own_id, "code": given["code"], "version": 1, "resolution_id": resolution_id})
        named = {name: given[name] for name in ("name_vi", "name_en", "period_kind")}
        open_lists: dict[str, Any] = {
            "reporter_kinds": None,
            "reporter_level": None,
            "indicators": None,
            "evidence_for": [],
        }
        versions.append({"form_id": own_id, "number": 1, "changed_at": now} | named | open_lists | seeds["defaults"])
    return forms, versions
