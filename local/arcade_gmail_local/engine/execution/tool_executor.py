"""Execute a tool for a user: their token goes in, and only the tool's result comes out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.engine.authorization.authorizer import Authorizer
from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.execution.tool_entry import ToolEntry
from arcade_gmail_local.engine.execution.worker_client import (
    ToolCall,
    WorkerClient,
    WorkerResult,
)
from arcade_gmail_local.engine.http.responses import Refusal
from arcade_gmail_local.engine.http.timestamps import iso
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import AuthorizationError, OutcomeUnknown, Unavailable
from arcade_gmail_multiuser.security.redaction import redact, redact_value
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import UserToken

__all__ = ["ToolExecutor", "ToolRequest", "new_execution_id"]


@dataclass(frozen=True, slots=True, repr=False)
class ToolRequest:
    """What a caller asked to have executed."""

    tool: ToolEntry
    user_id: str
    inputs: dict[str, Any]
    actor: str
    """Who asked: the name of an API key, or the scheduler."""
    stacktrace: bool = False
    large: bool = False
    execution_id: str | None = None
    """Given when the call was scheduled under it."""


def new_execution_id() -> str:
    return f"te_{secrets.token_urlsafe(18)}"


class ToolExecutor:
    """Run tool requests, each once."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        authorizer: Authorizer,
        manager: SecureTokenManager,
        workers: Mapping[str, WorkerClient],
        events: Events,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._authorizer = authorizer
        self._manager = manager
        self._workers = workers
        self._events = events
        self._clock = clock

    async def execute(self, request: ToolRequest) -> tuple[dict[str, Any], bool]:
        """Return arcadepy's ExecuteToolResponse, and whether it is large.

        A tool's own error is not an exception but success=false.

        Raises:
            Refusal: 403 with an authorization when the person has to consent first.
            Unavailable: nothing was done. OutcomeUnknown: it may have been.
        """
        begun = time.perf_counter()
        execution_id = request.execution_id or new_execution_id()
        try:
            result = await self._run(request, execution_id)
        except OutcomeUnknown as problem:
            if not request.tool.read_only:
                raise
            # Reading twice does no harm: arcadepy may repeat it by itself.
            raise Refusal(503, problem.code, "No answer came from the worker.") from None
        took_ms = (time.perf_counter() - begun) * 1000
        return self._response(request, result, execution_id, took_ms), result.large

    async def check(self, request: ToolRequest) -> None:
        """Refuse what could not run now: a requirement is unmet, or consent is missing.

        Raises:
            Refusal: as `execute` does.
        """
        request.tool.refuse_unmet(self._settings.provider.id)
        if request.tool.scopes is not None:
            try:
                await self._manager.fresh(
                    request.user_id, request.tool.scopes, provider=self._settings.provider.id
                )
            except AuthorizationError:
                raise await self._demand(request) from None

    async def _run(self, request: ToolRequest, execution_id: str) -> WorkerResult:
        request.tool.refuse_unmet(self._settings.provider.id)
        worker = self._workers[request.tool.worker]
        if request.tool.scopes is None:
            return await worker.invoke(self._call(request, execution_id, None))
        token = await self._token(request)
        await self._record_release(request, token)
        result = await worker.invoke(self._call(request, execution_id, token))
        if not _token_was_rejected(result):
            return result
        # Google refused the token and so did nothing: one refresh and one more try are safe. If the
        # refresh fails, its error is the answer: the 401 would send the person to connect again.
        newer = await self._newer(request, token)
        result = await worker.invoke(self._call(request, execution_id, newer))
        if not _token_was_rejected(result):
            return result
        if await self._manager.demand_consent(newer.record):
            raise await self._demand(request)
        raise Unavailable(
            "The permission has just changed, and nothing was done; try again.", retry_after_ms=250
        )

    async def _token(self, request: ToolRequest) -> UserToken:
        wanted = request.tool.scopes or frozenset()
        try:
            return await self._manager.token_for(
                request.user_id, wanted, provider=self._settings.provider.id
            )
        except AuthorizationError:
            raise await self._demand(request) from None

    async def _newer(self, request: ToolRequest, rejected: UserToken) -> UserToken:
        try:
            newer = await self._manager.mark_rejected(
                request.user_id, rejected.access_token, provider=self._settings.provider.id
            )
        except AuthorizationError:
            raise await self._demand(request) from None
        if not newer.record.covers(request.tool.scopes or ()):
            raise await self._demand(request)
        return newer

    async def _record_release(self, request: ToolRequest, token: UserToken) -> None:
        await self._events.record_once_a_minute(
            "token.released",
            "succeeded",
            about=(token.record.id, request.tool.worker),
            actor=request.actor,
            user_id=request.user_id,
            provider=token.record.provider,
            to="worker",
            worker=request.tool.worker,
        )

    async def _demand(self, request: ToolRequest) -> Refusal:
        return await self._authorizer.demand(
            request.user_id, sorted(request.tool.scopes or ()), actor=request.actor
        )

    def _call(self, request: ToolRequest, execution_id: str, token: UserToken | None) -> ToolCall:
        tool = request.tool
        known = {"client_id": self._settings.provider.client_id}
        return ToolCall(
            execution_id=execution_id,
            created_at=self._now(),
            toolkit=tool.toolkit,
            name=tool.name,
            version=tool.version,
            inputs=request.inputs,
            user_id=request.user_id,
            token=token.access_token if token else None,
            user_info={"sub": token.record.subject, "email": token.record.email} if token else {},
            metadata={key: known[key] for key in tool.metadata if key in known},
            large=request.large,
        )

    def _now(self) -> str:
        return iso(self._clock())

    def _response(
        self, request: ToolRequest, result: WorkerResult, execution_id: str, duration_ms: float
    ) -> dict[str, Any]:
        output: dict[str, Any] = {}
        if result.success:
            output["value"] = result.output.get("value")
        else:
            output["error"] = self._error(request, result.output.get("error"))
        logs = result.output.get("logs")
        if isinstance(logs, list) and logs:
            output["logs"] = redact_value(logs)
        return {
            "id": f"tc_{execution_id[3:]}",
            "execution_id": execution_id,
            "execution_type": "immediate",
            "duration": round(duration_ms, 3),
            "finished_at": self._now(),
            "status": "success" if result.success else "failed",
            "success": result.success,
            "output": output,
        }

    def _error(self, request: ToolRequest, raw: Any) -> dict[str, Any]:
        """Keep what an agent may read of a tool's error; the rest is for operators."""
        given = raw if isinstance(raw, dict) else {}
        message = given.get("message")
        error: dict[str, Any] = {
            "message": redact(message) if isinstance(message, str) else "The tool failed.",
            "kind": str(given.get("kind") or "UNKNOWN"),
            "can_retry": given.get("can_retry") is True,
        }
        for name in ("additional_prompt_content", "retry_after_ms", "status_code", "extra"):
            if given.get(name) is not None:
                error[name] = redact_value(given[name])
        if self._settings.expose_developer_messages:
            hidden = ["developer_message", *(["stacktrace"] if request.stacktrace else [])]
            error.update({name: redact_value(given[name]) for name in hidden if given.get(name)})
        return error


def _token_was_rejected(result: WorkerResult) -> bool:
    """Say whether Google answered 401, and nothing had been written before it did.

    A tool that writes in several steps says so with `extra.may_have_acted`.
    """
    error = result.output.get("error")
    if result.success or not isinstance(error, dict) or error.get("status_code") != 401:
        return False
    extra = error.get("extra")
    acted = isinstance(extra, dict) and extra.get("may_have_acted") is True
    return error.get("kind") == "UPSTREAM_RUNTIME_AUTH_ERROR" and not acted
