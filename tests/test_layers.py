"""The rooms of the package import one another in one direction only."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "arcade_gmail_multiuser": ROOT / "arcade_gmail_multiuser",
    "arcade_gmail_local": ROOT / "local" / "arcade_gmail_local",
}
PRODUCT, LOCAL = PACKAGES

MAY_IMPORT: dict[str, dict[str, set[str]]] = {
    PRODUCT: {
        "errors": set(),
        "extras": set(),
        "lazy_imports": {"extras"},
        "security": {"errors", "lazy_imports"},
        "gmail": {"errors"},
        "tools": {"errors", "gmail"},
        "worker": {"errors", "tools", "gmail", "security"},
        "mcp_auth": {"errors", "security"},
        "server": {"errors", "tools", "gmail", "security", "mcp_auth"},
        "tool_schema": {"errors"},
        "client": {"errors", "lazy_imports", "security", "tool_schema"},
        "__main__": {"cli"},
        "cli": {
            "errors",
            "extras",
            "tools",
            "gmail",
            "worker",
            "server",
            "mcp_auth",
            "client",
            "security",
        },
    },
    LOCAL: {"engine": set(), "sandbox": set(), "commands": {"engine", "sandbox"}},
}
"""The rooms of each distribution, and which other rooms of it each may import."""

MAY_IMPORT_OF_THE_PRODUCT: dict[str, set[str]] = {
    "engine": {"errors", "security", "tool_schema"},
    "sandbox": set(),  # what tests another must not share its code
    "commands": {"errors", "security", "gmail", "cli"},
}
"""Which rooms of the product each room of the local stack may import; the product imports none."""

FOLDERS: dict[tuple[str, str], dict[str, set[str]]] = {
    (PRODUCT, "security"): {
        "config": set(),
        "audit": {"config"},
        "rate_limits": {"config"},
        "tokens": set(),
    },
    (PRODUCT, "gmail"): {
        "api": set(),
        "html": set(),
        "labels": {"api"},
        "messages": {"api", "html", "labels"},
        "organise": {"api", "labels", "messages"},
        "compose": {"api", "html", "messages"},
        "attachments": {"api", "html", "messages"},
        "unsubscribe": {"api", "compose", "messages", "organise"},
    },
    (PRODUCT, "tools"): {
        "attachments": set(),
        "changes": set(),
        "drafts": {"send"},
        "filters": set(),
        "labels": set(),
        "organise": set(),
        "search": set(),
        "send": set(),
    },
    (LOCAL, "engine"): {
        "http": set(),
        "authorization": {"http"},
        "execution": {"http", "authorization"},
        "pages": {"http", "authorization"},
        "api": {"http", "execution"},
    },
}
"""The folders of a room, and which of them each may import; files beside them are for all."""

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


def modules_of(package: str) -> list[Path]:
    folder = PACKAGES[package]
    return sorted(path for path in folder.rglob("*.py") if path != folder / "__init__.py")


MODULES = [(package, path) for package in PACKAGES for path in modules_of(package)]


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize(("package", "path"), MODULES, ids=lambda one: str(one)[-60:])
def test_a_room_imports_only_the_rooms_it_may(package: str, path: Path) -> None:
    room = path.relative_to(PACKAGES[package]).parts[0].removesuffix(".py")
    assert room in MAY_IMPORT[package], f"{room} is not a room of the design"
    allowed = {package: MAY_IMPORT[package][room] | {room}}
    if package == LOCAL:
        allowed[PRODUCT] = MAY_IMPORT_OF_THE_PRODUCT[room]
    for module in imported_modules(path):
        top, _, rest = module.partition(".")
        if top in PACKAGES:
            assert top in allowed, f"{path} imports {module}"
            assert not rest or rest.partition(".")[0] in allowed[top], f"{path} imports {module}"
        assert top not in FOREIGN_BANNED.get(room, set()), f"{path} imports {module}"


@pytest.mark.parametrize(("package", "room"), FOLDERS)
def test_the_folders_of_a_room_import_one_another_in_one_direction(package: str, room: str) -> None:
    folders = FOLDERS[package, room]
    TopologicalSorter(folders).prepare()  # raises CycleError
    place = PACKAGES[package] / room
    assert {p.name for p in place.iterdir() if (p / "__init__.py").exists()} == set(folders)
    for folder, may_import in folders.items():
        for path in (place / folder).rglob("*.py"):
            for module in imported_modules(path):
                parts = module.split(".")
                if parts[:2] == [package, room] and len(parts) > 2 and parts[2] in folders:
                    assert parts[2] in may_import | {folder}, f"{path} imports {module}"


def test_no_file_is_called_utils_or_helpers() -> None:
    banned = {"utils", "helpers", "common"}
    assert [path for _, path in MODULES if path.stem in banned] == []


def test_the_products_tests_import_nothing_of_the_local_stack() -> None:
    """They reach it as any developer does: by its commands, its pages and its HTTP."""
    banned = {LOCAL, "engine_stack", "leak_hunt"}
    tests = ROOT / "tests"
    own = [tests / "local", tests / "support" / "engine_stack"]
    guilty = [
        str(path.relative_to(tests))
        for path in tests.rglob("*.py")
        if not any(path.is_relative_to(folder) for folder in own)
        and banned & {module.partition(".")[0] for module in imported_modules(path)}
    ]
    assert guilty == []
