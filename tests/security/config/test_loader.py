"""A configuration's text cannot be a trap."""

from __future__ import annotations

import pytest

from arcade_gmail_multiuser.errors import ConfigurationError
from arcade_gmail_multiuser.security.config.security_config import SecurityConfig

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)
TRAPS = {
    "a bomb of aliases": (BOMB, "an alias"),
    "an alias": ("a: &x canary\nb: *x", "an alias"),
    "a merge": ("a: &x {b: canary}\nc: {<<: *x}", "alias"),
    "a key twice": ("security: {}\nsecurity: {oauth: canary}", "a duplicate key in line 2"),
    "a key twice inside": (
        "security:\n  oauth: {pkce_enabled: true, pkce_enabled: false}",
        "duplicate",
    ),
    "a key that is a number": ("1: canary", "not plain text"),
    "a key that is a list": ("? [a]\n: canary", "not plain text"),
    "a Python object": ("a: !!python/object/apply:os.system [canary]", "not YAML"),
    "deep nesting": ("a: " + "[" * 500 + "]" * 500, "nested too deeply"),
    "too long": ("a: " + "x" * 70_000, "longer than 64 KiB"),
    "two documents": ("a: 1\n---\nb: canary", "not YAML"),
    "no YAML": ("a: 'canary", "not YAML"),
    "a control character": ("a: canary\x00", "not YAML"),
    "nothing": ("", "must be a mapping"),
    "a list": ("[canary]", "must be a mapping"),
    "a date that is none": ("a: 2024-99-99", "cannot be read"),
    "a tab": ("a:\n\tb: canary", "not YAML"),
    "a lone surrogate": ("a: \ud800", "not YAML"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_s55_a_trap_in_the_text_is_refused_and_nothing_of_it_repeated(name: str) -> None:
    text, told = TRAPS[name]
    with pytest.raises(ConfigurationError) as caught:
        SecurityConfig.from_yaml(text, env={})
    assert told in caught.value.message
    assert "canary" not in f"{caught.value.message} {caught.value.developer_message}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
