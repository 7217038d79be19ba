"""Write what follows from the tools: `python docs/write_tools.py`, after a change of any tool.

- docs/tools.md: each with its purpose, scopes and effect
- README.md: the tools by family, and by scopes
- docs/measurements.md: their number
- arcade_gmail_multiuser/client/tool_names.py: their names, for applications
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from arcade_core.catalog import MaterializedTool, ToolCatalog

from arcade_gmail_multiuser.gmail.scopes import GMAIL_SETTINGS_BASIC
from arcade_gmail_multiuser.tools.toolkit import describe_toolkit

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tools.md"
README = ROOT / "README.md"
MEASUREMENTS = ROOT / "docs" / "measurements.md"
NAMES = ROOT / "arcade_gmail_multiuser" / "client" / "tool_names.py"
SCOPES = "<!-- scopes: written by docs/write_tools.py -->\n", "<!-- end of scopes -->\n"
FAMILIES = "<!-- families: written by docs/write_tools.py -->\n", "<!-- end of families -->\n"
NOT_IN_THE_DEFAULT_APP = frozenset({GMAIL_SETTINGS_BASIC})
"""What Arcade's own Google app does not ask people for; it takes an OAuth client of your own."""

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


def pages() -> dict[Path, str]:
    """Return each file that is written here, as it has to be."""
    return {
        PAGE: page(),
        README: readme(README.read_text(encoding="utf-8")),
        MEASUREMENTS: measurements(MEASUREMENTS.read_text(encoding="utf-8")),
        NAMES: names(),
    }


def page() -> str:
    """Return the page of tools."""
    tools = _tools()
    return f"{HEAD}{''.join(map(_line, tools))}\n{len(tools)} tools.\n"


def readme(text: str) -> str:
    """Return the README with both its tables renewed."""
    by_family, by_scopes = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for tool in _tools():
        name = f"`{tool.definition.name}`"
        family = tool.meta.module.removeprefix("arcade_gmail_multiuser.tools.").split(".")[0]
        by_family[family].append(name)
        by_scopes[", ".join(_scopes(tool))].append(name)
    families = "".join(f"| {one} | {' '.join(by_family[one])} |\n" for one in sorted(by_family))
    shortest_first = sorted(by_scopes, key=lambda scopes: (scopes.count(","), scopes))
    scopes = "".join(f"| {one} | {' '.join(by_scopes[one])} |\n" for one in shortest_first)
    text = _between(text, FAMILIES, f"| family | tools |\n| --- | --- |\n{families}")
    return _between(text, SCOPES, f"| scopes | tools |\n| --- | --- |\n{scopes}")


def measurements(text: str) -> str:
    """Return the measurements with the number of tools renewed."""
    number = len(_tools())
    hosted = re.search(r"\| tools \| \d+: the hosted toolkit's (\d+)", text)
    beyond = number - int(hosted[1]) if hosted else 0
    text = re.sub(r"(\| tools \| )\d+:", rf"\g<1>{number}:", text)
    return re.sub(r"and \d+ beyond them", f"and {beyond} beyond them", text)


def names() -> str:
    """Return the client's module of names."""
    lines = "".join(f'    "{tool.definition.name}",\n' for tool in _tools())
    return (
        '"""Name the tools of this toolkit, which the client may not import.\n\n'
        'Written by docs/write_tools.py; a test holds it to the tools.\n"""\n\n'
        '__all__ = ["KNOWN_TOOLS"]\n\n'
        f"KNOWN_TOOLS = (\n{lines})\n"
        '"""The hosted toolkit\'s names are among them; an engine\'s list takes precedence."""\n'
    )


def _between(text: str, marks: tuple[str, str], table: str) -> str:
    before, rest = text.split(marks[0])
    return f"{before}{marks[0]}{table}{marks[1]}{rest.split(marks[1])[1]}"


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
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
