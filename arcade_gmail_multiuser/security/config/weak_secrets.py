"""Which shared secrets nobody should start with: short ones, defaults, examples, patterns."""

from __future__ import annotations

import re

__all__ = ["weakness_of"]

_FEWEST_DISTINCT = 8
"""16 random hexadecimal digits hold about 10 different ones; fewer than 6 nearly never."""

_PLACEHOLDER = re.compile(
    r"change[-_ ]?(me|this|it)|replace[-_ ]?(me|this)|placeholder|example|insert[-_ ]|"
    r"your[-_ ]|pass(word|phrase)|do[-_ ]not[-_ ]use|sandbox-secret|x{6,}|12345678|abcdefgh|"
    r"\.\.\.|…|^<.*>$|^(dev|test|default|secret|admin|todo|none|null|undefined)+$",
    re.IGNORECASE,
)


def weakness_of(secret: str, *, shortest: int) -> str | None:
    """Say what is wrong with a secret, as the end of a sentence; None when nothing is seen.

    Args:
        shortest: how many UTF-8 bytes it needs.
    """
    if not secret:
        return "is missing."
    if len(secret.encode("utf-8", errors="replace")) < shortest:
        return f"is shorter than {shortest} bytes."
    if _PLACEHOLDER.search(secret):
        return "is a default or an example."
    if len(set(secret)) < min(_FEWEST_DISTINCT, shortest):
        return "repeats few characters."
    if not secret.isprintable() or not secret.isascii() or " " in secret:
        return "holds characters that do not survive a header."
    return None
