"""The original under a reply: who wrote when, and the text itself, quoted.

The original's HTML is never pasted: what is quoted is its readable text, escaped, so nothing
that hides, loads or runs travels on with the reply.
"""

from __future__ import annotations

import html
import re
from datetime import datetime

from arcade_gmail_multiuser.gmail.addresses import Address, display

MAX_QUOTED_CHARS = 100_000
"""A quote longer than this is cut, and says so."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_CUT = "[the rest of the quoted message is left out]"
_BODY_END = re.compile(r"</body\s*+>|</html\s*+>", re.IGNORECASE)
_BLOCKQUOTE = (
    '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
    'border-left:1px solid rgb(204,204,204);padding-left:1ex">'
)


def attribution(date: datetime | None, sender: Address | None) -> str:
    """Say who wrote when, in the date's own offset and in English whatever the locale."""
    who = (display(sender) if sender else "") or "the sender"
    if date is None:
        return f"{who} wrote:"
    day = f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year:04}"
    offset = f" {date:%z}" if date.tzinfo else ""
    return f"On {day} at {date:%H:%M}{offset}, {who} wrote:"


def quote_plain(reply: str, *, attributed: str, original: str) -> str:
    """Put the original below a plain reply, every line behind "> "."""
    quoted = "\n".join(
        f">{line}" if line.startswith(">") or not line else f"> {line}" for line in _lines(original)
    )
    return f"{reply}\n\n{attributed}\n\n{quoted}\n"


def quote_html(reply: str, *, attributed: str, original: str) -> str:
    """Put the original below an HTML reply, inside its `</body>` if there is one."""
    text = "<br>\n".join(html.escape(line) for line in _lines(original))
    quote = (
        f'<br>\n<div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f"{html.escape(attributed)}<br></div>\n{_BLOCKQUOTE}{text}</blockquote></div>\n"
    )
    end = next((found.start() for found in _BODY_END.finditer(reply)), len(reply))
    return f"{reply[:end]}{quote}{reply[end:]}"


def _lines(original: str) -> list[str]:
    text = original[:MAX_QUOTED_CHARS]
    lines = re.split(r"\r\n|\r|\n", text.rstrip())
    # What cannot be written must not keep anyone from answering.
    lines = [re.sub(r"[\x00\ud800-\udfff]", "\ufffd", line) for line in lines]
    return [*lines, _CUT] if len(original) > MAX_QUOTED_CHARS else lines
