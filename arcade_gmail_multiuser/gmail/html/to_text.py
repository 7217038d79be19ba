"""Turn an HTML body into readable text: what a person sees, links and lines kept."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from arcade_gmail_multiuser.gmail.characters import describe_hidden, strip_hidden_characters
from arcade_gmail_multiuser.gmail.html.cascade import Cascade, Key, StyledElement
from arcade_gmail_multiuser.gmail.html.elements import Attributes, Writer
from arcade_gmail_multiuser.gmail.html.limits import MAX_NODES, within_limits
from arcade_gmail_multiuser.gmail.html.selectors import Rule

__all__ = ["ReadableText", "html_to_text"]

_OF_A_PICTURE = frozenset(("src", "alt", "title"))
"""Attributes in which pictures differ that look alike; links differ in their href."""
_ABSENT = "\0"  # no attribute holds this character: the parser replaces it

_SHOWS = re.compile(r"\w")
_MARKUP = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"[^\W\d_]{2,}")
_MIN_ASIDE_WORDS = 8  # a comment this long was written to be read
_MIN_UNSHOWN_WORDS = 3


@dataclass(frozen=True, slots=True, repr=False)
class ReadableText:
    """Hold text for reading. `complete` is False when the HTML was past a limit and cut there."""

    text: str
    warnings: tuple[str, ...] = ()
    complete: bool = True


def html_to_text(html: str) -> ReadableText:
    """Turn an HTML body into text: links as `text (url)`, lists, tables and lines kept.

    Text that a person does not see is left out and reported in `warnings`, one sentence a kind.
    Never raises, whatever the markup; parses a bounded part of it and says so when it cut.
    """
    kept, cut = within_limits(html)
    reader = _Reader(LexborHTMLParser(kept), kept.count("<"))
    text, characters = strip_hidden_characters(reader.text())
    complete = not cut and not reader.gave_up
    warnings = describe_hidden({**reader.found, **characters})
    if not complete:
        warnings += ("The HTML is too long or too deeply nested; only its first part was read.",)
    return ReadableText(text.strip(), warnings, complete)


class _Reader:
    """Walk the tree once, without recursion: mail may nest as deep as it likes."""

    def __init__(self, tree: LexborHTMLParser, elements: int) -> None:
        self.found: Counter[str] = Counter()
        self.gave_up = False
        self._writer = Writer(self.found)
        self._root = tree.root
        self._cascade = Cascade(tree, self.found, elements)
        self._special = self._cascade.special

    def text(self) -> str:  # noqa: C901 - calls are what costs here
        """Read everything seen."""
        # This loop runs for every node of every mail: it asks the parser for as little as it can.
        writer = self._writer
        words, breaks = writer.buffer.words, writer.buffer.breaks
        special, enter = self._cascade.special, self._cascade.enter
        element = self._cascade.top
        open_nodes: list[LexborNode] = []
        rules: tuple[Rule, ...] = ()
        node = self._root
        for _ in range(MAX_NODES):
            while node is None and open_nodes:
                if element.end is not None:
                    element.end(writer)
                if element.block:
                    breaks(element.block)
                element = element.outer or element
                left = open_nodes.pop()
                # The root has no neighbours to go on to.
                node = left.next if open_nodes else None
            if node is None:
                break
            tag = node.tag
            if tag == "-text":
                if element.plain:
                    words(node.text_content or "")
                else:
                    self._text(node.text_content or "", element)
                node = node.next
                continue
            attributes = node.attributes
            key: Key = tag
            if attributes:
                if tag in ("a", "img"):
                    key = _alike(tag, attributes)
                else:
                    key = (tag, *attributes, *attributes.values())
            if special:
                rules = special.get(node.mem_id, ())
                key = (key, rules)
            inner = element.inside.get(key)
            if inner is None:
                inner = element.inside[key] = enter(element, tag or "", attributes, rules)
            if inner.closed:
                self._write_closed(inner, node, attributes)
                node = node.next
                continue
            if inner.block:
                breaks(inner.block)
            if inner.quote:
                writer.quote_rule()
            if inner.begin is not None:
                inner.begin(writer, attributes)
            open_nodes.append(node)
            element, node = inner, node.first_child
        else:
            self.gave_up = True
        while element.outer is not None:
            self._leave(element)
            element = element.outer
        self._cascade.finish()
        return self._writer.buffer.text()

    def _write_closed(
        self, element: StyledElement, node: LexborNode, attributes: Attributes
    ) -> None:
        """Write an element whose content is not read."""
        if element.reason is not None:
            self._pass_over(node, element.reason)
        elif element.empty is not None:
            element.empty(self._writer, attributes)

    def _leave(self, element: StyledElement) -> None:
        """Write what stands behind an element's content."""
        if element.end is not None:
            element.end(self._writer)
        if element.block:
            self._writer.buffer.breaks(element.block)

    def _pass_over(self, node: LexborNode, reason: str) -> None:
        if reason == "comment":
            self._comment(node.comment_content or "")
        elif reason == "unshown":
            # The parser keeps what is in a template apart, so only its source tells.
            words = _WORD.findall(_MARKUP.sub(" ", (node.html or "")[:5000]))
            self.found[reason] += len(words) >= _MIN_UNSHOWN_WORDS
        elif reason:
            self.found[reason] += _has_words(node)

    def _text(self, text: str, element: StyledElement) -> None:
        if element.trick is not None:
            self.found[element.trick] += bool(_SHOWS.search(text))
        else:
            self._writer.buffer.verbatim(text)

    def _comment(self, text: str) -> None:
        if "<" not in text and not text.lstrip().startswith("["):
            words = _WORD.findall(text[:5000])
            self.found["comment"] += len(words) >= _MIN_ASIDE_WORDS


def _alike(tag: str, attributes: dict[str, str | None]) -> Key:
    """Return the key of a link or picture without what it has for itself alone."""
    if tag == "a":
        href = attributes.pop("href", _ABSENT)
        if href is _ABSENT:
            return (tag, False, *attributes, *attributes.values())
        key = (tag, True, *attributes, *attributes.values())
        attributes["href"] = href  # the mapping is this walk's own: the parser makes one each time
        return key
    shared = {name: value for name, value in attributes.items() if name not in _OF_A_PICTURE}
    return (tag, *shared, *shared.values())


def _has_words(node: LexborNode) -> bool:
    return any(
        inner.tag == "-text" and _SHOWS.search(inner.text_content or "")
        for inner in node.traverse(include_text=True)
    )
