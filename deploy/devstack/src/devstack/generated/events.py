"""The event catalogue for people (docs/events.md), its JSON schemas, and the AsyncAPI 3.0 document."""

import json
from pathlib import Path
from typing import Any

from contracts.catalogue import CATALOGUE, EventType
from contracts.envelope import Envelope

EXAMPLES = Path(__file__).resolve().parents[5] / "packages/contracts/examples"


def pages() -> dict[Path, str]:
    """Return docs/events.md, docs/asyncapi.json and one schema per event."""
    result = {Path("docs/events.md"): _catalogue(), Path("docs/asyncapi.json"): _json(_asyncapi())}
    for event in CATALOGUE.values():
        result[Path(f"packages/contracts/schemas/{event.name}.json")] = _json(event.model.model_json_schema())
    return result


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _catalogue() -> str:
    lines = [
        "# Events",
        "",
        "Generated from `packages/contracts`; do not edit. Envelope: CloudEvents 1.0 structured JSON.",
        "`subject` is the id of what changed, `sequence` its version after the change. No personal data, no free text.",
    ]
    for owner in sorted({event.owner for event in CATALOGUE.values()}):
        lines += ["", f"## {owner}", "", "| Type | Fields | By webhook | What happened |", "|---|---|---|---|"]
        for event in (one for one in CATALOGUE.values() if one.owner == owner):
            fields = ", ".join(f"`{name}`" for name in event.model.model_fields)
            said = (event.model.__doc__ or "").strip().splitlines()[0]
            said += "" if event.told else " **Not yet told by any service.**"
            lines.append(f"| `{event.name}` | {fields} | {'yes' if event.outside else 'no'} | {said} |")
    return "\n".join(lines) + "\n"


def _asyncapi() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for event in CATALOGUE.values():
        key = event.name.replace(".", "_")
        channels[key] = {
            "address": f"{event.name}.{{subject}}",
            "parameters": {"subject": {"description": "id of what changed"}},
            "messages": {key: {"$ref": f"#/components/messages/{key}"}},
        }
        operations[f"publish_{key}"] = {"action": "send", "channel": {"$ref": f"#/channels/{key}"}}
        messages[key] = _message(event)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Nhịp Cầu events", "version": "1"},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _message(event: EventType) -> dict[str, Any]:
    envelope = Envelope.model_json_schema()
    envelope["properties"]["type"] = {"const": event.name}
    envelope["properties"]["data"] = event.model.model_json_schema(ref_template="#/$defs/{model}")
    envelope["$defs"] = envelope["properties"]["data"].pop("$defs", {})
    example = json.loads((EXAMPLES / f"{event.name}.json").read_text(encoding="utf-8"))
    return {
        "name": event.name,
        "summary": (event.model.__doc__ or "").strip(),
        "x-told": event.told,
        "payload": envelope,
        "examples": [{"payload": example}],
    }
