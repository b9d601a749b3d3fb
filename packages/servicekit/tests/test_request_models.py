"""The search for request fields that would take anything finds them, and only them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

from pydantic import BaseModel, Field

from servicekit.text import (
    ApiModel,
    Exact,
    Instant,
    SafeLine,
    Whole,
    unsafe_fields,
)


class Colour(StrEnum):
    RED = "red"


Number = NewType("Number", int)


class Inner(ApiModel):
    note: str


class Careful(ApiModel):
    text: SafeLine
    at: Instant | None
    amounts: list[Exact]
    inner: "list[Careful]"


class Careless(ApiModel):
    good: SafeLine | None
    several: list[SafeLine]
    colour: Colour
    fixed: Literal["a", "b"]
    id: UUID | None
    bounded: Annotated[Whole, Field(ge=0)]
    raw: int
    maybe: bool | None
    many: list[float]
    when: datetime | None
    inner: list[Inner]
    table: dict[str, SafeLine]
    anything: Any
    thing: object
    named: Number
    bound_only: Annotated[str, Field(max_length=5)]
    loose: dict  # type: ignore[type-arg]


class Open(BaseModel, extra="allow"):
    again: "Open | None" = None


def test_unsafe_fields_are_named() -> None:
    assert unsafe_fields(Careful) == []
    assert unsafe_fields(Careless) == [
        "raw",
        "maybe",
        "many[]",
        "when",
        "inner[].note",
        "table[]",
        "anything",
        "thing",
        "named",
        "bound_only",
        "loose",
    ]
    assert unsafe_fields(Open) == ["*"]
