"""Which senders are machines, by their addresses alone."""

from __future__ import annotations

import pytest

from arcade_gmail_multiuser.gmail.addresses import Address
from arcade_gmail_multiuser.gmail.messages.automated import is_automated
from arcade_gmail_multiuser.gmail.messages.message import ReadMessage


@pytest.mark.parametrize(
    ("local", "machine"),
    [
        ("noreply", True),
        ("shop.no_reply", True),
        ("no.reply+7", True),
        ("Do-Not-Reply", True),
        ("do_not_reply", True),
        ("notifications", True),
        ("jane", False),
        ("snoreply", False),
        ("replyall", False),
    ],
)
def test_a_machine_is_told_by_its_address(local: str, machine: bool) -> None:
    message = ReadMessage(from_=Address("", f"{local}@example.org"))
    assert is_automated(message) == machine
