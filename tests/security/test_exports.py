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


WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
import {package} as package
try:
    package.{name}
except ModuleNotFoundError as missing:
    print(missing)
"""


@pytest.mark.parametrize(
    ("package", "name", "module", "extra"),
    [
        ("arcade_gmail_multiuser.security", "Keyring", "cryptography", "security"),
        ("arcade_gmail_multiuser.security", "SecurityConfig", "yaml", "security"),
        ("arcade_gmail_multiuser.client", "MultiUserGmailManager", "arcadepy", "client"),
        ("arcade_gmail_multiuser.client", "UserContextCache", "cachetools", "client"),
        ("arcade_gmail_multiuser", "Keyring", "cryptography", "security"),
        ("arcade_gmail_multiuser", "MultiUserGmailAgent", "arcadepy", "client"),
    ],
)
def test_a_name_without_its_extra_says_in_one_sentence_which_to_install(
    package: str, name: str, module: str, extra: str
) -> None:
    code = WITHOUT.format(package=package, name=name, module=module)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == (
        f"{name} needs the extra {extra!r}: pip install 'arcade_gmail_multiuser[{extra}]'\n"
    )


def test_a_worker_that_masks_its_log_loads_neither_yaml_nor_a_database() -> None:
    code = (
        "import sys, arcade_gmail_multiuser.security.redaction\n"
        "print({'yaml', 'sqlalchemy', 'cryptography'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
