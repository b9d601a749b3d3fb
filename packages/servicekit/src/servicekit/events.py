"""The shape of an event between its outbox row, the wire and a handler: CloudEvents 1.0, structured JSON.

Nothing here knows which events exist; `contracts` is their catalogue. Unknown members of an envelope are ignored,
so that a producer may add some without breaking anybody.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

SOURCE_PREFIX = "nhipcau/"
_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+\.v[1-9][0-9]{0,3}")
_SOURCE = re.compile(r"[a-z][a-z0-9_/-]{0,99}")
_MAX_SEQUENCE = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """A fact about to be told: `sequence` is the aggregate's version after the change, from 1 without gaps.

    `data` must be plain JSON values: ids and public facts, never personal data or free text.
    """

    type: str
    subject: UUID
    sequence: int
    data: dict[str, Any]
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact as it was published; `subject` is the aggregate, `sequence` its version, `time` is UTC."""

    id: UUID
    type: str
    source: str
    subject: UUID
    sequence: int
    time: datetime
    data: dict[str, Any]
    traceparent: str | None = None

    @property
    def channel(self) -> str:
        """The subject on the bus: type and aggregate, so that order can be kept per aggregate."""
        return f"{self.type}.{self.subject}"


class InvalidEvent(Exception):
    """The bytes are not an envelope of ours; the text names the member, never its content."""


def source_of(service: str) -> str:
    """Return the envelope `source` of a service."""
    return SOURCE_PREFIX + service


def split_version(event_type: str) -> tuple[str, int]:
    """Split "feedback.submission.accepted.v1" into its name and its major version."""
    name, _, version = event_type.rpartition(".v")
    return name, int(version)


def encode(event: Event) -> bytes:
    """Return the envelope as JSON bytes; equal events give equal bytes."""
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": str(event.subject),
        "sequence": str(event.sequence),
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": f"urn:nhipcau:event:{event.type}",
    }
    if event.traceparent is not None:
        envelope["traceparent"] = event.traceparent
    envelope["data"] = event.data
    return json.dumps(envelope, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True).encode()


def decode(payload: bytes) -> Event:
    """Read an envelope; raise InvalidEvent when a member we rely on is missing or malformed."""
    try:
        raw = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("not JSON") from error
    if not isinstance(raw, dict) or raw.get("specversion") != "1.0":
        raise InvalidEvent("specversion")
    traceparent = raw.get("traceparent")
    return Event(
        id=_uuid(raw, "id"),
        type=_matching(raw, "type", _TYPE),
        source=_matching(raw, "source", _SOURCE),
        subject=_uuid(raw, "subject"),
        sequence=_sequence(raw),
        time=_time(raw),
        data=_data(raw),
        traceparent=traceparent if isinstance(traceparent, str) else None,
    )


def _uuid(raw: dict[str, Any], member: str) -> UUID:
    try:
        return UUID(raw[member])
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise InvalidEvent(member) from error


def _matching(raw: dict[str, Any], member: str, pattern: re.Pattern[str]) -> str:
    value = raw.get(member)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidEvent(member)
    return value


def _sequence(raw: dict[str, Any]) -> int:
    value = raw.get("sequence")
    if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{0,9}", value) or int(value) > _MAX_SEQUENCE:
        raise InvalidEvent("sequence")
    return int(value)


def _time(raw: dict[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(raw["time"])
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidEvent("time") from error
    if moment.tzinfo is None:
        raise InvalidEvent("time")
    return moment.astimezone(UTC)


def _data(raw: dict[str, Any]) -> dict[str, Any]:
    data = raw.get("data")
    if not isinstance(data, dict):
        raise InvalidEvent("data")
    return data
