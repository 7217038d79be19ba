"""Mark the tests that need a server: `-m "not server"` leaves them out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

__all__ = ["pytest_itemcollected"]

SERVICES = {"database_url", "redis_url", "sandbox_url", "executable"}
"""Fixtures of a PostgreSQL, a Redis, a sandbox and a Chromium."""
STARTERS = {
    "processes",
    "arcade_gmail_local.commands.server_process",
    "arcade_gmail_local.commands.stack",
}
"""Modules whose functions start processes."""
LOCAL = Path(__file__).parent.parent / "local"
"""Tests of the servers themselves."""
ROOT = str(Path(__file__).parent.parent / "conftest.py")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test by what it and its fixtures use."""
    if not isinstance(item, pytest.Function):
        return
    defined = [d for some in item._fixtureinfo.name2fixturedefs.values() for d in some]
    functions = [item.function, *(d.func for d in defined if not _is_of_root(d.func))]
    needs = item.path.is_relative_to(LOCAL) or SERVICES & set(item.fixturenames)
    if needs or any(map(_starts_a_process, functions)):
        item.add_marker("server")


def _is_of_root(function: Any) -> bool:
    return bool(getattr(function, "__code__", None)) and function.__code__.co_filename == ROOT


def _starts_a_process(function: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Look at what a function names, and into those functions of its own module."""
    function = getattr(function, "__wrapped__", function)
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType) or function in seen:
        return False
    for name in _names(function.__code__):
        found = function.__globals__.get(name)
        if name == "create_subprocess_exec" or found is subprocess:
            return True
        module = getattr(found, "__module__", None)
        if module in STARTERS:
            return True
        if module == function.__module__ and _starts_a_process(found, seen | {function}):
            return True
    return False


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)
