"""Build queries for Gmail's `q` from values that are data and never operators.

Gmail knows no way to escape a quotation mark, but matches words, not characters: a mark inside a
phrase is no part of any word, so it becomes a blank and finds the same mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from arcade_gmail_multiuser.errors import InvalidQuery

Values = str | Iterable[str]

MAX_QUERY_CHARS = 8_000

AUTOMATED_MAIL = (
    "-category:promotions -category:social -category:updates -category:forums "
    "-from:noreply -from:no-reply -from:donotreply -from:do-not-reply"
)
"""What `exclude_automated` adds: nothing in Gmail's four tabs for such mail, no no-reply senders.

One of the tabs is "updates", so receipts and confirmations are left out too.
"""

# Quotation marks of every kind, because Gmail takes some curly ones for straight ones; the
# backslash, because nothing says that Gmail does not; and what is no text.
_NOT_IN_A_PHRASE = re.compile(
    r"[\s\"\\\u201c-\u201f\u00ab\u00bb\u2033\u2036\u301d-\u301f\uff02\x00-\x1f\x7f-\x9f]+"
)
_LABEL_SEPARATORS = re.compile(r"[\s/&\"\\\u201c-\u201f\uff02\x00-\x1f\x7f-\x9f]")
_PLAIN_LABEL = re.compile(r"[\w-]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def build_query(
    *,
    sender: Values = (),
    recipient: Values = (),
    subject: Values = (),
    body: Values = (),
    label: str | None = None,
    after: int | None = None,
    before: int | None = None,
    exclude_automated: bool = False,
) -> str:
    """Build a query in which every field must match, and of several values of one field any.

    Nothing given makes "", which finds all mail. `after` (inclusive) and `before` (exclusive) are
    epoch seconds. `recipient` also finds Cc and Bcc, as `to:` does in Gmail. `body` is a phrase
    anywhere in the mail: Gmail cannot search bodies alone. The sender or recipient `me` is the
    person. Prefer a label's id in `labelIds` over `label`, whose written form is not unique.

    Raises:
        InvalidQuery: a blank value, an empty span of time, or a query too long for Gmail.
    """
    terms = [
        _any_of("from:", sender, "sender"),
        _any_of("to:", recipient, "recipient"),
        _any_of("subject:", subject, "subject"),
        _any_of("", body, "body"),
        "" if label is None else f"label:{_label(label)}",
        *_span(after, before),
        AUTOMATED_MAIL if exclude_automated else "",
    ]
    query = " ".join(term for term in terms if term)
    if len(query) > MAX_QUERY_CHARS:
        raise InvalidQuery("There are too many or too long search terms. Use fewer of them.")
    return query


def _any_of(operator: str, values: Values, field: str) -> str:
    listed = [values] if isinstance(values, str) else list(values)
    terms = [f"{operator}{_phrase(value, field)}" for value in dict.fromkeys(listed)]
    return "{" + " ".join(terms) + "}" if len(terms) > 1 else "".join(terms)


def _phrase(value: str, field: str) -> str:
    _check(value, field)
    text = _NOT_IN_A_PHRASE.sub(" ", value).strip()
    if not text:
        raise InvalidQuery(f"A value for {field} is blank. Leave it out or give words to find.")
    if field in ("sender", "recipient") and text.lower() == "me":
        return "me"
    return f'"{text}"'


def _label(name: str) -> str:
    """Write a label as Gmail's own search box does: `Work/Q3 plan` is `work-q3-plan`."""
    _check(name, "label")
    written = _LABEL_SEPARATORS.sub("-", name.strip()).lower()
    if not written.strip("-"):
        raise InvalidQuery("The label is blank. Leave it out or name one.")
    return written if _PLAIN_LABEL.fullmatch(written) else f'"{written}"'


def _check(value: str, field: str) -> None:
    if _SURROGATE.search(value):
        raise InvalidQuery(f"A value for {field} holds half a character. Remove it.")


def _span(after: int | None, before: int | None) -> list[str]:
    if any(bound is not None and bound < 0 for bound in (after, before)):
        raise InvalidQuery("Dates before 1970 cannot be searched for.")
    if after is not None and before is not None and after >= before:
        raise InvalidQuery("The span of time is empty: its end is not after its start.")
    terms = {"after": after, "before": before}
    return [f"{name}:{bound}" for name, bound in terms.items() if bound is not None]
