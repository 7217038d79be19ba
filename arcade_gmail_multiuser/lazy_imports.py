"""Load a package's public names when they are first used (PEP 562).

A worker, which needs none of them, then does not pay for them; and a name whose extra is not
installed says so.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for true; importing typing would cost 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make a package's `__getattr__` and `__dir__`.

    Args:
        homes: the module of each public name, relative to the package.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            found: object = getattr(import_module(f"{package}.{homes[name]}"), name)
        except ModuleNotFoundError as problem:
            from arcade_gmail_multiuser.extras import extra_of, install_line  # noqa: PLC0415

            extra = extra_of(problem.name or "")
            if extra is None:
                raise
            sentence = f"{name} needs the extra {extra!r}: {install_line(extra)}"
            raise ModuleNotFoundError(sentence, name=problem.name) from None
        setattr(sys.modules[package], name, found)
        return found

    return get, lambda: sorted({*vars(sys.modules[package]), *homes})
