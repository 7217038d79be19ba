"""Write docs/tools.md and the scopes in README.md from the tools: `python docs/write_tools.py`."""

from __future__ import annotations

import re
from pathlib import Path

from arcade_core.catalog import MaterializedTool, ToolCatalog

from arcade_gmail_multiuser.gmail.scopes import GMAIL_SETTINGS_BASIC
from arcade_gmail_multiuser.tools.toolkit import describe_toolkit

PAGE = Path(__file__).with_name("tools.md")
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- scopes: written by docs/write_tools.py -->\n", "<!-- end of scopes -->\n"
NOT_IN_THE_DEFAULT_APP = frozenset({GMAIL_SETTINGS_BASIC})
"""What Arcade's own Google app does not ask people for: an OAuth client of your own has to."""

HEAD = """# The tools and their scopes

Written by `python docs/write_tools.py` from the tools themselves; a test holds it to them. Scopes
are those of `https://www.googleapis.com/auth/`. The tests run every tool against the sandbox with
exactly these scopes, and with each one missing.

A star marks a scope that Arcade's default Google app does not have: configure an OAuth client of
your own for those tools. What a tool does: *reads* changes nothing, *destroys* may lose something
for good or hide it, *repeatable* has no further effect the second time.

| tool | what for | scopes | does |
| --- | --- | --- | --- |
"""


def page() -> str:
    """Return the whole page."""
    tools = _tools()
    return f"{HEAD}{''.join(map(_line, tools))}\n{len(tools)} tools.\n"


def readme(text: str) -> str:
    """Return the README with its table of scopes renewed."""
    by_scopes: dict[tuple[str, ...], list[str]] = {}
    for tool in _tools():
        by_scopes.setdefault(_scopes(tool), []).append(f"`{tool.definition.name}`")
    table = "".join(
        f"| {', '.join(scopes)} | {' '.join(names)} |\n"
        for scopes, names in sorted(by_scopes.items(), key=lambda row: (len(row[0]), row[0]))
    )
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}| scopes | tools |\n| --- | --- |\n{table}{END}{rest.split(END)[1]}"


def _tools() -> list[MaterializedTool]:
    catalog = ToolCatalog()
    catalog.add_toolkit(describe_toolkit())
    return sorted(catalog, key=lambda tool: tool.definition.name)


def _scopes(tool: MaterializedTool) -> tuple[str, ...]:
    authorization = tool.definition.requirements.authorization
    oauth2 = authorization.oauth2 if authorization else None
    return tuple(_scope(scope) for scope in (oauth2.scopes if oauth2 else None) or ())


def _line(tool: MaterializedTool) -> str:
    definition = tool.definition
    first = re.split(r"(?<=\.)\s", definition.description)[0].rstrip(".")
    return f"| `{definition.name}` | {first} | {', '.join(_scopes(tool))} | {_does(tool)} |\n"


def _scope(scope: str) -> str:
    return f"`{scope.rpartition('/')[2]}`{'*' if scope in NOT_IN_THE_DEFAULT_APP else ''}"


def _does(tool: MaterializedTool) -> str:
    metadata = tool.definition.metadata
    behavior = metadata.behavior if metadata else None
    if behavior is None:
        return "?"
    if behavior.read_only:
        return "reads"
    what = "destroys" if behavior.destructive else "changes"
    return f"{what}, repeatable" if behavior.idempotent else what


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
