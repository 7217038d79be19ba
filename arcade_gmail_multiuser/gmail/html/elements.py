"""Write each HTML element as text: links, lists, tables, quotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping

from arcade_gmail_multiuser.gmail.html.limits import tags
from arcade_gmail_multiuser.gmail.html.text_buffer import TextBuffer

__all__ = ["BEGIN", "BLOCKS", "EMPTY", "END", "QUOTE_RULE", "Attributes", "Writer", "starts_quote"]

Attributes = Mapping[str, str | None]

QUOTE_RULE = "_" * 32
"""The line Outlook draws above the mail it answers; written where HTML marks that place unseen."""

_LINES = tags(
    "div section article header footer main nav aside address center form fieldset legend"
    " figure figcaption details summary dl dt dd caption table tbody thead tfoot tr option"
    " hgroup dir menu body optgroup textarea"
)
_PARAGRAPHS = tags("p h1 h2 h3 h4 h5 h6 blockquote pre listing xmp plaintext")
BLOCKS: Mapping[str, int] = {**dict.fromkeys(_LINES, 1), **dict.fromkeys(_PARAGRAPHS, 2)}
"""How many line breaks part an element from what stands before and behind it."""

_QUOTE_NAMES = re.compile(
    r"(?:^|\s)(?:x_)*(?:divRplyFwdMsg|OLK_SRC_BODY_SECTION|yahoo_quoted|OutlookMessageHeader"
    r"|mail-editor-reference-message-container|ms-outlook-mobile-reference-message)\b"
)
_LINK = re.compile(r"(?:https?|mailto|tel|sms|ftp):", re.I)
_SCHEME = re.compile(r"\A(?:https?://|mailto:|tel:|sms:)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NUMBER = re.compile(r"-?\d{1,6}")
_MAX_ALT = 200
_MIN_LONG_ALT = 12  # words: a description this long says more than what is in a picture
_MAX_ROW = 400  # characters; a row past this is a layout, not a line of a table
_FOLDED = "[shown only when opened:]"
_FOLDED_END = "[end of what is shown only when opened]"


class Writer:
    """Write elements into a text buffer. What is hidden never reaches it."""

    def __init__(self, found: Counter[str]) -> None:
        self.buffer = TextBuffer()
        self._found = found
        self._links: list[tuple[str, int]] = []  # address, where its text begins
        self._lists: list[int | None] = []  # the number reached; None where there are bullets
        self._rows: list[list[str]] = []
        self._folded: list[bool] = []

    def quote_rule(self) -> None:
        """Draw the line under which the answered mail stands."""
        self.buffer.line()
        self.buffer.verbatim(QUOTE_RULE)
        self.buffer.line()

    def line_break(self, _attributes: Attributes) -> None:
        self.buffer.line_break()

    def rule(self, _attributes: Attributes) -> None:
        self.buffer.line()
        self.buffer.verbatim("---")
        self.buffer.line()

    def image(self, attributes: Attributes) -> None:
        words = _CONTROL.sub(" ", attributes.get("alt") or "").split()
        # Its brackets could end the mark early, and what follows would pass for the mail's text.
        alt = " ".join(words)[:_MAX_ALT].replace("[", "(").replace("]", ")")
        if not alt:
            return
        if any(attributes.get(side) in ("0", "1", "0px", "1px") for side in ("width", "height")):
            self._found["size"] += 1
            return
        self._found["alt"] += len(words) >= _MIN_LONG_ALT
        self.buffer.words(f"[image: {alt}]")

    def nothing(self, _attributes: Attributes) -> None:
        """Pass over an element that shows no text of its own."""

    def begin_link(self, attributes: Attributes) -> None:
        url = attributes.get("href") or ""
        if not (url.startswith(("https://", "http://")) and url.isascii() and url.isprintable()):
            url = re.sub(r"[\t\r\n]+", "", url).strip("\x00\x20")
            url = _CONTROL.sub("", url) if _LINK.match(url) else ""
        # A link in a link has no say: the outer one is where a click leads.
        nested = self._links and any(outer for outer, _ in self._links)
        self._links.append(("" if nested else url.replace(" ", "%20"), self.buffer.mark()))

    def end_link(self) -> None:
        url, mark = self._links.pop()
        text = self.buffer.since(mark).strip() if url else ""
        if text and not _says(text, url):
            self.buffer.glue(f" ({url})")

    def begin_bullets(self, _attributes: Attributes) -> None:
        self._leave_space()
        self._lists.append(None)

    def begin_numbers(self, attributes: Attributes) -> None:
        self._leave_space()
        start = attributes.get("start") or ""
        self._lists.append(int(start) - 1 if _NUMBER.fullmatch(start) else 0)

    def end_list(self) -> None:
        self._lists.pop()
        self._leave_space()

    def _leave_space(self) -> None:
        if self._lists:
            self.buffer.line()
        else:
            self.buffer.paragraph()

    def begin_item(self, attributes: Attributes) -> None:
        indent = "  " * min(len(self._lists) - 1, 10)
        number = self._lists[-1] if self._lists else None
        if number is None:
            self.buffer.bullet(f"{indent}- ")
            return
        value = attributes.get("value") or ""
        number = self._lists[-1] = int(value) if _NUMBER.fullmatch(value) else number + 1
        self.buffer.bullet(f"{indent}{number}. ")

    def end_item(self) -> None:
        self.buffer.line()

    def begin_details(self, attributes: Attributes) -> None:
        folded = "open" not in attributes
        self._folded.append(folded)
        if folded:
            self._found["folded"] += 1
            self.buffer.words(_FOLDED)
            self.buffer.line()

    def end_details(self) -> None:
        if self._folded.pop():
            self.buffer.line()
            self.buffer.words(_FOLDED_END)

    def begin_quote(self, _attributes: Attributes) -> None:
        self.buffer.open_box()

    def end_quote(self) -> None:
        text = self.buffer.close_box()
        if text:
            self.buffer.verbatim("\n".join(_quoted(line) for line in text.split("\n")))

    def begin_row(self, _attributes: Attributes) -> None:
        self._rows.append([])

    def begin_cell(self, _attributes: Attributes) -> None:
        self.buffer.open_box()

    def end_cell(self) -> None:
        text = self.buffer.close_box()
        if text and self._rows and (text := text.strip()):
            self._rows[-1].append(text)

    def end_row(self) -> None:
        cells = self._rows.pop()
        if len(cells) > 1 and (
            any("\n" in cell for cell in cells) or sum(map(len, cells)) > _MAX_ROW
        ):
            for cell in cells:  # laid out side by side, but to be read one after another
                self.buffer.line()
                self.buffer.verbatim(cell)
        elif cells:
            self.buffer.verbatim(" | ".join(cells))


def starts_quote(attributes: Attributes) -> bool:
    """Tell whether a mail program marks the mail that is answered with this element."""
    for name in ("id", "class"):
        given = attributes.get(name)
        if given and len(given) > 10 and _QUOTE_NAMES.search(given[:500]):
            return True
    return False


def _says(text: str, url: str) -> bool:
    """Tell whether a link's text already is its address."""
    if " " in text:  # the address has none
        return False
    target = url.partition("?")[0] if url[:7].lower() == "mailto:" else url
    return _bare(text) == _bare(target)


def _bare(address: str) -> str:
    return _SCHEME.sub("", address.lower()).rstrip("/")


def _quoted(line: str) -> str:
    if not line:
        return ">"
    return f">{line}" if line.startswith(">") else f"> {line}"


Begin = Callable[[Writer, Attributes], None]
End = Callable[[Writer], None]

EMPTY: Mapping[str, Begin] = {
    "br": Writer.line_break,
    "hr": Writer.rule,
    "img": Writer.image,
    "input": Writer.nothing,
    "wbr": Writer.nothing,
}
"""What an element without content writes."""

BEGIN: Mapping[str, Begin] = {
    "a": Writer.begin_link,
    "ul": Writer.begin_bullets,
    "ol": Writer.begin_numbers,
    "li": Writer.begin_item,
    "blockquote": Writer.begin_quote,
    "details": Writer.begin_details,
    "tr": Writer.begin_row,
    "td": Writer.begin_cell,
    "th": Writer.begin_cell,
}
"""What stands before an element's content; each has its counterpart in END."""

END: Mapping[str, End] = {
    "a": Writer.end_link,
    "ul": Writer.end_list,
    "ol": Writer.end_list,
    "li": Writer.end_item,
    "blockquote": Writer.end_quote,
    "details": Writer.end_details,
    "tr": Writer.end_row,
    "td": Writer.end_cell,
    "th": Writer.end_cell,
}
"""What stands behind it."""
