"""Measure what `import arcade_gmail_multiuser` costs a process, with compiled bytecode.

.venv/bin/python -m bench.imports
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

MAX_MS = 5.0
RUNS = 21
CODE = (
    "import time; began = time.process_time(); import arcade_gmail_multiuser\n"
    "print((time.process_time() - began) * 1000)"
)


def main() -> int:
    with tempfile.TemporaryDirectory() as bytecode:
        own = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        took = [
            float(subprocess.check_output([sys.executable, "-c", CODE], env=own))
            for _ in range(RUNS + 1)
        ][1:]  # the first one compiles
    median = statistics.median(took)
    print(f"import   {median:8.2f} ms   (at most {MAX_MS:.0f})")
    return 0 if median < MAX_MS else 1


if __name__ == "__main__":
    sys.exit(main())
