"""How one budget of characters is shared by everything in an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["cost", "fair_shares"]


def cost(value: object) -> int:
    """Count the characters a value takes as JSON, which is how a model reads it."""
    return len(json.dumps(value, ensure_ascii=False))


def fair_shares(wanted: Sequence[int], total: int) -> list[int]:
    """Give each what it wants, or else an equal part of what is left when the small are served."""
    shares = [0] * len(wanted)
    left = max(total, 0)
    smallest_first = sorted(range(len(wanted)), key=wanted.__getitem__)
    for served, index in enumerate(smallest_first):
        shares[index] = min(wanted[index], left // (len(wanted) - served))
        left -= shares[index]
    return shares
