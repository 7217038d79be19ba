"""The public names: what each is, what importing costs, and what a missing extra says."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import arcade_gmail_multiuser
from arcade_gmail_multiuser import client, errors, security
from arcade_gmail_multiuser.extras import extra_of

ROOT = Path(__file__).parent.parent
PACKAGES = (arcade_gmail_multiuser, client, security)
PROMISED = {
    "Keyring",
    "MultiUserGmailAgent",
    "MultiUserGmailManager",
    "SecureTokenManager",
    "SecurityConfig",
    "UserContextCache",
    "new_key",
    "verifier_routes",
}


def run(code: str, *, absent: str = "") -> str:
    """Run code in a process of its own, where the package `absent` cannot be imported."""
    if absent:
        code = f"import sys; sys.modules[{absent!r}] = None\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def imported_for_types(package: object) -> set[str]:
    """Return the names that type checkers see."""
    tree = ast.parse(Path(str(vars(package)["__file__"])).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names} - {
        "annotations",
        "lazy_exports",
    }


@pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.__name__)
def test_all_tells_the_truth_to_people_and_to_type_checkers(package: object) -> None:
    listed = vars(package)["__all__"]
    assert list(listed) == sorted(listed)
    assert imported_for_types(package) == set(listed)
    assert set(listed) <= set(dir(package))
    for name in listed:
        assert getattr(package, name) is not None


def test_the_root_has_every_error_and_every_public_name_of_client_and_security() -> None:
    assert set(arcade_gmail_multiuser.__all__) == {
        *errors.__all__,
        *client.__all__,
        *security.__all__,
    }
    assert set(arcade_gmail_multiuser.__all__) >= PROMISED


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="MultiUserGmailManger"):
        importlib.import_module("arcade_gmail_multiuser").MultiUserGmailManger  # noqa: B018


def test_importing_the_package_loads_nothing_but_its_errors_and_two_light_modules() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import arcade_gmail_multiuser\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert set(run(code).split()) <= {
        "__future__",
        "arcade_gmail_multiuser",
        "arcade_gmail_multiuser.errors",
        "arcade_gmail_multiuser.lazy_imports",
        "importlib",
        "importlib._bootstrap",
        "importlib._bootstrap_external",
        "warnings",
    }


def test_using_the_client_reads_no_environment_opens_no_connection_and_sets_up_no_log() -> None:
    code = (
        "import logging, os, socket\n"
        "os.environ.clear(); socket.socket.connect = None\n"
        "from arcade_gmail_multiuser import MultiUserGmailManager, verifier_routes\n"
        "print(logging.getLogger().handlers)"
    )
    assert run(code).strip() == "[]"


@pytest.mark.parametrize("where", ["arcade_gmail_multiuser", "its room"])
@pytest.mark.parametrize(
    ("room", "name", "absent"),
    [
        ("client", "MultiUserGmailManager", "arcadepy"),
        ("client", "UserContextCache", "cachetools"),
        ("security", "SecurityConfig", "yaml"),
        ("security", "Keyring", "cryptography"),
    ],
)
def test_a_name_without_its_extra_says_in_one_sentence_which_to_install(
    where: str, room: str, name: str, absent: str
) -> None:
    package = where if where != "its room" else f"arcade_gmail_multiuser.{room}"
    said = run(f"from {package} import {name}", absent=absent).splitlines()[-1]
    install = "pip install 'arcade_gmail_multiuser[client]'"
    assert said == f"ModuleNotFoundError: {name} needs the extra 'client': {install}"


def test_the_table_of_extras_agrees_with_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = {"pyyaml": "yaml"}
    for extra in ("client", "postgres", "redis"):
        for requirement in project["optional-dependencies"][extra]:
            name = re.split(r"[\[<>=]", requirement)[0]
            assert extra_of(modules.get(name, name)) == extra


def test_the_local_stack_has_no_names_of_its_own_to_import() -> None:
    path = ROOT / "local" / "arcade_gmail_local" / "__init__.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr]
