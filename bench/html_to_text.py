"""Measure how long a newsletter of 40 KB takes to become text, beside other libraries.

Run: python -m bench.html_to_text
"""

from __future__ import annotations

import time
from collections.abc import Callable
from html.parser import HTMLParser

from selectolax.lexbor import LexborHTMLParser

from arcade_gmail_multiuser.gmail.html.to_text import html_to_text

_CELL = (
    "<tr><td align='center' class='text' style='padding:0 10px;font-family:Arial,sans-serif;"
    "font-size:14px;color:#333333;line-height:20px'>Some text with words that you may "
    "<a href='https://click.example.com/track/{n}' style='color:#0066cc'>follow {n}</a>"
    " and <b>more</b> of it.</td></tr>"
)


def newsletter(size: int = 40_000) -> str:
    """Make a newsletter of layout tables, inline styles and links."""
    head = (
        "<html><head><style>.text{color:#333} @media (max-width:600px){.text{font-size:16px}}"
        "</style></head><body bgcolor='#eeeeee'><div style='display:none'>Preview</div>"
        "<table width='600' bgcolor='#ffffff'>"
    )
    return head + "".join(_CELL.format(n=n) for n in range(size // len(_CELL))) + "</table>"


def milliseconds(work: Callable[[], object], rounds: int = 200) -> float:
    """Give the CPU time of the fastest of many runs: what else runs here only makes one slower."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent) * 1000


class _StandardLibrary(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def main() -> None:
    """Print one line a way."""
    html = newsletter()
    ways: dict[str, Callable[[], object]] = {
        "html_to_text (links, tables, hidden text)": lambda: html_to_text(html),
        "parsing alone (lexbor)": lambda: LexborHTMLParser(html),
        "words alone (html.parser)": lambda: _StandardLibrary().feed(html),
    }
    try:
        from bs4 import BeautifulSoup  # noqa: PLC0415 - only where it happens to be installed
    except ImportError:
        pass
    else:
        ways["words alone (BeautifulSoup)"] = lambda: BeautifulSoup(html, "html.parser").get_text()
    # As in a process that has served people for a while: until several trees have been held at
    # once, the allocator gives each tree's memory back and fetches it anew, 0.2 ms in all ways.
    held = [LexborHTMLParser(html) for _ in range(8)]
    del held
    print(f"{len(html)} characters, milliseconds of CPU")
    for name, work in ways.items():
        print(f"{milliseconds(work):8.2f}  {name}")


if __name__ == "__main__":
    main()
