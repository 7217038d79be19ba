"""Fit a document to its schema, and keep what fits, so that the rules can look at the rest."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from arcade_gmail_multiuser.security.config.findings import Findings, Location
from arcade_gmail_multiuser.security.config.schema import Document

__all__ = ["fit_document"]

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "too_long": ("at most this long:", "max_length"),
}


def fit_document(raw: dict[str, Any], findings: Findings) -> Document:
    """Validate; what does not fit becomes an error and is left out of the result."""
    try:
        return Document.model_validate(raw)
    except ValidationError as refused:
        problems = refused.errors(include_url=False, include_input=False)
    pruned = copy.deepcopy(raw)
    for problem in problems:
        location: Location = problem["loc"]
        why, remedy = _told(problem)
        findings.error(location, why, remedy)
        dropped = _drop(pruned, location)
        findings.close(dropped)
    # Every key is optional, so what is left fits.
    return Document.model_validate(pruned)


def _drop(document: dict[str, Any], location: Location) -> Location:
    """Remove the part that does not fit; a list goes as a whole, or its indices would shift."""
    cut = next((n for n, step in enumerate(location) if isinstance(step, int)), len(location))
    path = location[:cut]
    holder: Any = document
    for step in path[:-1]:
        holder = holder.get(step, {}) if isinstance(holder, dict) else {}
    if path and isinstance(holder, dict):
        holder.pop(path[-1], None)
    return path


def _told(problem: ErrorDetails) -> tuple[str, str]:
    kind = problem["type"]
    context: Mapping[str, Any] = problem.get("ctx", {})
    if kind == "extra_forbidden":
        close = _closest(problem["loc"])
        remedy = f"Remove it, or write `{close}`." if close else "Remove it."
        return "is no key that exists.", remedy
    if kind == "literal_error":
        return "has no such choice.", f"Write {context.get('expected', 'another')}."
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}.", "Correct its value."
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {context.get(name)}.", "Correct its value."
    return "has a value that cannot be used.", "Correct its value."


def _closest(location: Location) -> str | None:
    fields = _fields_at(location[:-1])
    close = difflib.get_close_matches(str(location[-1]), fields, n=1, cutoff=0.6)
    return close[0] if close else None


def _fields_at(location: Location) -> list[str]:
    model: type[BaseModel] = Document
    for step in location:
        if isinstance(step, int):
            continue
        found = (
            _models_in(model.model_fields[step].annotation) if step in model.model_fields else []
        )
        if not found:
            return []
        model = found[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Find the section inside `Section`, `Section | None` or `list[Section]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
