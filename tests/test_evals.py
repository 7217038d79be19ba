"""The eval suites can pass, can fail, and are judged by their results, not by an exit status."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from arcade_core.toolkit import Toolkit

ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("arcade_evals") is None,
        reason="the extra `evals` is not installed",
    ),
]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT))
    yield importlib.import_module("evals.run")
    for name in [name for name in sys.modules if name.split(".")[0] == "evals"]:
        del sys.modules[name]


def test_a_model_that_is_right_passes_every_case(run: ModuleType) -> None:
    verdict = run.run_take("right")
    assert verdict.problems == ()
    assert verdict.cases == verdict.passed == len(run.load_script()) >= 20


def test_a_model_that_takes_the_neighbouring_tool_fails_every_case(run: ModuleType) -> None:
    verdict = run.run_take("neighbour")
    assert verdict.problems == ()
    assert (verdict.cases, verdict.passed) == (len(run.load_script()), 0)


def test_one_wrong_answer_one_wrong_argument_and_one_lost_line_are_named(run: ModuleType) -> None:
    """The gate is worth something only if it closes."""
    script = dict(run.load_script())
    wrong_tool, wrong_argument, lost = (
        "Which labels can I use?",
        "Archive the conversation 18f2a7c3d4e5b612.",
        "What are my ten newest emails?",
    )
    script[wrong_tool] = dataclasses.replace(script[wrong_tool], right=script[wrong_tool].neighbour)
    right = script[wrong_argument].right
    script[wrong_argument] = dataclasses.replace(
        script[wrong_argument],
        right=dataclasses.replace(right, arguments={**right.arguments, "labels_to_add": ["Old"]}),
    )
    del script[lost]
    problems = "\n".join(run.run_take("right", script).problems)
    for message in (wrong_tool, wrong_argument):
        assert f"should pass: ListLabels: {message}" in problems or (
            f"should pass: ChangeThreadLabels: {message}" in problems
        )
    assert f"not in the script: {lost}" in problems


def test_every_tool_of_the_toolkit_is_the_right_answer_to_something(run: ModuleType) -> None:
    found = Toolkit.from_package("arcade_gmail_multiuser").tools.values()
    tools = {f"GmailMultiuser_{pascal(name)}" for names in found for name in names}
    assert {line.right.tool for line in run.load_script().values()} == tools
    assert all(line.right.tool != line.neighbour.tool for line in run.load_script().values())


def pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
