"""Measure the memory of a stack's processes."""

from __future__ import annotations

from pathlib import Path

from arcade_gmail_local.commands.stack import Stack

__all__ = ["resident_mb"]


def resident_mb(stack: Stack) -> dict[str, float]:
    """Return the resident memory of each process; of several workers, the first one's."""
    return {child.name: _resident_mb(child.pid) for child in stack.processes}


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
