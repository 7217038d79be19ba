"""Split text into words as Gmail's search does: folded, whole, and in order.

Case and diacritics are ignored. A word matches a whole word, never a part of one; only scripts
that are written without spaces (Japanese, Chinese) match inside a run of their characters.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence

# Kana, ideographs, their marks and the long-vowel sign, half-width kana folded away before.
_RUN = (
    "々〆〇\u3040-\u309f\u30a0-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f"
)
_WORD = re.compile(rf"[{_RUN}]+|[^\W_{_RUN}]+")
_IS_RUN = re.compile(rf"[{_RUN}]")
_VOICING = "\u3099\u309a"


def fold(text: str) -> str:
    """Remove case, width and diacritics; the voicing marks of kana are letters and stay."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in apart if c in _VOICING or not unicodedata.combining(c))
    return unicodedata.normalize("NFC", kept).casefold()


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text in order; a run of Japanese is one word, its inside searchable."""
    return tuple(sys.intern(word) for word in _WORD.findall(fold(text)))


class Words:
    """The words of one text, indexed for many questions."""

    __slots__ = ("_known", "_runs", "sequence")

    def __init__(self, text: str | Iterable[str]) -> None:
        parts = [text] if isinstance(text, str) else text
        # An empty word between two parts keeps a phrase from matching across them.
        self.sequence: tuple[str, ...] = tuple(
            word for part in parts for word in (*words_of(part), "")
        )
        self._known = frozenset(self.sequence)
        self._runs = tuple(word for word in self._known if _IS_RUN.match(word))

    def has(self, phrase: Sequence[str]) -> bool:
        """Return whether the words of `phrase` are adjacent here."""
        if len(phrase) == 1:
            return self._may_have(phrase)
        return next(iter(self.positions(phrase)), None) is not None

    def positions(self, phrase: Sequence[str]) -> Iterable[int]:
        """Yield where a phrase begins, as indices into `sequence`."""
        if not phrase or not self._may_have(phrase):
            return
        last = len(phrase) - 1
        for start in range(len(self.sequence) - last):
            if all(
                _fits(self.sequence[start + i], word, opens=i > 0, closes=i < last)
                for i, word in enumerate(phrase)
            ):
                yield start

    def _may_have(self, phrase: Sequence[str]) -> bool:
        return all(
            word in self._known or (_IS_RUN.match(word) and any(word in run for run in self._runs))
            for word in phrase
        )


def _fits(here: str, wanted: str, *, opens: bool, closes: bool) -> bool:
    """Match one word; `opens`/`closes`: it has to reach the start/end of its run."""
    if here == wanted:
        return True
    if not _IS_RUN.match(wanted) or wanted not in here:
        return False
    return (not opens or here.startswith(wanted)) and (not closes or here.endswith(wanted))
