"""The calls that are made most pass through few files of the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tool_rows import functions

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from bench.hops import MAX_FILES, files_passed


@pytest.mark.parametrize(("name", "most"), MAX_FILES.items())
async def test_stepping_through_a_call_stops_in_few_files(world: Any, name: str, most: int) -> None:
    files = await files_passed(world, name, functions()[name])
    assert len(files) <= most, "\n".join(files)
