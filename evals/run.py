"""Run `arcade evals` twice against the scripted model, and judge by the results file.

    python -m evals.run

Once the model answers rightly: every case has to pass. Once it picks the neighbouring tool: every
case has to fail. The first shows that the cases, the tools and their schemas agree; the second
that a case can fail at all. The exit status of `arcade evals` tells neither.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.script import Line, load_script
from evals.scripted_model import ScriptedModel, Take

__all__ = ["Verdict", "judge", "main", "run_take"]

FOLDER = Path(__file__).parent
MIN_CASES = 20
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    take: Take
    cases: int
    passed: int
    problems: tuple[str, ...]


def run_take(take: Take, script: Mapping[str, Line] | None = None) -> Verdict:
    """Let the real command run every suite against one take of the script."""
    script = load_script() if script is None else script
    with tempfile.TemporaryDirectory(prefix="evals-") as home:
        results = Path(home) / "results.json"
        with ScriptedModel(script, take) as model:
            finished = subprocess.run(
                [Path(sys.executable).with_name("arcade"), "evals", FOLDER, "-d", "-o", results],
                env=environment(home, model.base_url),
                cwd=FOLDER.parent,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        if not results.is_file():
            lines = (finished.stdout + finished.stderr).strip().splitlines()[-15:]
            return Verdict(take, 0, 0, ("no results file was written", *lines))
        found = json.loads(results.read_text(encoding="utf-8"))
    return judge(take, found, model, script)


def environment(home: str, base_url: str) -> dict[str, str]:
    """Keep a saved login, a real key and every call home out of the run."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "HOME": home,
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": "scripted",
        "ARCADE_USAGE_TRACKING": "0",
        "ARCADE_DISABLE_AUTOUPDATE": "1",
        "NO_PROXY": "127.0.0.1",
        "COLUMNS": "120",
    }


def judge(
    take: Take, found: Mapping[str, Any], model: ScriptedModel, script: Mapping[str, Line]
) -> Verdict:
    """Hold the results file to what this take has to bring about."""
    summary = found["summary"]
    cases, passed = summary["total_cases"], summary["passed"]
    problems = [*model.complaints]
    if cases != len(script) or cases < MIN_CASES:
        problems.append(f"{cases} cases ran; {len(script)} are in the script")
    if sorted(model.answered) != sorted(script):
        problems.append("the suites did not ask every message of the script exactly once")
    if take == "right" and (passed, summary["failed"], summary["warned"]) != (cases, 0, 0):
        problems += [f"should pass: {name}" for name in names(found, "passed", wanted=False)]
    if take == "neighbour" and summary["failed"] != cases:
        problems += [f"should fail: {name}" for name in names(found, "passed", wanted=True)]
    return Verdict(take, cases, passed, tuple(problems))


def names(found: Mapping[str, Any], key: str, *, wanted: bool) -> list[str]:
    """List the names of the cases of all suites whose status matches."""
    return [
        case["name"]
        for model in found["models"].values()
        for suite in model["suites"].values()
        for case in suite["cases"]
        if (case["status"] == key) is wanted
    ]


def main() -> int:
    """Run both takes; return 0 only if both came out as they must."""
    broken = 0
    for take in ("right", "neighbour"):
        verdict = run_take(take)
        broken += bool(verdict.problems)
        must = "all must pass" if take == "right" else "all must fail"
        print(f"{take:<10} {verdict.passed} of {verdict.cases} cases passed ({must})")
        for problem in verdict.problems:
            print(f"  {problem}")
    print("evals hold" if not broken else "evals do NOT hold")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
