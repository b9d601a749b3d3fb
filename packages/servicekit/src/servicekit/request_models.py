"""Finds the fields of a request model that would take anything, for the architecture test over every route."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from servicekit.scalars import Safe

_RAW = (int, bool, float, complex, Decimal, datetime, date, time, timedelta, str, bytes)


def unsafe_fields(model: type[BaseModel]) -> list[str]:
    """Return the paths of fields, nested ones too, of a raw scalar type or of any type at all.

    A field is safe when its annotation carries a `Safe` mark (every type of `servicekit.text`), is a Literal, an
    Enum or a UUID, or is made of safe parts. A path looks like "items[].note".
    """
    return list(dict.fromkeys(_of_model(model, "", frozenset())))


def _of_model(model: type[BaseModel], path: str, seen: frozenset[type]) -> Iterator[str]:
    if model in seen:
        return
    for name, field in model.model_fields.items():
        where = f"{path}.{name}" if path else name
        yield from _of_type(field.annotation, field.metadata, where, seen | {model})
    if model.model_config.get("extra") == "allow":
        yield f"{path}.*" if path else "*"


def _of_type(annotation: Any, metadata: Iterable[Any], where: str, seen: frozenset[type]) -> Iterator[str]:
    if any(isinstance(mark, Safe) for mark in metadata):
        return
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        yield from _of_type(inner, marks, where, seen)
    elif origin is Literal:
        return
    elif origin is not None:
        for part in get_args(annotation):
            if part is not Ellipsis:
                yield from _of_type(part, (), where if _is_union(origin) else f"{where}[]", seen)
    elif hasattr(annotation, "__value__"):  # type X = ...
        yield from _of_type(annotation.__value__, (), where, seen)
    elif hasattr(annotation, "__supertype__"):  # NewType
        yield from _of_type(annotation.__supertype__, (), where, seen)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _of_model(annotation, where, seen)
    elif _is_anything(annotation) or annotation in _RAW:
        yield where


def _is_union(origin: Any) -> bool:
    return getattr(origin, "__name__", str(origin)) in ("Union", "UnionType", "typing.Union")


def _is_anything(annotation: Any) -> bool:
    return annotation is Any or annotation in (object, dict, list, set, tuple, frozenset)
