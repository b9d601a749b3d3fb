"""Every event has an owner, a stored schema, and an example that our model and the public CloudEvents reader take."""

import json
from pathlib import Path

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from contracts.catalogue import CATALOGUE, fact
from contracts.envelope import Envelope

ROOT = Path(__file__).parents[1]
FORBIDDEN = {"name", "text", "phone", "email", "address", "contact", "title", "note", "content", "reason"}
OFFICIAL_NAMES = {"registry.unit.changed.v1", "registry.organisation.changed.v1", "registry.calendar_day.changed.v1"}
CODED_REASONS = {"webhooks.endpoint.disabled.v1"}


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_stored_example_is_read_by_the_model_and_by_the_public_reader(name: str) -> None:
    raw = (ROOT / "examples" / f"{name}.json").read_bytes()
    envelope = Envelope.model_validate_json(raw)
    assert envelope.type == name
    assert envelope.source == f"nhipcau/{CATALOGUE[name].owner}"
    assert envelope.dataschema == CATALOGUE[name].schema_uri
    fact(name, envelope.data)
    public = JSONFormat().read(CloudEvent, raw)
    assert public.get_type() == name
    assert public.get_subject() == str(envelope.subject)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_field_may_be_added_but_none_taken_away_or_retyped(name: str) -> None:
    stored = json.loads((ROOT / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    now = CATALOGUE[name].model.model_json_schema()
    for field, shape in stored.get("properties", {}).items():
        assert now["properties"][field] == shape, f"{field} changed: publish a v2 beside v1"
    assert set(now.get("required", ())) <= set(stored.get("required", ())), "a new field must be optional"


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_unknown_field_of_a_newer_producer_is_ignored(name: str) -> None:
    example = json.loads((ROOT / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    fact(name, {**example["data"], "field_of_tomorrow": 1})


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_event_has_a_field_for_free_text_or_persons(name: str) -> None:
    fields = set(CATALOGUE[name].model.model_fields)
    allowed = {"name"} if name in OFFICIAL_NAMES else {"reason"} if name in CODED_REASONS else set()
    assert not (fields & FORBIDDEN) - allowed


def test_an_envelope_without_a_version_is_refused() -> None:
    raw = json.loads((ROOT / "examples" / "feedback.submission.received.v1.json").read_text(encoding="utf-8"))
    for broken in ({**raw, "sequence": "0"}, {**raw, "type": "feedback.submission"}, {**raw, "source": "elsewhere"}):
        with pytest.raises(ValidationError):
            Envelope.model_validate(broken)
