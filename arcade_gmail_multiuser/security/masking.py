"""Values that do not show themselves to whoever looks at variables: debuggers, error reporters."""

from __future__ import annotations

__all__ = ["HiddenBytes", "HiddenText"]

_MASK = "'[hidden]'"


class HiddenText(str):
    """A text that shows itself only when it is used as a text: its repr is a mask.

    What is made from it (a slice, an f-string) is a plain text again.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return _MASK


class HiddenBytes(bytes):
    """The same for bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"b{_MASK}"
