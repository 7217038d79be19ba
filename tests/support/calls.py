"""Call a tool as Arcade does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arcade_core.catalog import ToolCatalog, create_func_models
from arcade_core.executor import ToolExecutor
from arcade_core.schema import ToolAuthorizationContext, ToolCallError, ToolContext

__all__ = ["Tool", "ToolFailed", "call", "context", "declared_scopes", "failure"]

Tool = Callable[..., Any]


class ToolFailed(Exception):
    """The call ended in an error; `error` is what Arcade would be told."""

    def __init__(self, error: ToolCallError) -> None:
        super().__init__(error.message)
        self.error = error

    @property
    def code(self) -> str:
        return str((self.error.extra or {}).get("code", ""))


def declared_scopes(tool: Tool) -> list[str]:
    return list(tool.__tool_requires_auth__.scopes)  # type: ignore[attr-defined]


def context(token: str | None, user_id: str | None) -> ToolContext:
    authorization = ToolAuthorizationContext(token=token) if token is not None else None
    return ToolContext(authorization=authorization, user_id=user_id)


_MADE: dict[Tool, tuple[Any, Any, Any]] = {}


async def call(tool: Tool, given: ToolContext, **inputs: Any) -> Any:
    """Run a tool through Arcade's executor; return its output or raise ToolFailed."""
    if tool not in _MADE:
        definition = ToolCatalog.create_tool_definition(tool, "gmail_multiuser", "1")
        _MADE[tool] = (definition, *create_func_models(tool))
    definition, input_model, output_model = _MADE[tool]
    output = await ToolExecutor.run(tool, definition, input_model, output_model, given, **inputs)
    if output.error is not None:
        raise ToolFailed(output.error)
    return output.value


async def failure(tool: Tool, given: ToolContext, **inputs: Any) -> ToolFailed:
    """Call a tool that has to end in an error, and return that."""
    try:
        await call(tool, given, **inputs)
    except ToolFailed as failed:
        return failed
    raise AssertionError(f"{tool.__name__} did not fail")
