"""Run a tool for arcade-serve, and keep its error, log line and span free of mail."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from arcade_core.executor import ToolExecutor
from arcade_core.log_extras import build_tool_error_log_extra, build_tool_error_span_attributes
from arcade_core.schema import (
    FullyQualifiedName,
    ToolCallError,
    ToolCallRequest,
    ToolCallResponse,
)
from arcade_serve.core.common import InvalidRequestParamsError
from arcade_serve.fastapi import FastAPIWorker
from opentelemetry import trace

from arcade_gmail_multiuser.worker.error_cleaning import clean_error, without_input_names

__all__ = ["GmailWorker", "UnknownTool"]

_log = logging.getLogger(__name__)

RESERVED_INPUTS = frozenset({"context", "func", "definition", "input_model", "output_model"})
"""Names that arcade-core's executor passes itself; an input of that name is a TypeError in it."""


class UnknownTool(Exception):
    """There is no tool of that name, or not in that version."""


class GmailWorker(FastAPIWorker):
    """Refuse what arcade-serve would crash on, and let nothing private out.

    arcade-serve answers 500 to an unknown tool and to inputs named like its own arguments, and
    writes mail into its DEBUG log and its spans.
    """

    async def call_tool(self, tool_request: ToolCallRequest) -> ToolCallResponse:
        """Run a tool as arcade-serve does, but clean its error before anything sees it.

        arcade-serve puts the error as it is into a span, and formats inputs and outputs for a
        DEBUG log even when it is off: with attachments, 30 MB that all other calls wait for.
        """
        asked = tool_request.tool.get_fully_qualified_name()
        try:
            tool = self.catalog.get_tool(asked)
        except (KeyError, ValueError):
            raise UnknownTool from None
        inputs = tool_request.inputs or {}
        reserved = RESERVED_INPUTS.intersection(inputs)
        if reserved:
            raise InvalidRequestParamsError(f"no tool has an input {', '.join(sorted(reserved))}")
        about = {
            "tool_name": asked.name,
            "toolkit_version": str(asked.toolkit_version),
            "toolkit_name": asked.toolkit_name,
            "environment": self.environment,
        }
        if self.tool_counter:
            self.tool_counter.add(1, about)
        started = time.perf_counter()
        with trace.get_tracer(__name__).start_as_current_span("RunTool", attributes=about) as span:
            output = await ToolExecutor.run(
                tool.tool,
                tool.definition,
                tool.input_model,
                tool.output_model,
                tool_request.context,
                **inputs,
            )
            if output.error is not None:
                clean_error(output.error, inputs, set(tool.input_model.model_fields))
                shown = without_input_names(output.error)
                span.set_attributes(build_tool_error_span_attributes(shown))
        milliseconds = (time.perf_counter() - started) * 1000
        execution_id = tool_request.execution_id or ""
        _log_outcome(execution_id, asked, output.error)
        return ToolCallResponse(
            execution_id=execution_id,
            duration=milliseconds,
            finished_at=datetime.now(UTC).isoformat(),
            success=not output.error,
            output=output,
        )


def _log_outcome(execution_id: str, tool: FullyQualifiedName, error: ToolCallError | None) -> None:
    """Log how a call ended, always in one line, with arcade-serve's fields."""
    error = error and without_input_names(error)
    line = f"{execution_id} | Tool {tool.name} version {tool.toolkit_version} "
    line += "success" if error is None else f"failed: {error.message}"
    line = line.replace("\r", "\\r").replace("\n", "\\n")
    if error is None:
        _log.info("%s", line)
        return
    _log.warning(
        "%s",
        line,
        extra=build_tool_error_log_extra(
            error,
            tool_name=tool.name,
            toolkit_name=tool.toolkit_name,
            toolkit_version=str(tool.toolkit_version),
            execution_id=execution_id,
        ),
    )
