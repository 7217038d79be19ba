"""What the room promises by name."""

from __future__ import annotations

import inspect
import subprocess
import sys

from arcade_gmail_multiuser import client


def test_all_tells_the_truth() -> None:
    public = {
        name
        for name, value in vars(client).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    assert public == set(client.__all__)
    assert list(client.__all__) == sorted(client.__all__)


def test_what_the_design_promises_is_there() -> None:
    promised = {
        "MultiUserGmailAgent", "MultiUserGmailManager", "UserContextCache", "verifier_routes"
    }  # fmt: skip
    assert promised <= set(client.__all__)


def test_importing_reads_no_environment_and_opens_no_connection() -> None:
    code = (
        "import os, socket; os.environ.clear(); socket.socket.connect = None\n"
        "import arcade_gmail_multiuser.client"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
