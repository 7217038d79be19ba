"""Keep what tools are given and what they answer out of the logs of the servers around them."""

from __future__ import annotations

import logging

from arcade_gmail_multiuser.security.redaction import redact

__all__ = ["MailFreeFilter", "keep_mail_out_of_logs"]

LOGGERS = ("arcade_serve.core.base", "arcade.mcp")
"""Those that write inputs, outputs and tracebacks of tool calls, all on DEBUG."""

UNFIT_OUTPUT = "TOOL_RUNTIME_BAD_OUTPUT_VALUE"
"""The kind of error whose detail quotes the values that did not fit."""


class MailFreeFilter(logging.Filter):
    """Let through which tool was called and how it ended; drop everything that can hold mail."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.levelno < logging.INFO or "Developer message:" in message:
            return False
        # One record stays one line, whatever id the call brought.
        one_line = message.replace("\r", "\\r").replace("\n", "\\n")
        record.msg, record.args = redact(one_line), None
        # A traceback shows values; what a tool raised is told by its own safe sentences.
        record.exc_info = record.exc_text = None
        detail = getattr(record, "error_developer_message", None)
        if detail is not None:
            unfit = getattr(record, "error_kind", "") == UNFIT_OUTPUT
            record.error_developer_message = None if unfit else redact(str(detail))
        return True


def keep_mail_out_of_logs() -> None:
    """Put the filter on the loggers concerned; doing so twice changes nothing."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(present, MailFreeFilter) for present in logger.filters):
            logger.addFilter(MailFreeFilter())
