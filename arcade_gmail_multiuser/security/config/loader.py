"""Load a configuration: read the YAML, resolve `${env:NAME}`, and fit it to the schema."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Hashable, Mapping
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.findings import Findings, Location
from arcade_gmail_multiuser.security.config.schema import Document

__all__ = ["MAX_BYTES", "load_document", "read_yaml"]

MAX_BYTES = 64 * 1024
_MAX_DEPTH = 12
_REFERENCE = re.compile(r"\$\{env:([A-Z_][A-Z0-9_]{0,63})\}")
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


class _Trap(yaml.YAMLError):
    """What YAML allows and a configuration must not use."""

    def __init__(self, what: str, node_mark: Any) -> None:
        super().__init__(what)
        self.problem = what
        self.problem_mark = node_mark


class _Loader(yaml.SafeLoader):
    """Load safe types only: no duplicate keys, no aliases, bounded depth."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # its stubs lack it
        if isinstance(event, yaml.AliasEvent):
            # A few lines of aliases stand for gigabytes ("billion laughs").
            raise _Trap("an alias, which is not accepted here", event.start_mark)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _Trap("nested too deeply", event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise _Trap("a key that is not plain text", key.start_mark)
            if key.value in seen:
                # The second would silently win, but people read the first.
                raise _Trap("a duplicate key", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def load_document(
    text: str, env: Mapping[str, str], findings: Findings
) -> tuple[Document, frozenset[Location]]:
    """Load YAML text; what cannot be resolved or does not fit becomes a finding and is left out.

    Returns:
        The document, and the locations whose text came from the environment, wholly or in part.

    Raises:
        ConfigurationError: the text is not YAML of one mapping.
    """
    raw, referring = _resolve_references(read_yaml(text), env, findings)
    return _fit_document(raw, findings), referring


def read_yaml(text: str) -> dict[str, Any]:
    """Parse one document whose top level is a mapping.

    Raises:
        ConfigurationError: says what is wrong and in which line, and quotes nothing.
    """
    if len(text.encode("utf-8", errors="replace")) > MAX_BYTES:
        raise ConfigurationError(f"The configuration is longer than {MAX_BYTES // 1024} KiB.")
    try:
        loader = _Loader(text)
        try:
            found = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as problem:
        raise ConfigurationError(_explain_yaml(problem)) from None
    except (ValueError, OverflowError, RecursionError):
        # Something that looks like a number or a date and is not.
        raise ConfigurationError("The configuration has a value that cannot be read.") from None
    if not isinstance(found, dict):
        raise ConfigurationError("The configuration must be a mapping of keys to values.")
    return found


def _explain_yaml(problem: yaml.YAMLError) -> str:
    # PyYAML's own text quotes the line, which may contain a secret.
    what = problem.problem if isinstance(problem, _Trap) else "something that is not YAML"
    mark = getattr(problem, "problem_mark", None)
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return f"The configuration cannot be read: {what}{place}."


def _resolve_references(
    document: dict[str, Any], env: Mapping[str, str], findings: Findings
) -> tuple[dict[str, Any], frozenset[Location]]:
    """Resolve every reference in every text; what cannot be resolved becomes an error and "".

    A value from the environment is never searched for references again.

    Returns:
        The document, and the locations whose text came from the environment, wholly or in part.
    """
    referring: set[Location] = set()

    def walk(value: Any, location: Location) -> Any:
        if isinstance(value, dict):
            return {key: walk(inner, (*location, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, (*location, index)) for index, inner in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return resolve(value, location)
        return value

    def resolve(text: str, location: Location) -> str:
        if "${" in _REFERENCE.sub("", text):
            findings.error(
                location,
                "has a malformed ${…}.",
                "Write ${env:NAME}; a name has capitals, digits and underscores.",
            )
            findings.close(location)
            return ""
        missing = [name for name in _REFERENCE.findall(text) if not env.get(name, "").strip()]
        if missing:
            names = ", ".join(dict.fromkeys(missing))
            findings.error(
                location,
                f"needs {names}, which is not set in the environment.",
                "Set it before starting.",
            )
            findings.close(location)
            return ""
        referring.add(location)
        return _REFERENCE.sub(lambda match: env[match.group(1)].strip(), text)

    return walk(document, ()), frozenset(referring)


def _fit_document(raw: dict[str, Any], findings: Findings) -> Document:
    """Validate; what does not fit becomes an error and is left out of the result."""
    try:
        return Document.model_validate(raw)
    except ValidationError as refused:
        problems = refused.errors(include_url=False, include_input=False)
    pruned = copy.deepcopy(raw)
    for problem in problems:
        location: Location = problem["loc"]
        why, remedy = _explain_misfit(problem)
        findings.error(location, why, remedy)
        dropped = _drop(pruned, location)
        findings.close(dropped)
    # Every key is optional, so what is left fits.
    return Document.model_validate(pruned)


def _drop(document: dict[str, Any], location: Location) -> Location:
    """Remove the part that does not fit; a list is removed whole, or its indices would shift."""
    cut = next((n for n, step in enumerate(location) if isinstance(step, int)), len(location))
    path = location[:cut]
    holder: Any = document
    for step in path[:-1]:
        holder = holder.get(step, {}) if isinstance(holder, dict) else {}
    if path and isinstance(holder, dict):
        holder.pop(path[-1], None)
    return path


def _explain_misfit(problem: ErrorDetails) -> tuple[str, str]:
    kind = problem["type"]
    context: Mapping[str, Any] = problem.get("ctx", {})
    if kind == "extra_forbidden":
        close = _closest(problem["loc"])
        remedy = f"Remove it, or write `{close}`." if close else "Remove it."
        return "is not a known key.", remedy
    if kind == "literal_error":
        return "is not one of the choices.", f"Write {context.get('expected', 'another')}."
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
