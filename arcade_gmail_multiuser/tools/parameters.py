"""Describe the parameters that tools of several families share.

Each description states the default and the bounds, because Arcade's schema carries neither.
"""

from typing import Annotated

__all__ = [
    "EmailId",
    "IncludeHtml",
    "IncludeHtmlSource",
    "MaxChars",
    "PageToken",
    "ThreadId",
    "TimeZone",
]

EmailId = Annotated[str, "The id of the message, as a list or search returned it."]
ThreadId = Annotated[str, "The thread_id of a message or the id from SearchThreads."]


PageToken = Annotated[
    str | None,
    "next_page_token of the page before, used with otherwise the same parameters. "
    "Default: the first page.",
]
TimeZone = Annotated[
    str,
    'The user\'s IANA time zone, such as "Europe/Berlin": dates come back in it, and date ranges '
    "such as today mean its days. Default: UTC.",
]
MaxChars = Annotated[
    int,
    "About how many characters the whole answer may have, 1,000 to 200,000; what does not fit is "
    "named in `omitted`. Default: 40,000.",
]
IncludeHtml = Annotated[
    bool, "Also return the HTML source, which can hold text a person never sees. Default: false."
]


IncludeHtmlSource = Annotated[bool, "Also return the HTML source. Default: false."]
