"""Collect what the scripted model answers to each message from the suites themselves.

The model's server checks every call against the schema that the toolkit really sends, so a renamed
tool or parameter shows.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from evals.cases import Call, Line

__all__ = ["Call", "Line", "load_script"]

FOLDER = Path(__file__).parent


@cache
def load_script() -> dict[str, Line]:
    """Build every suite once, and return the lines of all its cases by message."""
    # The suites import `cases` as `arcade evals` lets them: with this folder on the path.
    sys.path.insert(0, str(FOLDER))
    try:
        for path in sorted(FOLDER.glob("eval_*.py")):
            for suite in vars(import_module(path.stem)).values():
                if getattr(suite, "__tool_eval__", False):
                    suite.__wrapped__()
        return dict(import_module("cases").SCRIPT)
    finally:
        sys.path.remove(str(FOLDER))
