"""The worst log there can be: DEBUG of everything, that no filter masks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any


class RawLog(logging.Handler):
    """Write records with their arguments and all they carry, before anybody has masked them.

    uvicorn's set-up of logging closes all handlers there are; this one does not mind.
    """

    def __init__(self, path: Path, *, without: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._without = without
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace")

    def addFilter(self, filter: Any) -> None:  # noqa: N802, A002  (logging's own name)
        """Refuse every filter: code must not log a secret in the first place."""

    def end(self) -> None:
        self._file.close()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(self._without or (" ",)):
            return
        extras = {k: v for k, v in vars(record).items() if k not in ("msg", "args", "exc_info")}
        try:
            line = f"{self.format(record)} {record.args!r} {extras!r}\n"
        except Exception as problem:  # noqa: BLE001 - a log never ends the program
            line = f"a record of {record.name} cannot be formatted: {type(problem).__name__}\n"
        self._file.write(line)
        self._file.flush()
