"""Decide whether a media query holds on the desktop screen that mail is read for here."""

from __future__ import annotations

import re

__all__ = ["holds"]

# A desktop in daylight. Text hidden only on phones, on paper or in the dark is text people see.
_WIDTH, _HEIGHT = 1280.0, 800.0
_TRUE = frozenset(
    {
        "orientation: landscape",
        "prefers-color-scheme: light",
        "prefers-color-scheme",
        "prefers-reduced-motion: no-preference",
        "hover",
        "hover: hover",
        "any-hover: hover",
        "pointer: fine",
        "color",
        "grid: 0",
        "scripting: none",
        "-webkit-min-device-pixel-ratio: 0",
        "-webkit-min-device-pixel-ratio: 1",
        "min-resolution: 1dppx",
        "min-resolution: .001dpcm",
    }
)
_FALSE = frozenset(
    {
        "orientation: portrait",
        "prefers-color-scheme: dark",
        "prefers-reduced-motion",
        "prefers-reduced-motion: reduce",
        "hover: none",
        "pointer: coarse",
        "monochrome",
        "forced-colors: active",
        "-ms-high-contrast: active",
        "-ms-high-contrast: none",
        "max-device-pixel-ratio: 1",
    }
)
_TYPES = {"all": True, "screen": True, "": True}
_OTHER_TYPES = frozenset(
    ("print", "speech", "handheld", "tv", "tty", "braille", "embossed", "projection", "aural")
)
_LENGTH = re.compile(r"(-?\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(px|r?em|cm|mm|in|pt)?")
_PIXELS = {"px": 1.0, "em": 16.0, "rem": 16.0, "cm": 37.8, "mm": 3.78, "in": 96.0, "pt": 4 / 3}
_BOUND = re.compile(r"(min|max)-(?:device-)?(width|height): ?(.+)")
_RANGE = re.compile(r"(width|height) ?(<=?|>=?) ?(.+)")
_PART = re.compile(r"\(([^()]*)\)|([a-z-]+)")
_MAX_CONDITION = 500  # characters; no mail has a longer one


def holds(condition: str) -> bool | None:
    """Tell whether a media query list holds; None where that cannot be told."""
    if len(condition) > _MAX_CONDITION:
        return None
    found = [_query(" ".join(query.split())) for query in condition.lower().split(",")]
    return True if True in found else None if None in found else False


def _query(query: str) -> bool | None:
    if "(" in _PART.sub("", query) or ")" in _PART.sub("", query):
        return None
    inverted = query.startswith("not ")
    result: bool | None = True
    for feature, word in _PART.findall(query.removeprefix("not ").removeprefix("only ")):
        if word == "and":
            continue
        one = _feature(feature.strip()) if feature else _type(word) if word else None
        result = False if result is False or one is False else None if one is None else result
    return None if result is None else result != inverted


def _type(word: str) -> bool | None:
    return False if word in _OTHER_TYPES else _TYPES.get(word)


def _feature(feature: str) -> bool | None:
    feature = re.sub(r"\s*:\s*", ": ", feature)
    if feature in _TRUE or feature in _FALSE:
        return feature in _TRUE
    if bound := _BOUND.fullmatch(feature):
        have, limit = _side(bound.group(2)), _pixels(bound.group(3))
        if limit is None:
            return None
        return have >= limit if bound.group(1) == "min" else have <= limit
    if compared := _RANGE.fullmatch(feature):
        have, limit = _side(compared.group(1)), _pixels(compared.group(3))
        if limit is None:
            return None
        return have >= limit if compared.group(2)[0] == ">" else have <= limit
    return None


def _side(name: str) -> float:
    return _WIDTH if name == "width" else _HEIGHT


def _pixels(value: str) -> float | None:
    match = _LENGTH.fullmatch(value.strip())
    return float(match.group(1)) * _PIXELS[match.group(2) or "px"] if match else None
