"""A condition in a style sheet holds, does not hold, or cannot be told."""

from __future__ import annotations

import pytest

from arcade_gmail_multiuser.gmail.html.media_queries import holds


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "all",
        "screen",
        "ONLY Screen",
        "print, screen",
        "(min-width:1px)",
        "screen and (min-width: 600px)",
        "screen and (min-width: 30em) and (max-width:2000px)",
        "(width >= 600px)",
        "not print",
        "not all and (max-width: 600px)",
        "(prefers-color-scheme: light)",
        "(min-device-width:768px)",
        "(-webkit-min-device-pixel-ratio:0)",
    ],
)
def test_it_holds_on_a_desktop(condition: str) -> None:
    assert holds(condition) is True


@pytest.mark.parametrize(
    "condition",
    [
        "print",
        "(max-width:600px)",
        "only screen and (max-device-width: 480px)",
        "(prefers-color-scheme:dark)",
        "not screen",
        "speech, print",
        "print and (mystery)",
        "(orientation: portrait)",
    ],
)
def test_it_does_not_hold_there(condition: str) -> None:
    assert holds(condition) is False


@pytest.mark.parametrize(
    "condition",
    [
        "(mystery: 1)",
        "martian",
        "screen and (min-width: calc(1px))",
        "screen and ((min-width:1px) or (mystery))",
        "(400px <= width <= 900px)",
        "(",
        "screen and (min-width:1px",
        "x" * 501,
    ],
)
def test_it_cannot_be_told(condition: str) -> None:
    assert holds(condition) is None
