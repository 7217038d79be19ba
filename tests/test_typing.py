"""The public API as mypy --strict sees it: which samples type-check, and which do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "typing_tests"
FOUND = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$", re.M)
EXPECTED = re.compile(r"# E: (?P<code>[\w-]+)$")


@pytest.fixture(scope="module")
def errors() -> dict[str, list[tuple[int, str]]]:
    """What mypy finds in each sample, by its file's name, as line and code."""
    files = [str(one) for one in sorted(SAMPLES.glob("*.py"))]
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--no-pretty", "--show-error-codes"]
    said, trouble, _ = api.run([*options, *files])
    assert not trouble, trouble
    found: dict[str, list[tuple[int, str]]] = {Path(one).name: [] for one in files}
    for one in FOUND.finditer(said):
        found[Path(one["file"]).name].append((int(one["line"]), one["code"]))
    assert sum(map(len, found.values())) == said.count(" error: "), said
    return found


def expected(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return [(number, one["code"]) for number, line in lines if (one := EXPECTED.search(line))]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.py")), ids=lambda one: one.stem)
def test_mypy_finds_in_a_sample_exactly_what_it_names(
    path: Path, errors: dict[str, list[tuple[int, str]]]
) -> None:
    # A union has an error for each of its members.
    assert list(dict.fromkeys(errors[path.name])) == expected(path)


def test_there_is_something_to_find() -> None:
    assert len(expected(SAMPLES / "fails.py")) >= 10
    assert expected(SAMPLES / "passes.py") == []
