"""Say how to install what is missing: an extra of this package, or the local stack."""

from __future__ import annotations

__all__ = ["EXTRAS", "INSTALL_LOCAL_STACK", "install_line", "missing_line"]

EXTRAS: dict[str, tuple[str, ...]] = {
    "examples": ("itsdangerous", "jinja2", "python_multipart"),
    "client": ("arcadepy", "cachetools"),
    "security": ("aiosqlite", "alembic", "cryptography", "sqlalchemy", "yaml"),
    "postgres": ("asyncpg",),
    "redis": ("redis",),
    "mcp": ("arcade_mcp_server",),
    "evals": ("arcade_evals",),
}
"""Each extra with the modules that it installs."""

BROUGHT_ALONG = {"httpx": "client"}

INSTALL_LOCAL_STACK = "pip install arcade_gmail_local"


def install_line(extra: str) -> str:
    return f"pip install 'arcade_gmail_multiuser[{extra}]'"


def missing_line(module: str) -> str:
    """Say what to install for a module that is missing."""
    by_module = {name: extra for extra, names in EXTRAS.items() for name in names} | BROUGHT_ALONG
    top = module.partition(".")[0]
    line = f"The Python package {top!r} is not installed."
    return f"{line} Try: {install_line(by_module[top])}" if top in by_module else line
