"""Compute how a style makes an element look, and the trick by which it hides the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from arcade_gmail_multiuser.gmail.html.colours import CLEAR, Colour, alike, read_colour

__all__ = [
    "DEFAULT_STYLE",
    "RELEVANT",
    "ComputedStyle",
    "computed_style",
    "is_unclear",
    "may_hide",
    "read_declarations",
]

RELEVANT = re.compile(
    r"display|visibility|opacity|font|height|width|overflow|color|background|position|left|right"
    r"|top|bottom|indent|margin|transform|clip|mso-hide|scale|zoom|filter|\\",
    re.I,
)
_DECLARATION = re.compile(r"([a-z-]+)\s*:\s*([^;]*)", re.I)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?|\\(.)", re.I | re.S)
_LENGTH = re.compile(
    r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))(px|pt|em|rem|ex|ch|cm|mm|in|%|v[wh])?"
)
_PIXELS = {"px": 1.0, "pt": 4 / 3, "cm": 38.0, "mm": 3.8, "in": 96.0, "rem": 16.0, "": 1.0}
_PIXELS |= {"em": 16.0, "ex": 8.0, "ch": 8.0, "vw": 10.0, "vh": 10.0, "%": 10.0}
_MIN_OFFSET = -500.0  # pixels: beyond any margin a mail uses to draw something back a little
_MAX_OFFSET = 3_000.0  # pixels: beyond any screen
_MAX_TINY = 1.0
_MAX_UNREADABLE_FONT = 2.0  # pixels of a font
_NO_AREA = re.compile(
    r"rect\((?:[01](?:px)?[,\s]*){4}\)|inset\((?:50|100)%|(?:circle|ellipse)\(0(?![.\d]*[1-9])"
    r"|polygon\((?:0(?:px|%)?[\s,]*)+\)"
)
_SHRUNK = re.compile(
    r"(?:scale(?:3d|x|y)?|matrix(?:3d)?)\(\s*(?:[^(),]*,\s*)?0?(?:\.0\d*|\.|(?<=0))0*(?:%)?\s*[,)]"
    r"|rotate[xy]\(\s*-?(?:90deg|\.25turn|0\.25turn|100grad)"
)
_MOVED = re.compile(r"translate(?:x|y|3d)?\(([^()]*)\)")
_COMPUTED = re.compile(r"(?:var|calc|min|max|clamp|env|attr|color-mix|light-dark|if)\(")
_ABOUT_SIGHT = frozenset(
    ("display", "visibility", "opacity", "font-size", "font", "color", "content-visibility")
)
_TRANSFORMS = ("transform", "-webkit-transform")
_LINK = (0, 0, 238)


class ComputedStyle(NamedTuple):
    """What text inside an element inherits. `background` is None where an image may lie there."""

    font: float = 16.0
    colour: Colour | None = (0, 0, 0)
    background: Colour | None = (255, 255, 255)
    coloured: bool = False
    unseen: bool = False
    outdented: bool = False

    def hides(self) -> str | None:
        """Name the trick that hides text of this look, if one does; a child may undo it."""
        if self.unseen:
            return "visibility"
        if self.font <= _MAX_UNREADABLE_FONT:
            return "font-size"
        if self.outdented:
            return "off-screen"
        if self.colour == CLEAR:
            return "colour"
        if self.coloured and self.colour and self.background:
            return "colour" if alike(self.colour, self.background) else None
        return None


DEFAULT_STYLE = ComputedStyle()


def read_declarations(style: str) -> dict[str, str]:
    """Split a style into lower-case properties and values, `!important` kept at the value's end."""
    return _cached(style) if len(style) <= 1000 else _declarations(style)


def _declarations(style: str) -> dict[str, str]:
    if "\\" in style:
        style = _ESCAPE.sub(_unescaped, style)
    if "/*" in style:
        style = _COMMENT.sub("", style)
    found: dict[str, str] = {}
    for name, given in _DECLARATION.findall(style.lower()):
        value = given.strip()
        if "!important" in found.get(name, "") and "!important" not in value:
            continue
        found[name] = value
    return found


_cached = lru_cache(maxsize=2048)(_declarations)


def _unescaped(match: re.Match[str]) -> str:
    if not match.group(1):
        return match.group(2)
    code = int(match.group(1), 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


def computed_style(
    parent: ComputedStyle,
    tag: str,
    attributes: Mapping[str, str | None],
    declared: Mapping[str, str],
) -> tuple[ComputedStyle, str | None]:
    """Say how text inside an element looks, and the trick that hides all of it, if one does.

    `declared` is the element's style, style sheets and attribute merged. A trick named here hides
    the whole element; one that children may undo (visibility, font size, colour) is in the look.
    """
    values = {name: value.replace("!important", "").strip() for name, value in declared.items()}
    reason = "attribute" if "hidden" in attributes else None
    if values:
        reason = _hidden_box(values) or reason
        if "display" in values and values["display"] != "none" and reason == "attribute":
            reason = None
    font = _font_size(values, parent.font) if values else parent.font
    colour, coloured = _colour(parent, tag, attributes, values)
    computed = ComputedStyle(
        font=font,
        colour=colour,
        background=_background(parent.background, attributes, values),
        coloured=coloured,
        unseen=_unseen(parent.unseen, values.get("visibility", "")),
        outdented=_outdented(parent.outdented, values.get("text-indent", "")),
    )
    return computed, reason


def may_hide(declared: Mapping[str, str]) -> bool:
    """Tell whether declarations would hide text from a person who reads on white."""
    computed, reason = computed_style(DEFAULT_STYLE, "", {}, declared)
    return reason is not None or computed.hides() is not None or is_unclear(declared)


def is_unclear(declared: Mapping[str, str]) -> bool:
    """Tell whether what is said about being seen has to be computed, which is not done here."""
    return any(
        name in _ABOUT_SIGHT and "(" in value and _COMPUTED.search(value) is not None
        for name, value in declared.items()
    )


def _hidden_box(values: Mapping[str, str]) -> str | None:
    if values.get("display") == "none" or values.get("content-visibility") == "hidden":
        return "display"
    if values.get("mso-hide") == "all":
        return "mso-hide"
    if _is_transparent(values):
        return "opacity"
    if _is_without_size(values):
        return "size"
    return "off-screen" if _is_far_away(values) else None


def _is_transparent(values: Mapping[str, str]) -> bool:
    filtered = re.search(r"opacity\(\s*([^()]*)", values.get("filter", ""))
    for given in (values.get("opacity", ""), filtered.group(1) if filtered else ""):
        match = _LENGTH.match(given)
        if match and float(match.group(1)) <= (5 if match.group(2) == "%" else 0.05):
            return True
    return False


def _is_without_size(values: Mapping[str, str]) -> bool:
    flat = _tiny(values, ("height", "max-height"), _MAX_TINY)
    narrow = _tiny(values, ("width", "max-width"), _MAX_TINY)
    clipped = values.get("overflow", "").startswith(("hidden", "clip"))
    if (clipped and (flat or narrow)) or (flat and narrow):
        return True
    return (
        _tiny(values, ("max-height", "max-width"), 0)
        or _tiny(values, ("zoom", "scale"), 0.05)
        or any(_NO_AREA.match(values.get(name, "")) for name in ("clip", "clip-path"))
        or any(_SHRUNK.search(values.get(name, "")) for name in _TRANSFORMS)
    )


def _is_far_away(values: Mapping[str, str]) -> bool:
    names = ["margin-left", "margin-top"]
    if values.get("position") in ("absolute", "fixed", "relative"):
        names += ["left", "top", "right", "bottom"]
    if any(_is_far(values.get(name, ""), right=name.endswith("left")) for name in names):
        return True
    for name in _TRANSFORMS:
        for moved in _MOVED.findall(values.get(name, "")):
            if any(_is_far(part.strip(), right=True) for part in moved.split(",")):
                return True
    return False


def _is_far(value: str, *, right: bool) -> bool:
    length = _pixels(value)
    return length is not None and (length <= _MIN_OFFSET or (right and length >= _MAX_OFFSET))


def _tiny(values: Mapping[str, str], names: Iterable[str], limit: float) -> bool:
    sizes = (_pixels(values.get(name, "")) for name in names)
    return any(size is not None and size <= limit for size in sizes)


def _pixels(value: str) -> float | None:
    match = _LENGTH.match(value)
    return float(match.group(1)) * _PIXELS[match.group(2) or ""] if match else None


def _font_size(values: Mapping[str, str], inherited: float) -> float:
    value = values.get("font-size", "")
    if not value and "font" in values:
        # The shorthand: [style weight] size[/line-height] family.
        match = re.search(r"(?:^|\s)(\d[\d.]*(?:px|pt|r?em|%))", values["font"])
        value = match.group(1) if match else ""
    match_ = _LENGTH.match(value)
    if match_ is None:
        return 16.0 if value else inherited  # a keyword: `small`, `medium`; none is invisible
    number, unit = float(match_.group(1)), match_.group(2) or ""
    relative = {"em": inherited, "%": inherited / 100, "ex": inherited / 2, "ch": inherited / 2}
    return number * relative.get(unit, _PIXELS[unit])


def _colour(
    parent: ComputedStyle, tag: str, attributes: Mapping[str, str | None], values: Mapping[str, str]
) -> tuple[Colour | None, bool]:
    given = values.get("-webkit-text-fill-color") or values.get("color") or ""
    if given in ("inherit", "currentcolor", "unset"):
        given = ""
    elif not given:
        given = attributes.get("color" if tag == "font" else "text" if tag == "body" else "") or ""
    if given:
        return read_colour(given), True
    if tag == "a" and "href" in attributes:
        return _LINK, False
    return parent.colour, parent.coloured


def _background(
    inherited: Colour | None, attributes: Mapping[str, str | None], values: Mapping[str, str]
) -> Colour | None:
    picture = values.get("background-image", "none") not in ("none", "initial", "")
    if picture or attributes.get("background"):
        return None
    given = values.get("background-color") or values.get("background") or ""
    return _filled(inherited, given or attributes.get("bgcolor") or "")


def _filled(inherited: Colour | None, given: str) -> Colour | None:
    if not given or given in ("none", "inherit", "initial", "unset"):
        return inherited
    if "url(" in given or "gradient" in given:
        return None
    colour = read_colour(given) or read_colour(given.split(maxsplit=1)[0] if given.split() else "")
    return inherited if colour == CLEAR else colour


def _unseen(inherited: bool, value: str) -> bool:
    if value in ("hidden", "collapse"):
        return True
    return inherited and value != "visible"


def _outdented(inherited: bool, value: str) -> bool:
    length = _pixels(value)
    return inherited if length is None else length <= _MIN_OFFSET or length >= _MAX_OFFSET
