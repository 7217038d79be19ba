"""The example of a security configuration, ways to spoil it, and how it is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.security_config import SecurityConfig
from arcade_gmail_multiuser.security.keys import new_key

ENV = {
    "NEW_KEY": new_key(),
    "OLD_KEY": new_key(),
    "AUDIT_KEY": new_key(),
    "API_KEY": "k" + new_key(),
    "MCP_KEY": "m" + new_key(),
    "CLIENT_SECRET": "GOCSPX-" + new_key()[:24],
    "WORKER_SECRET": "w" + new_key(),
    "DATABASE_PASSWORD": "canary-" + new_key()[:12].replace("/", "a").replace("+", "b"),
}
GOOD = Path(__file__).with_name("security.example.yaml").read_text()

Change = Callable[[dict[str, Any]], object]


def load(text: str = GOOD, env: Mapping[str, str] = ENV) -> SecurityConfig:
    return SecurityConfig.from_yaml(text, env=env)


def changed(change: Change, text: str = GOOD) -> str:
    document = copy.deepcopy(yaml.safe_load(text))
    change(document)
    return yaml.safe_dump(document)


def setting(*path: str | int, to: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        if to is ...:
            del inner[path[-1]]
        else:
            inner[path[-1]] = to

    return change


def refusal(text: str, env: Mapping[str, str] = ENV) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(text, env)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return f"{caught.value} {caught.value.developer_message or ''}"
