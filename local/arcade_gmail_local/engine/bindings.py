"""What each sealed column of the engine's tables is bound to: whose it is, and which it is."""

from __future__ import annotations

__all__ = ["Binding", "bind_attempt", "bind_grant", "bind_input", "bind_tool_secret", "bind_worker"]

Binding = tuple[str, ...]

# The last part of each rises when what the column means changes.


def bind_grant(project: str, provider: str, revocation: str) -> Binding:
    """Bind `revocations.sealed_grant`."""
    return (project, provider, revocation, "revocation", "2")


def bind_tool_secret(project: str, key: str) -> Binding:
    """Bind `tool_secrets.value`."""
    return (project, "tool secret", key, "value", "1")


def bind_worker(project: str, worker: str) -> Binding:
    """Bind `workers.secret`."""
    return (project, "worker", worker, "secret", "1")


def bind_input(project: str, user_id: str, call: str) -> Binding:
    """Bind `scheduled_calls.input`."""
    return (project, user_id, call, "input", "1")


def bind_attempt(project: str, user_id: str, call: str, attempt: str) -> Binding:
    """Bind `call_attempts.outcome`."""
    return (project, user_id, call, attempt, "1")
