"""worker.toml keeps the form that arcade-ai up to 2.2 accepts."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parent.parent / "worker.toml"

# From arcade-ai 2.2's pydantic models: Config, and the three kinds of sources.
CONFIG_TYPES = {"id": str, "enabled": bool, "timeout": int, "retries": int, "secret": str}
SOURCES = {"local_source", "pypi_source", "custom_source"}
REFUSED_SECRETS = {"", "dev"}


@pytest.fixture
def worker() -> dict[str, Any]:
    parsed = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert list(parsed) == ["worker"]
    assert len(parsed["worker"]) == 1
    only: dict[str, Any] = parsed["worker"][0]
    return only


def test_the_config_has_every_key_in_its_type_and_no_other(worker: dict[str, Any]) -> None:
    assert {name: type(value) for name, value in worker["config"].items()} == CONFIG_TYPES
    assert set(worker) - {"config"} <= SOURCES


def test_the_secret_comes_from_the_environment(worker: dict[str, Any]) -> None:
    secret = worker["config"]["secret"]
    assert secret not in REFUSED_SECRETS
    assert re.fullmatch(r"\$\{env:\s*ARCADE_WORKER_SECRET\}", secret)


def test_the_uploaded_package_gets_the_toolkits_name(worker: dict[str, Any]) -> None:
    """arcade-ai names the upload after the last part of the path, which "." does not have."""
    [package] = worker["local_source"]["packages"]
    assert Path(package).name == "arcade_gmail_multiuser"
    checkout = Path("/anywhere/arcade_gmail_multiuser")
    assert Path(re.sub(r"^\.\.", str(checkout.parent), package)) == checkout
