"""Keep secret values out of reprs, which debuggers and error reporters show."""

from __future__ import annotations

__all__ = ["HiddenBytes", "HiddenText"]

_MASK = "'[hidden]'"


class HiddenText(str):
    """A string whose repr is a mask.

    What is made from it (a slice, an f-string) is a plain string again.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return _MASK


class HiddenBytes(bytes):
    """Bytes whose repr is a mask."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"b{_MASK}"
