"""What is in a mail that a person would not see, and how to say so.

Characters are dealt with here, for plain text and HTML alike; what a style sheet hides is found
in `styles`. Nothing here repeats the hidden text itself: that is how it would reach an agent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

__all__ = ["describe_hidden", "strip_hidden_characters"]

_WHAT = {
    "display": "hidden by display:none",
    "visibility": "hidden by visibility:hidden",
    "opacity": "made transparent by opacity",
    "font-size": "in a font too small to see",
    "size": "in a box of no size",
    "colour": "in the colour of its background",
    "off-screen": "placed off the screen",
    "attribute": "hidden by the hidden attribute",
    "mso-hide": "hidden by mso-hide",
    "comment": "in an HTML comment",
    "unshown": "in an element that mail programs do not show",
}
_KEPT = {
    "alt": "Long descriptions of pictures, marked [image: …], were kept in {n}: "
    "a person sees them only where the pictures are not shown.",
    "folded": "Text that is shown only when a person opens it was kept and marked in {n}.",
    "title": "Long tooltips, which a person sees only when pointing, were left out in {n}.",
    "styles": "Styles that may hide text could not be followed in {n}: "
    "some of what was read may not be what a person sees.",
}
_CHARACTERS = {
    "zero-width": "Invisible (zero-width) characters were removed in {n}.",
    "soft-hyphen": "Soft hyphens used as padding were removed in {n}.",
    "tag": "Invisible Unicode tag characters were removed in {n}.",
    "variation": "Stray variation selectors were removed in {n}.",
    "bidi": "Characters that reverse the direction of text were removed in {n}.",
    "control": "Control characters were removed in {n}.",
}

# Scripts whose spelling needs the zero-width joiner and non-joiner: Arabic and its kin (Persian,
# Urdu, Kurdish), Syriac, N'Ko, the Indic scripts up to Sinhala, Myanmar, Khmer, Mongolian, Tibetan.
_JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc"
)
_EMOJI = "\u203c-\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_VARIATION = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
# What a variation selector may follow: emoji, keycap digits, ideographs, mathematics, Myanmar.
_VARIED = f"{_EMOJI}0-9#*\u00a9\u00ae\u1000-\u109f\u3000-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_TAG = "\U000e0000-\U000e007f"
_JOINER = "\u200c\u200d"
_FLAG = "\U0001f3f4"
# England, Scotland, Wales: a black flag, a short region code in tag characters, the cancel tag.
_REGION = f"[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{3,6}}\U000e007f(?![{_TAG}])"

_PADDING = re.compile("\u00ad[\u00ad\u034f\u200b-\u200d\\s]*\u00ad")
# In this order: what is always invisible goes first, so that it cannot stand between the rest.
_REMOVED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("control", re.compile("[\x00-\x08\x0e-\x1f\x7f]+")),
    ("bidi", re.compile("[\u202a-\u202e\u2066-\u2069]+")),
    (
        "zero-width",
        re.compile("[\u034f\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0]+"),
    ),
    ("", re.compile("\u00ad+")),
    ("tag", re.compile(f"(?<![{_FLAG}{_TAG}])[{_TAG}]+|(?<={_FLAG})(?!{_REGION})[{_TAG}]+")),
    ("variation", re.compile(f"(?<![{_VARIED}])[{_VARIATION}]+|[{_VARIATION}]{{2,}}")),
    (
        "zero-width",
        re.compile(
            f"(?<![{_JOINING}{_EMOJI}\ufe0f{_JOINER}])[{_JOINER}]+"
            f"|[{_JOINER}]{{2,}}"
            # A joiner at the end of an Indic word shows its last consonant's half form.
            f"|(?<![\u0900-\u0dff])[{_JOINER}](?![{_JOINING}{_EMOJI}])"
        ),
    ),
)
_SUSPECT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u034f\u115f\u1160\u180e\u200b-\u200d\u202a-\u202e"
    f"\u2060-\u206f\u3164\ufeff\uffa0\ud800-\udfff{_VARIATION}{_TAG}]"
)
_BREAKS = str.maketrans({"\x0b": "\n", "\x0c": "\n"})
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def strip_hidden_characters(text: str) -> tuple[str, Counter[str]]:
    """Remove characters that show nothing or reorder what shows; count the places by kind.

    Emoji sequences, flags, and the joiners that Persian, Hindi and their kin are spelt with stay.
    """
    found: Counter[str] = Counter()
    if _is_harmless(text) or not _SUSPECT.search(text):
        return text, found
    text = _LONE_SURROGATE.sub("\ufffd", text.translate(_BREAKS)).removeprefix("\ufeff")
    if padding := sum(1 for _ in _PADDING.finditer(text)):
        found["soft-hyphen"] = padding
    for kind, pattern in _REMOVED:
        text, places = pattern.subn("", text)
        if places and kind:
            found[kind] += places
    return text, found


def _is_harmless(text: str) -> bool:
    """Tell quickly that ordinary English holds nothing of the kind; False tells nothing."""
    return text.isascii() and text.replace("\n", "").isprintable()


def describe_hidden(found: Mapping[str, int]) -> tuple[str, ...]:
    """Say in one sentence a kind what was removed and in how many places, never what it said."""
    said = []
    for kind, count in found.items():
        if count <= 0:
            continue
        if kind in _CHARACTERS or kind in _KEPT:
            where = "1 place" if count == 1 else f"{count} places"
            said.append((_CHARACTERS | _KEPT)[kind].format(n=where))
        else:
            piece = "1 piece of text was" if count == 1 else f"{count} pieces of text were"
            said.append(f"{piece} {_WHAT[kind]}: removed, because a person does not see it.")
    return tuple(said)
