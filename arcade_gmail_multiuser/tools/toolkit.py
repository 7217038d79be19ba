"""Describe the toolkit to Arcade: its name, its version, and where its tools are."""

from __future__ import annotations

from importlib.metadata import metadata
from pathlib import Path

from arcade_core.toolkit import Toolkit

from arcade_gmail_multiuser import tools

__all__ = ["describe_toolkit"]


def describe_toolkit() -> Toolkit:
    """Describe the toolkit as `Toolkit.from_package` would, from the files that hold tools.

    `from_package` parses every file of the package, which costs seconds at each start.
    """
    about = metadata(tools.__name__.partition(".")[0])
    toolkit = Toolkit(
        name=about["Name"],
        package_name=about["Name"],
        version=about["Version"],
        description=about["Summary"],
    )
    folder = Path(tools.__path__[0])
    toolkit.tools = Toolkit.tools_from_directory(folder, tools.__name__)
    return toolkit
