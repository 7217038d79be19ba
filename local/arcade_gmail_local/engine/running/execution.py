"""Execute a tool for a user: their token in, the tool's result out, and nothing else with it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from arcade_gmail_local.engine.connecting.authorizer import Authorizer
from arcade_gmail_local.engine.events import Events
from arcade_gmail_local.engine.http.answers import Refusal
from arcade_gmail_local.engine.http.bodies import bad_request
from arcade_gmail_local.engine.http.moments import iso
from arcade_gmail_local.engine.running.secret_store import SecretStore
from arcade_gmail_local.engine.running.tool_entry import ToolEntry
from arcade_gmail_local.engine.running.worker_client import ToolCall, WorkerResult
from arcade_gmail_local.engine.running.worker_pool import WorkerPool
from arcade_gmail_local.engine.settings import EngineSettings
from arcade_gmail_multiuser.errors import AuthorizationError, OutcomeUnknown, Unavailable
from arcade_gmail_multiuser.security.redaction import redact, redact_value
from arcade_gmail_multiuser.security.tokens.manager import SecureTokenManager
from arcade_gmail_multiuser.security.tokens.record import UserToken

__all__ = ["Execution", "Order", "new_execution_id"]


@dataclass(frozen=True, slots=True, repr=False)
class Order:
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


class Execution:
    """Run orders, each once."""

    def __init__(
        self,
        settings: EngineSettings,
        authorizer: Authorizer,
        manager: SecureTokenManager,
        pool: WorkerPool,
        tool_secrets: SecretStore,
        events: Events,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._authorizer = authorizer
        self._manager = manager
        self._pool = pool
        self._secrets = tool_secrets
        self._events = events
        self._clock = clock

    async def execute(self, order: Order) -> tuple[dict[str, Any], bool]:
        """Give arcadepy's ExecuteToolResponse, and whether it is large.

        A tool's own error is no exception but success=false.

        Raises:
            Refusal: 403 with an authorization when the person has to consent first.
            Unavailable: nothing was done. OutcomeUnknown: it may have been.
        """
        begun = time.perf_counter()
        execution_id = order.execution_id or new_execution_id()
        try:
            result = await self._run(order, execution_id)
        except OutcomeUnknown as problem:
            if not order.tool.read_only:
                raise
            # Reading twice does no harm: arcadepy may repeat it by itself.
            raise Refusal(503, problem.code, "No answer came from the worker.") from None
        took_ms = (time.perf_counter() - begun) * 1000
        return self._response(order, result, execution_id, took_ms), result.large

    async def check(self, order: Order) -> None:
        """Refuse what could not run now: a provider or secret is missing, or a consent.

        Raises:
            Refusal: as `execute` does.
        """
        await self._secrets_of(order.tool)
        if order.tool.scopes is not None:
            try:
                await self._manager.fresh(
                    order.user_id, order.tool.scopes, provider=self._settings.provider.id
                )
            except AuthorizationError:
                raise await self._demand(order) from None

    async def _secrets_of(self, tool: ToolEntry) -> dict[str, str]:
        if tool.scopes is not None and tool.provider_id != self._settings.provider.id:
            bad_request("The tool needs a provider that is not configured.", name="no_provider")
        if not tool.secrets:
            return {}
        found = await self._secrets.values(tool.secrets)
        if any(key not in found for key in tool.secrets):
            bad_request("The tool needs a secret that is not configured.", name="missing_secret")
        return found

    async def _run(self, order: Order, execution_id: str) -> WorkerResult:
        known = await self._secrets_of(order.tool)
        worker = await self._pool.client(order.tool.worker)
        if order.tool.scopes is None:
            return await worker.invoke(self._call(order, execution_id, known, None))
        token = await self._token(order)
        await self._tell_of_release(order, token)
        result = await worker.invoke(self._call(order, execution_id, known, token))
        if not _token_was_rejected(result):
            return result
        # Google refused the token and so did nothing: one refresh and one more try are safe. What
        # hinders the refresh is what is answered: the 401 would send the person to connect again.
        newer = await self._newer(order, token)
        result = await worker.invoke(self._call(order, execution_id, known, newer))
        if not _token_was_rejected(result):
            return result
        if await self._manager.demand_consent(newer.record):
            raise await self._demand(order)
        raise Unavailable(
            "The permission has just changed, and nothing was done; try again.", retry_after_ms=250
        )

    async def _token(self, order: Order) -> UserToken:
        wanted = order.tool.scopes or frozenset()
        try:
            return await self._manager.token_for(
                order.user_id, wanted, provider=self._settings.provider.id
            )
        except AuthorizationError:
            raise await self._demand(order) from None

    async def _newer(self, order: Order, rejected: UserToken) -> UserToken:
        try:
            newer = await self._manager.mark_rejected(
                order.user_id, rejected.access_token, provider=self._settings.provider.id
            )
        except AuthorizationError:
            raise await self._demand(order) from None
        if not newer.record.covers(order.tool.scopes or ()):
            raise await self._demand(order)
        return newer

    async def _tell_of_release(self, order: Order, token: UserToken) -> None:
        await self._events.tell_once_a_minute(
            "token.released",
            "succeeded",
            about=(token.record.id, order.tool.worker),
            actor=order.actor,
            user_id=order.user_id,
            provider=token.record.provider,
            to="worker",
            worker=order.tool.worker,
        )

    async def _demand(self, order: Order) -> Refusal:
        return await self._authorizer.demand(
            order.user_id, sorted(order.tool.scopes or ()), actor=order.actor
        )

    def _call(
        self,
        order: Order,
        execution_id: str,
        tool_secrets: dict[str, str],
        token: UserToken | None,
    ) -> ToolCall:
        tool = order.tool
        known = {"client_id": self._settings.provider.client_id}
        return ToolCall(
            execution_id=execution_id,
            created_at=self._now(),
            toolkit=tool.toolkit,
            name=tool.name,
            version=tool.version,
            inputs=order.inputs,
            user_id=order.user_id,
            token=token.access_token if token else None,
            user_info={"sub": token.record.subject, "email": token.record.email} if token else {},
            secrets=tool_secrets,
            metadata={key: known[key] for key in tool.metadata if key in known},
            large=order.large,
        )

    def _now(self) -> str:
        return iso(self._clock())

    def _response(
        self, order: Order, result: WorkerResult, execution_id: str, duration_ms: float
    ) -> dict[str, Any]:
        output: dict[str, Any] = {}
        if result.success:
            output["value"] = result.output.get("value")
        else:
            output["error"] = self._error(order, result.output.get("error"))
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

    def _error(self, order: Order, raw: Any) -> dict[str, Any]:
        """Keep of a tool's error what an agent may read; the rest is for operators."""
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
            hidden = ["developer_message", *(["stacktrace"] if order.stacktrace else [])]
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
