"""Print the table at the end, and check everything that must hold."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench.soak.run import Result

__all__ = ["as_dict", "broken", "show"]

MAX_GROWTH_MB = 64.0
"""Of worker or engine from half-time to the end, when everybody has been met."""
SHOWN = 5


def musts(result: Result) -> dict[str, Sequence[str]]:
    """Return a line for every time something happened that must not."""
    people, truth, figures = result.people, result.truth, result.figures
    grown = growth(result)
    return {
        "crossed data": [*people.crossed, *truth.strayed],
        "lost mails": truth.lost,
        "duplicate mails": truth.doubled,
        "sent in spite of an error that said not": truth.ghosts,
        "served after disconnect or withdrawal": figures.served,
        "wrong answers": figures.wrong,
        "errors without a type": figures.untyped,
        "tokens in answers": people.leaked,
        "tokens or mail in logs and database": result.written,
        "memory still growing": [
            f"{name} by {mb:.0f} MB" for name, mb in grown.items() if mb > MAX_GROWTH_MB
        ],
    }


def growth(result: Result) -> dict[str, float]:
    half, end = result.memory["half"], result.memory["end"]
    return {name: end[name] - half[name] for name in ("serve", "engine")}


def broken(result: Result) -> dict[str, Sequence[str]]:
    return {name: lines for name, lines in musts(result).items() if lines}


def show(result: Result) -> str:
    plan, figures, truth = result.plan, result.figures, result.truth
    calls = figures.calls.total()
    cuts = statistics.quantiles(figures.seconds or [0.0, 0.0], n=100)
    lines = [
        f"{plan.users} people, each met, {result.seconds:.0f} s, "
        f"{plan.at_once} at once, seed {plan.seed}",
        f"calls                {calls}  ({calls / result.seconds:.0f}/s, answered in "
        f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms)",
        *(f"{name:<20} {count}" for name, count in sorted(figures.events.items())),
        f"faults ordered       {result.faults.total()} of {len(result.faults)} kinds; "
        f"{result.met.total()} of {len(result.met)} kinds were used up",
        "",
        "letters reported as  " + ", ".join(f"{n} {o}" for o, n in truth.reported.most_common()),
        f"  of those unknown   {truth.unknown_sent} had been sent, once",
        "",
        "errors by kind",
        *(
            f"  {count:>5}  {name}  ({figures.said[name][:70]})"
            for name, count in figures.errors.most_common()
        ),
        "",
        "memory, MB           " + "".join(f"{moment:>8}" for moment in result.memory),
        *(
            f"  {name:<19}" + "".join(f"{at[name]:>8.0f}" for at in result.memory.values())
            for name in result.memory["start"]
        ),
        "",
        "must be 0",
    ]
    for name, found in musts(result).items():
        lines.append(f"  {len(found):>5}  {name}")
        lines += [f"           {line}" for line in found[:SHOWN]]
    return "\n".join(lines)


def as_dict(result: Result) -> dict[str, object]:
    """Return the figures for another program."""
    return {
        "calls": result.figures.calls.total(),
        "events": dict(result.figures.events),
        "errors": dict(result.figures.errors),
        "letters": dict(result.truth.reported),
        "faults": dict(result.faults),
        "faults_met": dict(result.met),
        "memory": result.memory,
        "musts": {name: list(lines) for name, lines in musts(result).items()},
    }
