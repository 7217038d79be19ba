"""A configuration with which an engine starts; its secrets come from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcade_gmail_multiuser.security.keys import new_key

__all__ = ["SECRETS", "write_config"]

SECRETS = {
    "T_KEY": new_key(),
    "T_API_KEY": "canary-api-" + new_key(),
    "T_WORKER_SECRET": "canary-worker-" + new_key(),
}
GOOD = """
environment: development
security: {{encryption_keys: ["${{env:T_KEY}}"]}}
engine:
  public_url: http://127.0.0.1:9099
  database: "sqlite+aiosqlite:///{directory}/engine.sqlite"
  api_keys: {{agent: "${{env:T_API_KEY}}"}}
providers:
  google:
    client_id: sandbox-client
    client_secret: a-client-secret-of-some-length
workers: [{{url: "http://127.0.0.1:8002", secret: "${{env:T_WORKER_SECRET}}"}}]
"""


def write_config(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write it as security.yaml into a folder, and set the secrets it refers to."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    path = folder / "security.yaml"
    path.write_text(GOOD.format(directory=folder))
    return path
