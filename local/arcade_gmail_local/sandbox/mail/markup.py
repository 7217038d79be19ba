"""Clean HTML that a person gave to Gmail's settings, as Gmail does before it stores it."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

_GONE = ["script", "style", "iframe", "object", "embed", "form", "input", "link", "meta", "base"]
_LINKS = frozenset({"href", "src"})


def sanitized(markup: str) -> str:
    """Give the markup without what can run: scripts, frames, forms, handlers, script links."""
    if not markup.strip():
        return ""
    tree = LexborHTMLParser(markup)
    tree.strip_tags(_GONE)
    for node in tree.css("*"):
        for name, value in list(node.attributes.items()):
            link = "".join((value or "").split()).lower()
            if name.startswith("on") or (name in _LINKS and link.startswith("javascript:")):
                del node.attrs[name]
    return tree.body.inner_html or "" if tree.body is not None else ""
