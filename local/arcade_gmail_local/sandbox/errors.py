"""Refuse what a test asks of the sandbox itself; what Google would refuse is a GoogleError."""

from __future__ import annotations


class SandboxError(Exception):
    """The root of the sandbox's own errors; `message` may be shown to the caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(SandboxError):
    """An argument is of the wrong kind or out of bounds."""


class NotFound(SandboxError):
    """No such account, or no such part of a message."""
