"""Makes bodies from the OpenAPI document: one that is of the right form, and many that are not."""

import copy
import json
import uuid
from collections.abc import Iterator
from typing import Any

NESTED_900 = b'{"x":' + b"[" * 900 + b"]" * 900 + b"}"


def valid(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """Return a value of the schema's form (whether the action likes it is another matter)."""
    schema = resolve(schema, components)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema or "oneOf" in schema:
        return valid((schema.get("anyOf") or schema["oneOf"])[0], components)
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", ())
        return {name: valid(one, components) for name, one in schema.get("properties", {}).items() if name in required}
    if kind == "array":
        return [valid(schema["items"], components)] * max(1, schema.get("minItems", 0))
    if kind in ("integer", "number"):
        return int(schema.get("minimum", 1))
    if kind == "boolean":
        return True
    if schema.get("format") == "uuid":
        return str(uuid.uuid4())
    if schema.get("format") == "date":
        return "2026-11-23"
    return str((schema.get("examples") or ["chuỗi hợp lệ"])[0])


def resolve(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    while "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[-1]]
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return resolve(schema["allOf"][0], components)
    return schema


def spoiled(schema: dict[str, Any], components: dict[str, Any]) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Yield (case, body, headers) for groups A and B of the bad inputs; each must be refused."""
    good = valid(schema, components)
    text = json.dumps(good, ensure_ascii=False)
    yield "A6 integer of 5,000 digits", _extra(text, '"x":' + "9" * 5000), {}
    yield "A7 NaN", _extra(text, '"x":NaN'), {}
    yield "A8 Infinity inside", _extra(text, '"x":{"y":[-Infinity]}'), {}
    yield "A9 1e400", _extra(text, '"x":1e400'), {}
    yield "A10 duplicate keys", _extra(text, '"x":1,"x":2'), {}
    yield "A11 100,000 nested arrays", b"[" * 100_000, {}
    yield "A12 900 nested arrays", NESTED_900, {}
    yield "A13 invalid UTF-8", text.encode()[:-1] + b',"x":"\xff"}', {}
    yield "A14 UTF-16", text.encode("utf-16"), {}
    yield "A16 unknown fields", _extra(text, '"is_admin":true,"id":1,"status":"approved"'), {}
    yield "A18 text/plain", text.encode(), {"content-type": "text/plain"}
    yield "A19 two megabytes", _extra(text, '"x":"' + "a" * 2_000_000 + '"'), {}
    yield "A21 gzip", text.encode(), {"content-encoding": "gzip"}
    yield "A4 lone surrogate", _extra(text, '"x":"\\ud800"'), {}
    yield "A2 NUL inside", _extra(text, '"x":{"y":"a\\u0000b"}'), {}
    yield "not an object", b'["a"]', {}
    yield "nothing", b"", {}
    yield "half a document", text.encode()[:-1], {}
    for path, one in fields(schema, components):
        for case, value in _wrong_values(one):
            yield f"{case} in {'.'.join(path)}", json.dumps(_replaced(good, path, value), allow_nan=True).encode(), {}


def fields(schema: dict[str, Any], components: dict[str, Any]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield the required fields with their schemas, nested objects included."""
    resolved = resolve(schema, components)
    for name in resolved.get("required", ()):
        one = resolve(resolved["properties"][name], components)
        if one.get("type") == "object" and one.get("properties"):
            for path, inner in fields(one, components):
                yield [name, *path], inner
        else:
            yield [name], one


def _extra(text: str, more: str) -> bytes:
    return (text[:-1] + ("," if len(text) > 2 else "") + more + "}").encode()


def _replaced(good: Any, path: list[str], value: Any) -> Any:
    changed = copy.deepcopy(good)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


def _wrong_values(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    kind, form = schema.get("type"), schema.get("format")
    yield "null", None
    if kind == "string" and "enum" not in schema and "const" not in schema:
        yield "A1 NUL", "a\u0000b"
        yield "A3 surrogate", "a\ud800"
        yield "A22 nothing visible", " \u200b\u200d "
        yield "A25 too long", "a" * 50_001
        yield "A17 a number", 12
    if kind == "integer":
        yield "A5 above int64", 2**63
        yield "A17 a string", "12"
        yield "A17 true", True
    if kind == "boolean":
        yield "A17 a string", "true"
        yield "A17 a number", 1
    if form == "date":
        for value in ("2026-02-31", "2027-02-29", "99999-01-01", "23/11/2026", 0, "2026-11-23T00:00:00Z"):
            yield "B34 no such date", value
    if form == "date-time":
        for value in ("0001-01-01T00:00:00+14:00", "2026-11-23T00:00:00", 0, "2026-02-31T00:00:00Z"):
            yield "B31 no such instant", value
    if form == "uuid":
        for value in ("1", "9" * 20, "' OR 1=1 --", "../../etc/passwd"):
            yield "B42 no id", value
