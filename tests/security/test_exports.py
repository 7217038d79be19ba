"""What the room promises by name, and what it costs not to ask for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from arcade_gmail_multiuser import security


@pytest.mark.parametrize("name", security.__all__)
def test_a_promised_name_can_be_imported(name: str) -> None:
    assert getattr(security, name).__name__ == name


def test_names_are_in_order_and_others_are_refused_as_usual() -> None:
    assert list(security.__all__) == sorted(security.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        security.Nothing  # noqa: B018


def test_a_worker_that_masks_its_log_loads_neither_yaml_nor_a_database() -> None:
    code = (
        "import sys, arcade_gmail_multiuser.security.redaction\n"
        "print({'yaml', 'sqlalchemy', 'cryptography'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
