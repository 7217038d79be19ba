"""Mask tokens, keys and codes in text and logs, and keep mail out of the logs around the tools."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

__all__ = ["MailFreeFilter", "RedactingFilter", "keep_mail_out_of_logs", "redact", "redact_value"]

MASK = "[redacted]"

_TOOL_CALL_LOGGERS = ("arcade_serve.core.base", "arcade.mcp")
"""They log inputs, outputs and tracebacks of tool calls, all at DEBUG."""

_UNFIT_OUTPUT = "TOOL_RUNTIME_BAD_OUTPUT_VALUE"
"""The kind of error whose detail quotes the values that did not fit."""

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

    A safety net, not a licence: code must not put secrets into text in the first place.
    """
    return _PATTERN.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    kept = match.lastgroup
    return (match.group(kept) if kept else "") + MASK


def redact_value(value: Any, *, depth: int = 12) -> Any:
    """Mask secrets in every string of a JSON-like value; below `depth` levels, everything."""
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


class MailFreeFilter(logging.Filter):
    """Log which tool was called and how it ended; drop everything that may contain mail."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.levelno < logging.INFO or "Developer message:" in message:
            return False
        # One record stays one line, even if the call's id has line breaks.
        one_line = message.replace("\r", "\\r").replace("\n", "\\n")
        record.msg, record.args = redact(one_line), None
        # A traceback shows values; the error's own safe sentences say what a tool raised.
        record.exc_info = record.exc_text = None
        detail = getattr(record, "error_developer_message", None)
        if detail is not None:
            unfit = getattr(record, "error_kind", "") == _UNFIT_OUTPUT
            record.error_developer_message = None if unfit else redact(str(detail))
        return True


def keep_mail_out_of_logs() -> None:
    """Put a `MailFreeFilter` on the loggers of tool calls; calling it twice is harmless."""
    for name in _TOOL_CALL_LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(present, MailFreeFilter) for present in logger.filters):
            logger.addFilter(MailFreeFilter())
