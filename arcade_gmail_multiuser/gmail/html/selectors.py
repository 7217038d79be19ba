"""Find the style rules that reach an element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from arcade_gmail_multiuser.gmail.html.styles import may_hide, read_declarations
from arcade_gmail_multiuser.gmail.html.stylesheets import Declared

__all__ = ["Path", "Rule", "Rules"]

_MAX_RULES = 2_000
_MAX_KNOWN = 5_000
_MAX_SELECTOR = 500
_MAX_STEPS = 200_000  # comparisons with ancestors
_MAX_MATCHING = 30_000_000  # steps lexbor may need in the worst case, all selectors together

_COMPOUND = re.compile(r"(?:[a-z][a-z0-9]*|\*)?(?:[.#][a-z_-][\w-]*)*", re.I)
_NAME = re.compile(r"[.#]?[\w-]+")
_STEP = re.compile(r"\s*(>)\s*|\s+")
_IN_BRACKETS = re.compile(r"\[(?:[^\[\]\"']|\"[^\"]*\"|'[^']*')*\]")
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
# States a mail is not in while it is read, and boxes that hold none of its text.
_NEVER = re.compile(
    r":(?:hover|active|focus|focus-within|focus-visible|visited|target)(?![\w(-])"
    r"|::?(?:before|after)\b|::(?!first-)[\w-]+|:-(?:ms|moz)-[\w-]+",
    re.I,
)
_CHECKED = re.compile(r":checked\b", re.I)
_LOOKS_BACK = re.compile(r"~|:has\b|:nth-|(?<![>+~,(\s])\s+(?![>+~,)\s])", re.I)


class Path(Protocol):
    """An element's place: its names and the element around it."""

    @property
    def names(self) -> frozenset[str]: ...
    @property
    def outer(self) -> Path | None: ...


@dataclass(frozen=True, slots=True, eq=False)  # hashed by identity: it keys a cache
class Rule:
    """One selector and what it declares about being seen."""

    names: frozenset[str]  # of the element itself
    above: tuple[frozenset[str], ...]  # of ancestors, the outermost first
    child: tuple[bool, ...]  # whether each of them is the parent of the next, not any ancestor
    rank: tuple[int, int]  # specificity, place in the sheet
    declared: Mapping[str, str]


class Rules:
    """Hold the rules that matter for being seen.

    Names, classes, ids and ancestors are matched here, once for all elements alike; any other
    selector is matched by the parser where that takes bounded time. `lost` counts rules that could
    hide text and could not be followed.
    """

    def __init__(self, elements: int) -> None:
        self.lost = 0
        self.special: dict[int, tuple[Rule, ...]] = {}
        self._by_name: dict[str, list[Rule]] = {}
        self._known: dict[frozenset[str], tuple[Rule, ...]] = {}
        self._complex: list[tuple[str, Rule]] = []
        self._elements = max(elements, 1)
        self._steps = self._count = self._matching = 0

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def add(self, given: Declared, *, certain: bool) -> None:
        """Take in one rule; one whose condition is not certain to hold is counted, not followed."""
        selector = given.selector
        outside = _IN_BRACKETS.sub("[]", selector)
        if _NEVER.search(_without_parentheses(outside)):
            return
        declared = read_declarations(given.body)
        self._count += 1
        if not (certain and given.certain) or self._count > _MAX_RULES:
            self.lost += may_hide(declared)
            return
        steps = _steps(selector)
        weight = 100 * outside.count("#") + 10 * len(re.findall(r"[.\[]|(?<!:):(?!:)", outside))
        if steps is None:
            rule = Rule(frozenset(), (), (), (weight, self._count), declared)
            self._complex.append((selector, rule))
            return
        names, child = steps
        weight += sum(name[0] not in "#." for compound in names for name in compound)
        rule = Rule(names[-1], names[:-1], child, (weight, self._count), declared)
        key = min(rule.names, default="*", key=lambda name: "#.".find(name[0]) % 3)
        self._by_name.setdefault(key, []).append(rule)

    def match(self, tree: LexborHTMLParser) -> None:
        """Let the parser find the elements that the remaining selectors mean."""
        for selector, rule in self._complex:
            nodes = _matched(tree, selector) if self._is_cheap(selector) else None
            if nodes is None:
                self.lost += may_hide(rule.declared)
                continue
            for node in nodes:
                self.special[node] = (*self.special.get(node, ()), rule)
        self._complex.clear()

    def _is_cheap(self, selector: str) -> bool:
        """Tell whether matching ends soon: each step back may try every element again."""
        if len(selector) > _MAX_SELECTOR:
            return False
        plain = _IN_BRACKETS.sub("[]", selector).strip()
        cost = self._elements ** (1 + len(_LOOKS_BACK.findall(plain)))
        self._matching += cost
        return self._matching <= _MAX_MATCHING

    def reaching(
        self, names: frozenset[str], outer: Path, special: tuple[Rule, ...]
    ) -> tuple[Rule, ...]:
        """List the rules that reach an element of these names at this place, weakest first."""
        known = self._known.get(names)
        if known is None:
            found = (rule for name in (*names, "*") for rule in self._by_name.get(name, ()))
            matching = (rule for rule in found if rule.names <= names)
            known = tuple(sorted(matching, key=lambda rule: rule.rank))
            if len(self._known) < _MAX_KNOWN:
                self._known[names] = known
        if any(rule.above for rule in known):
            above = _path(outer)
            known = tuple(rule for rule in known if not rule.above or self._stands(rule, above))
        if special:
            known = tuple(sorted((*known, *special), key=lambda rule: rule.rank))
        return known

    def _stands(self, rule: Rule, path: Iterable[frozenset[str]]) -> bool:
        """Tell whether the ancestors a rule asks for are on the path, the outermost first.

        Bit n of a set says that the first n of them have been met, ending anywhere or just here.
        """
        if self._steps > _MAX_STEPS:
            self.lost += may_hide(rule.declared)
            return False
        anywhere = here = 1
        for names in path:
            last, here = here, 0
            for n, wanted in enumerate(rule.above):
                if wanted <= names and (
                    n == 0 or (last if rule.child[n - 1] else anywhere) >> n & 1
                ):
                    here |= 2 << n
            self._steps += len(rule.above)
            anywhere |= here
        wanted_bit = len(rule.above)
        return bool((here if rule.child[-1] else anywhere) >> wanted_bit & 1)


def _matched(tree: LexborHTMLParser, selector: str) -> list[int] | None:
    """Ask the parser for the elements a selector means; None if it cannot tell."""
    try:
        return [node.mem_id for node in tree.css(_CHECKED.sub("[checked]", selector))]
    except (SelectolaxError, ValueError, RuntimeError):
        return None


def _path(place: Path) -> list[frozenset[str]]:
    names = []
    while place.outer is not None:  # the outermost place is no element
        names.append(place.names)
        place = place.outer
    return names[::-1]


def _steps(selector: str) -> tuple[tuple[frozenset[str], ...], tuple[bool, ...]] | None:
    """Split a selector of names, classes, ids and ancestors; None for any other."""
    pieces = _STEP.split(selector.strip())
    words, links = pieces[::2], pieces[1::2]
    if not all(word and _COMPOUND.fullmatch(word) for word in words):
        return None
    names = tuple(frozenset(_NAME.findall(word.lower().removeprefix("*"))) for word in words)
    return names, tuple(link == ">" for link in links)


def _without_parentheses(selector: str) -> str:
    while (shorter := _IN_PARENTHESES.sub("", selector)) != selector:
        selector = shorter
    return selector
