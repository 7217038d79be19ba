"""No function is harder to follow than C(15) by radon's count, unless it says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from radon.complexity import cc_visit
from radon.visitors import Class

ROOT = Path(__file__).parent.parent
ROOMS = [ROOT / "arcade_gmail_multiuser", ROOT / "local" / "arcade_gmail_local"]
MAX_COMPLEXITY = 15
REASONS = ("# noqa: C901 - ", "# complexity: ")
"""What stands before a reason, on the line of the `def`; the first is ruff's, which counts less."""


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_no_function_is_more_complex_than_it_says_why(room: Path) -> None:
    paths = sorted(room.rglob("*.py"))
    assert paths
    assert [found for path in paths for found in unexplained(path)] == []


def unexplained(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for block in cc_visit(source):
        if isinstance(block, Class) or block.complexity <= MAX_COMPLEXITY:
            continue
        if not any(reason in lines[block.lineno - 1] for reason in REASONS):
            yield f"{path.name}:{block.lineno} {block.name} ({block.complexity})"


def test_a_complex_function_is_found_and_one_with_a_reason_is_not(tmp_path: Path) -> None:
    body = "".join(f"    if x == {n}:\n        return {n}\n" for n in range(MAX_COMPLEXITY))
    bare, explained = tmp_path / "bare.py", tmp_path / "explained.py"
    bare.write_text(f"def f(x):\n{body}")
    explained.write_text(f"def f(x):  {REASONS[1]}one case a number\n{body}")
    assert list(unexplained(bare)) == ["bare.py:1 f (16)"]
    assert list(unexplained(explained)) == []
