"""Turn HTML into the text Gmail indexes and shows in a snippet, and sanitise what it stores."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

_NOT_CONTENT = ["head", "style", "script", "title"]
_BLOCK_TAG = re.compile(
    r"(?i)<(?=/?(?:p|div|br|li|ul|ol|tr|td|th|table|h[1-6]|hr|blockquote)\b[^<>]*>)"
)
_ACTIVE = ["script", "style", "iframe", "object", "embed", "form", "input", "link", "meta", "base"]
_LINKS = frozenset({"href", "src"})


def text_of(markup: str) -> str:
    """Strip the tags of HTML; a block separates words, an inline tag does not.

    Styles are ignored, as Gmail ignores them: text that no reader sees is part of it.
    """
    tree = LexborHTMLParser(_BLOCK_TAG.sub(" <", markup))
    tree.strip_tags(_NOT_CONTENT)
    return tree.root.text() if tree.root is not None else ""


def sanitized(markup: str) -> str:
    """Remove what can run or submit: scripts, frames, forms, event handlers, script links."""
    if not markup.strip():
        return ""
    tree = LexborHTMLParser(markup)
    tree.strip_tags(_ACTIVE)
    for node in tree.css("*"):
        for name, value in list(node.attributes.items()):
            link = "".join((value or "").split()).lower()
            if name.startswith("on") or (name in _LINKS and link.startswith("javascript:")):
                del node.attrs[name]
    return tree.body.inner_html or "" if tree.body is not None else ""
