"""Bind a request's query and body to a method's parameters, as strictly as Google does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from arcade_gmail_local.sandbox.discovery import load_document
from arcade_gmail_local.sandbox.google_error import (
    bad_value,
    invalid,
    not_an_object,
    not_json,
    repeated_query_parameter,
    unknown_field,
    unknown_query_parameter,
)
from arcade_gmail_local.sandbox.http.methods import Method
from arcade_gmail_local.sandbox.mail.charsets import decode_base64_strictly

MAX_RESULTS = 500
_DIGITS = re.compile(r"[0-9]{1,20}")
_LONG = re.compile(r"-?[0-9]{1,18}")
_MAX_QUOTED = 80


def bind_query(method: Method, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the method's query parameters, typed and with defaults.

    Google's common parameters (alt, fields, key, …) are accepted and left out of the result.
    """
    common = load_document()["parameters"]
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    bound: dict[str, Any] = {}
    for name, values in grouped.items():
        if name in common:
            _typed(name, common[name], values[-1])
            continue
        about = method.parameters.get(name)
        if about is None or about.get("location") != "query":
            raise unknown_query_parameter(name)
        if about.get("repeated"):
            bound[name] = [_typed(name, about, value) for value in values]
        elif len(values) > 1:
            raise repeated_query_parameter(name)
        else:
            bound[name] = _typed(name, about, values[0])
    return _defaults(method) | bound


def _defaults(method: Method) -> dict[str, Any]:
    return {
        name: _typed(name, about, about["default"])
        for name, about in method.parameters.items()
        if about.get("location") == "query" and "default" in about
    }


def _typed(name: str, about: Mapping[str, Any], value: str) -> Any:
    field = _snake(name)
    if "enum" in about:
        if value.lower() not in {allowed.lower() for allowed in about["enum"]}:
            raise bad_value(field, "TYPE_ENUM", _quoted(value))
        return next(allowed for allowed in about["enum"] if allowed.lower() == value.lower())
    if about["type"] == "boolean":
        if value.lower() not in ("true", "false", "1", "0"):
            raise bad_value(field, "TYPE_BOOL", _quoted(value))
        return value.lower() in ("true", "1")
    if about["type"] == "integer":
        return _results(field, value)
    if about.get("format") == "uint64" and not _is_uint(value, 64):
        raise bad_value(field, "TYPE_UINT64", _quoted(value))
    return value


def _results(field: str, value: str) -> int:
    """Parse maxResults, the only integer there is; larger values are capped silently."""
    if not _is_uint(value, 32):
        raise bad_value(field, "TYPE_UINT32", _quoted(value))
    if int(value) == 0:
        raise invalid("Invalid maxResults")
    return min(int(value), MAX_RESULTS)


def _is_uint(value: str, bits: int) -> bool:
    return bool(_DIGITS.fullmatch(value)) and int(value) < 1 << bits


# Bodies


def bind_body(method: Method, body: bytes) -> dict[str, Any]:
    """Parse a JSON body and check it against the method's schema; base64 fields become bytes.

    An empty body is an empty object, and a null field counts as absent.
    """
    if not body.strip():
        return {}
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise not_json() from None
    if not isinstance(given, dict):
        raise not_an_object()
    if method.request_schema is None:
        if given:
            raise unknown_field(next(iter(given)), "")
        return {}
    return _bound_object(method.request_schema, given, method.body_field)


def _bound_object(schema: str, given: Mapping[str, Any], path: str) -> dict[str, Any]:
    properties = load_document()["schemas"][schema].get("properties", {})
    bound: dict[str, Any] = {}
    for name, value in given.items():
        if name not in properties:
            raise unknown_field(name, path)
        if value is not None:
            at = f"{path}.{_snake(name)}" if path else _snake(name)
            bound[name] = _bound(properties[name], value, at)
    return bound


def _bound(about: Mapping[str, Any], value: Any, at: str) -> Any:
    if "$ref" in about:
        if not isinstance(value, dict):
            raise bad_value(at, f"type.googleapis.com/gmail.v1.{about['$ref']}", _quoted(value))
        return _bound_object(about["$ref"], value, at)
    if about["type"] == "array":
        if not isinstance(value, list):
            value = [value]
        return [_bound(about["items"], item, f"{at}[{i}]") for i, item in enumerate(value)]
    return _bound_scalar(about, value, at)


def _bound_scalar(about: Mapping[str, Any], value: Any, at: str) -> Any:
    kind, form = about["type"], about.get("format")
    if form == "byte":
        return _decoded(value, at)
    if "enum" in about and value not in about["enum"]:
        raise bad_value(at, "TYPE_ENUM", _quoted(value))
    if form in ("int64", "uint64"):
        return _bound_long(form, value, at)
    expected = {"string": str, "boolean": bool, "integer": int}.get(kind)
    if expected is not None and (
        not isinstance(value, expected) or (kind == "integer" and isinstance(value, bool))
    ):
        name = {"string": "TYPE_STRING", "boolean": "TYPE_BOOL"}.get(kind, "TYPE_INT32")
        raise bad_value(at, name, _quoted(value))
    return value


def _bound_long(form: str, value: Any, at: str) -> str:
    """Parse a 64-bit number, which JSON carries as a string or a number."""
    text = str(value)
    if isinstance(value, bool) or not _LONG.fullmatch(text) or (form[0] == "u" and text[0] == "-"):
        raise bad_value(at, f"TYPE_{form.upper()}", _quoted(value))
    return text


def _decoded(value: Any, at: str) -> bytes:
    """Decode base64 in either alphabet, padded or not."""
    if not isinstance(value, str):
        raise bad_value(at, "TYPE_BYTES", _quoted(value))
    try:
        return decode_base64_strictly(value)
    except ValueError:
        note = "Base64 decoding failed for "
        raise bad_value(at, "TYPE_BYTES", _quoted(value), note=note) from None


def _quoted(value: Any) -> str:
    """Quote a value for an error, truncated; Google quotes all of it, even forty megabytes."""
    if isinstance(value, str):
        return json.dumps(value if len(value) <= _MAX_QUOTED else value[:_MAX_QUOTED] + "…")
    return json.dumps(value)[:_MAX_QUOTED]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
