"""The envelope of every event: CloudEvents 1.0, structured JSON (cloudevents.io, spec v1.0.2).

`subject` is the id of the thing that changed and `sequence` its version after the change, so a consumer can
tell a repeat and a gap. Ids and public facts only: no names, contacts or free text, for streams cannot forget.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Fact(BaseModel):
    """Parent of all event payloads: frozen; unknown fields from a newer producer are ignored on reading."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Envelope(Fact):
    """One event as it travels."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(pattern=r"^nhipcau/[a-z]+$", description="nhipcau/<service>")
    type: str = Field(pattern=r"^[a-z]+\.[a-z_]+\.[a-z_]+\.v[0-9]+$", description="<service>.<noun>.<past verb>.v<n>")
    subject: UUID
    sequence: str = Field(pattern=r"^[1-9][0-9]*$", description="version of the subject after this change")
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str
    traceparent: str | None = None
    data: dict[str, Any]
