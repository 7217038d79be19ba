"""Print the demo: a line for each step, what each person saw, and the checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arcade_gmail_local.commands.demo.checks import Check
from arcade_gmail_local.commands.demo.person import Person

__all__ = ["progress", "show_checks", "show_people"]


@contextmanager
def progress(console: Console, title: str) -> Iterator[None]:
    """Show a step while it runs, and then one line with its time."""
    started = perf_counter()
    try:
        with console.status(escape(title)):
            yield
    except BaseException:
        console.print(f"[bold red]✗[/] {escape(title)}")
        raise
    took = perf_counter() - started
    console.print(f"[green]✓[/] {escape(title)} [dim]{took:.2f} s[/]", highlight=False)


def show_people(console: Console, people: Iterable[Person]) -> None:
    """Show what each of them saw, side by side."""
    shown = tuple(people)
    table = Table(title="What each of them saw", title_justify="left")
    table.add_column("")
    for person in shown:
        table.add_column(person.email)
    rows = {
        "calls": [str(len(person.answers)) for person in shown],
        "labels": [str(person.labels) for person in shown],
        "mail listed": [str(person.listed) for person in shown],
        "mail of own project": [f"{one.found} ({one.marker})" for one in shown],
        "mail of other project": [str(person.found_of_the_other) for person in shown],
        "read in full": [str(person.read) for person in shown],
        "threads": [str(len(person.threads)) for person in shown],
        "sent": ["\n".join(person.sent) for person in shown],
        "received": ["\n".join(person.received) for person in shown],
    }
    for name, cells in rows.items():
        table.add_row(name, *map(escape, cells))
    console.print()
    console.print(table)


def show_checks(console: Console, checks: Iterable[Check]) -> None:
    """Show every check; a failed one says what was found."""
    table = Table(title="Checks", title_justify="left", show_header=False)
    for check in checks:
        mark = "[green]✓[/]" if check.passed else "[bold red]✗[/]"
        found = f" [red]({escape(check.found)})[/]" if check.found and not check.passed else ""
        table.add_row(mark, escape(check.claim) + found)
    console.print()
    console.print(table)
