"""The Arcade worker: the tools behind arcade-serve's protocol, with its gaps closed."""

from __future__ import annotations

from arcade_gmail_multiuser.worker.app import create_app

__all__ = ["create_app"]
