"""No mail gets an order to an agent that a person does not see, unmarked, or breaks the fence."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


def _table() -> Any:
    """Load the table that is printed by bench/injection_table.py: what is shown is what is held."""
    path = Path(__file__).parents[3] / "bench" / "injection_table.py"
    spec = importlib.util.spec_from_file_location("injection_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLE = _table()
OUTCOMES = TABLE.outcomes()
every_mail = pytest.mark.parametrize("mail", OUTCOMES, ids=lambda mail: mail.name)


def test_there_are_enough_mails_and_each_has_a_name() -> None:
    assert len({mail.name for mail in OUTCOMES}) == len(OUTCOMES) >= 25


@every_mail
def test_what_a_person_sees_is_kept(mail: Any) -> None:
    assert mail.expected["seen"] in mail.body


@every_mail
def test_an_order_that_nobody_sees_is_gone_or_marked(mail: Any) -> None:
    outcome = mail.expected["outcome"]
    assert not mail.reached_unmarked
    if outcome in ("removed", "listed"):
        assert not mail.holds_order
    else:
        backwards = TABLE.ORDER[::-1]
        assert mail.holds_order or backwards in mail.body
    if "mark" in mail.expected:
        assert mail.body.index(mail.expected["mark"]) < mail.body.index(TABLE.ORDER)


@every_mail
def test_it_is_reported_without_being_repeated(mail: Any) -> None:
    if "warning" in mail.expected:
        assert mail.reported, mail.warnings
    else:
        assert mail.expected["outcome"] in ("fenced", "listed")
    assert not any("invoice" in warning for warning in mail.warnings)


@every_mail
def test_the_fence_is_never_broken(mail: Any) -> None:
    assert mail.fence_holds


@every_mail
def test_nothing_invisible_is_left_in_what_an_agent_reads(mail: Any) -> None:
    text = mail.body + "".join(mail.fields)
    assert not any(0x200B <= ord(letter) <= 0x202E or ord(letter) >= 0xE0000 for letter in text)
