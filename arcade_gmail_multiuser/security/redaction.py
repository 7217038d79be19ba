"""Redaction: tokens, keys and codes masked out of text that leaves the process."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

__all__ = ["RedactingFilter", "redact", "redact_value"]

MASK = "[redacted]"

_SECRET_NAMES = (
    "access_token|refresh_token|id_token|client_secret|code_verifier|api_key|worker_secret"
    "|authorization_code|auth_code|password"
)
# Short names mean a secret only as a parameter of a url or a form, not in prose or code.
_PARAMETER_NAMES = f"{_SECRET_NAMES}|code|state|token|flow_id|key|nonce|login_hint"

# Every alternative begins with a literal and continues with one negated class: linear time.
_PATTERN = re.compile(
    rf"""
    (?P<header>\bAuthorization["']?\s*[:=]\s*(?:b?["'])?(?:(?:Bearer|Basic)\s+)?)[^\s"',;}}\]]+
  | (?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{{16,}}
  | (?P<field>["'](?:{_SECRET_NAMES})\\?["']\s*:\s*\\?b?["'])[^"'\\]+
  | (?P<parameter>(?:\b|(?<=_))(?:{_PARAMETER_NAMES})=["']?)[^&\s"'\#,;)}}\]<>]+
  | \bya29\.[A-Za-z0-9._-]+
  | \b1//[A-Za-z0-9_-]{{10,}}
  | \b4/[A-Za-z0-9_-]{{20,}}
  | \beyJ[A-Za-z0-9_-]{{5,}}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*
  | \bGOCSPX-[A-Za-z0-9_-]+
  | \bAIza[A-Za-z0-9_-]{{20,}}
  | \b(?:arc|sk)[_-][A-Za-z0-9_-]{{16,}}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redact(text: str) -> str:
    """Mask bearer tokens, Google's tokens and codes, JWTs, API keys and OAuth parameters.

    A net, not a licence: code must not put secrets into text in the first place.
    """
    return _PATTERN.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    kept = match.lastgroup
    return (match.group(kept) if kept else "") + MASK


def redact_value(value: Any, *, depth: int = 12) -> Any:
    """Mask every string inside a JSON-like value; below `depth` levels all is masked."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict | list | tuple) and depth <= 0:
        return MASK
    if isinstance(value, dict):
        return {
            redact(str(name)): MASK
            if re.fullmatch(_SECRET_NAMES, str(name), re.IGNORECASE) and inner
            else redact_value(inner, depth=depth - 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact_value(inner, depth=depth - 1) for inner in value]
    return value


class RedactingFilter(logging.Filter):
    """Mask a log record's message, arguments and traceback before any handler writes it.

    Put it on handlers: a filter on a logger does not see what its children log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001  (a broken format must not break its caller)
            message = str(record.msg)
        record.msg, record.args = redact(message), None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip())
            record.exc_info = None
        elif record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True
