"""What is written from the tools is what the tools are."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from tool_rows import catalog

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_tools", ROOT / "docs" / "write_tools.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_written_from_the_tools_is_up_to_date(writer: ModuleType) -> None:
    """If this fails, run `python docs/write_tools.py`."""
    pages = writer.pages()
    assert len(pages) == 4
    stale = [path.name for path, text in pages.items() if path.read_text("utf-8") != text]
    assert stale == []


def test_a_stale_table_is_noticed_and_written_again(writer: ModuleType) -> None:
    """A tool that is missing everywhere comes back everywhere."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("`SendEmail`") == 2
    assert writer.readme(text.replace(" `SendEmail`", "")) == text
    numbers = (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8")
    assert writer.measurements(numbers.replace("| tools | ", "| tools | 1")) == numbers


def test_a_star_marks_the_scopes_beyond_arcades_default_google_app(writer: ModuleType) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    begin, end = writer.SCOPES
    assert "`gmail.settings.basic`*" in text[text.index(begin) : text.index(end)]


def test_a_tool_beyond_arcades_default_google_app_says_so_itself(writer: ModuleType) -> None:
    for name, tool in catalog().items():
        authorization = tool.definition.requirements.authorization
        assert authorization is not None
        assert authorization.oauth2 is not None
        beyond = writer.NOT_IN_THE_DEFAULT_APP & set(authorization.oauth2.scopes or ())
        said = "Arcade's default Google app does not have" in tool.definition.description
        assert said is bool(beyond), name


def test_the_readme_names_every_tool_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("## The tools") :]
    named = set(re.findall(r"`([A-Z]\w+)`", table[: table.index("What every one")]))
    assert named == set(catalog())
