"""What exceptions show to whoever catches them."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OURS = "/arcade_gmail_multiuser/"


@dataclass(repr=False)
class Raised:
    """Keep what an exception shows of itself, and apart from that the variables around it.

    Variables are what error reporters gather. They hold what a function was given, so mail may be
    among them; a credential may not.
    """

    shown: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Expect an exception, and keep it."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - whatever is raised is looked into
            self.keep(problem)
        else:
            raise AssertionError("it should have failed")

    def keep(self, problem: BaseException) -> None:
        for one in _all_that_hangs_on(problem):
            self.shown.append(f"{type(one).__name__}Error {one!r} {one} {one.args!r} {vars(one)!r}")
        whole = traceback.TracebackException.from_exception(problem, capture_locals=True)
        self.shown += traceback.format_exception(problem)
        # The frames of the tests know the canaries.
        self.variables += [frame for frame in whole.format() if OURS in frame.partition("\n")[0]]


def _all_that_hangs_on(problem: BaseException) -> Iterator[BaseException]:
    waiting, seen = [problem], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [e for e in (one.__cause__, one.__context__) if e is not None]
