"""Say how to install what is missing: an extra of this package, or the local stack."""

from __future__ import annotations

__all__ = ["EXTRAS", "INSTALL_LOCAL_STACK", "extra_of", "install_line", "missing_line"]

EXTRAS: dict[str, tuple[str, ...]] = {
    "examples": ("itsdangerous", "jinja2", "pydantic_ai", "python_multipart"),
    "client": (
        "aiosqlite",
        "alembic",
        "arcadepy",
        "cachetools",
        "cryptography",
        "sqlalchemy",
        "yaml",
    ),
    "postgres": ("asyncpg",),
    "redis": ("redis",),
    "evals": ("arcade_evals",),
}
"""Each extra with the modules that it installs."""

BROUGHT_ALONG = {"httpx": "client"}

INSTALL_LOCAL_STACK = "pip install arcade_gmail_local"


def extra_of(module: str) -> str | None:
    """Name the extra that installs a module, or None."""
    top = module.partition(".")[0]
    return next((extra for extra, names in EXTRAS.items() if top in names), BROUGHT_ALONG.get(top))


def install_line(extra: str) -> str:
    return f"pip install 'arcade_gmail_multiuser[{extra}]'"


def missing_line(module: str) -> str:
    """Say what to install for a module that is missing."""
    line = f"The Python package {module.partition('.')[0]!r} is not installed."
    extra = extra_of(module)
    return f"{line} Try: {install_line(extra)}" if extra else line
