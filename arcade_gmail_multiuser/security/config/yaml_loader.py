"""Read a small YAML document that nobody can turn into a trap."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from arcade_gmail_multiuser.errors import ConfigurationError

__all__ = ["MAX_BYTES", "read_yaml"]

MAX_BYTES = 64 * 1024
_DEEPEST = 12


class _Trap(yaml.YAMLError):
    """What YAML allows and a configuration does not need."""

    def __init__(self, what: str, node_mark: Any) -> None:
        super().__init__(what)
        self.problem = what
        self.problem_mark = node_mark


class _Loader(yaml.SafeLoader):
    """Safe types only, one value a key, no aliases, and not deeper than anyone writes."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # its stubs lack it
        if isinstance(event, yaml.AliasEvent):
            # A few lines of aliases stand for gigabytes ("billion laughs").
            raise _Trap("an alias, which is not accepted here", event.start_mark)
        self._depth += 1
        if self._depth > _DEEPEST:
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
                # The second would silently win, and a reader sees the first.
                raise _Trap("a key that is there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(text: str) -> dict[str, Any]:
    """Read one document whose top is a mapping.

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
        raise ConfigurationError(_told(problem)) from None
    except (ValueError, OverflowError, RecursionError):
        # A number or a date in a form that only looks like one.
        raise ConfigurationError("The configuration holds a value that cannot be read.") from None
    if not isinstance(found, dict):
        raise ConfigurationError("The configuration must be a mapping of keys to values.")
    return found


def _told(problem: yaml.YAMLError) -> str:
    # PyYAML's own text quotes the line, which may hold a secret.
    what = problem.problem if isinstance(problem, _Trap) else "something that is not YAML"
    mark = getattr(problem, "problem_mark", None)
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    return f"The configuration cannot be read: {what}{place}."
