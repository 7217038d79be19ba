"""The rooms of the package import one another in one direction only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "arcade_gmail_multiuser"
NAME = PACKAGE.name

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "security": set(),
    "gmail": set(),
    "tools": {"gmail"},
    "worker": {"tools", "gmail", "security"},
    "front_door": {"security"},
    "server": {"tools", "gmail", "security", "front_door"},
    "client": {"security"},
    "engine": {"security"},
    "sandbox": {"gmail"},
    "__main__": {"cli"},
    "cli": {
        "tools",
        "gmail",
        "worker",
        "server",
        "front_door",
        "client",
        "security",
        "engine",
        "sandbox",
    },
}

SHELVES: dict[str, dict[str, set[str]]] = {
    "security": {
        "config": set(),
        "audit": {"config"},
        "rate_limits": {"config"},
        "tokens": set(),
    },
    "gmail": {
        "wire": set(),
        "html": set(),
        "reading": {"html"},
        "writing": {"html", "reading"},
        "attached": {"html", "reading"},
        "following": {"reading"},
        "keeping": {"reading", "writing"},
    },
    "tools": {"arguments": set(), "answers": {"arguments"}},
    "engine": {
        "http": set(),
        "connecting": {"http"},
        "running": {"http", "connecting"},
        "pages": {"http", "connecting"},
        "api": {"http", "connecting", "running"},
    },
}
"""The folders of a room, and which of them each may import; what lies beside them is for all."""

GOOGLE = {"googleapiclient", "google"}
ARCADE = {"arcade_tdk", "arcade_core", "arcade_serve", "arcade_mcp_server"}
FOREIGN_BANNED: dict[str, set[str]] = {
    "errors": GOOGLE | ARCADE | {"arcadepy"},
    "gmail": ARCADE | {"arcadepy"},
    "security": GOOGLE | ARCADE | {"arcadepy"},
    "tools": GOOGLE | {"arcadepy", "aiohttp"},
    "client": GOOGLE | ARCADE,
    "engine": GOOGLE | ARCADE | {"arcadepy"},
    "sandbox": ARCADE | {"arcadepy"},
}


def room_of(path: Path) -> str:
    """`gmail/x.py` belongs to `gmail`; `worker.py` is a room of its own."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == NAME:
                found.update(f"{NAME}.{alias.name}" for alias in node.names)
    return found


MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_the_rooms_it_may(path: Path) -> None:
    room = room_of(path)
    assert room in MAY_IMPORT, f"{room} is not a room of the design"
    for module in imported_modules(path):
        parts = module.split(".")
        if parts[0] == NAME and len(parts) > 1:
            assert parts[1] in MAY_IMPORT[room] | {room, "errors"}, f"{path} imports {module}"
        assert parts[0] not in FOREIGN_BANNED.get(room, set()), f"{path} imports {module}"


@pytest.mark.parametrize("room", SHELVES)
def test_the_folders_of_a_room_import_one_another_in_one_direction(room: str) -> None:
    shelves = SHELVES[room]
    assert {
        path.name for path in (PACKAGE / room).iterdir() if (path / "__init__.py").exists()
    } == (set(shelves))
    for shelf, may_import in shelves.items():
        for path in (PACKAGE / room / shelf).rglob("*.py"):
            for module in imported_modules(path):
                parts = module.split(".")
                if parts[:2] == [NAME, room] and len(parts) > 2 and parts[2] in shelves:
                    assert parts[2] in may_import | {shelf}, f"{path} imports {module}"


def test_importing_the_package_does_nothing() -> None:
    body = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr], "only a docstring belongs there"


def test_no_file_is_called_utils_or_helpers() -> None:
    assert [p for p in PACKAGE.rglob("*.py") if p.stem in {"utils", "helpers", "common"}] == []
