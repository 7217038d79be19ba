"""Authorize users and run Gmail tools for them, thousands over one client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from arcadepy import APIError, APIStatusError, AsyncArcade

from arcade_gmail_multiuser.client.arcade_client import (
    check_client,
    keep_mail_out_of_arcadepys_log,
    own_client,
)
from arcade_gmail_multiuser.client.arguments import check_user_id, sendable, with_user_id
from arcade_gmail_multiuser.client.authorizations import (
    PendingAuthorizations,
    authorization_failed,
    check_owner,
    wait_for,
)
from arcade_gmail_multiuser.client.cache import UserContextCache
from arcade_gmail_multiuser.client.catalog import Tool, ToolCatalog
from arcade_gmail_multiuser.client.results import (
    AskUser,
    Authorization,
    NeedsAuthorization,
    authorization_of,
    authorization_refused,
    engine_error,
    tool_output,
    unreadable,
)
from arcade_gmail_multiuser.client.shapes import (
    Authenticated,
    AuthorizationRequired,
    Disconnected,
)
from arcade_gmail_multiuser.client.toolset import requirement_of
from arcade_gmail_multiuser.errors import (
    AuthorizationFailed,
    ConfigurationError,
    EngineRefused,
    EngineUnavailable,
    InvalidInput,
    NotFound,
)

__all__ = ["MultiUserGmailManager"]

DEFAULT_TOOL = "ListEmails"
MESSAGE = "Ask the user to open the url and grant access, then call again."


class MultiUserGmailManager:
    """Authorize, wait and execute for any number of users over one AsyncArcade.

    Works with Arcade Cloud, a self-hosted engine and the embedded one: only `base_url` differs.
    It keeps no token, and of a user only the ids of pending authorizations. Like arcadepy's client,
    it serves one event loop: the first it is used in.

    Args:
        client: by default made from ARCADE_API_KEY and ARCADE_BASE_URL; only then closed here.
        toolkit: the toolkit's name at the engine; "Gmail" for the hosted one.
        provider: the connections' provider id, besides those the tool definitions name.
        cache: users' tools of this toolkit; invalidated when a user's permissions change.
        max_sessions, session_ttl_s: for how many users, and how long, to keep pending ids.
        poll_pause_s: between polls of an engine that answers immediately.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        client: AsyncArcade | None = None,
        *,
        toolkit: str = "GmailMultiuser",
        provider: str = "google",
        cache: UserContextCache | None = None,
        max_sessions: int = 10_000,
        session_ttl_s: float = 900.0,
        poll_pause_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._owns_client = client is None
        self.client = own_client() if client is None else check_client(client)
        # arcadepy retries POSTs without an idempotency key: a send could go out twice.
        self._once = self.client.with_options(max_retries=0)
        self.toolkit = toolkit
        self.cache = UserContextCache() if cache is None else cache
        self._provider = provider
        self._catalog = ToolCatalog(self.client, toolkit, clock=clock)
        self._pending = PendingAuthorizations(max_sessions, session_ttl_s, clock)
        self._poll_pause_s = poll_pause_s
        self._loop: asyncio.AbstractEventLoop | None = None
        keep_mail_out_of_arcadepys_log()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client, if it was made here."""
        if self._owns_client:
            # Connections of a closed loop cannot be closed, and need not be.
            over = self._loop is not None and self._loop.is_closed()
            with suppress(RuntimeError) if over else nullcontext():
                await self.client.close()

    def check_call(self, user_id: object) -> str:
        """Return the user's id if a call for that user can be made here and now.

        Raises:
            InvalidInput: the id is missing. ConfigurationError: the client is closed, or its
                connections belong to another event loop, where a write's outcome would be unknown.
        """
        checked = check_user_id(user_id)
        if self.client.is_closed():
            raise ConfigurationError("The client is closed; make a new manager.")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        if self._loop is not loop:
            raise ConfigurationError("A manager serves one event loop; make one in each.")
        return checked

    async def authenticate_user(
        self,
        user_id: str,
        tool: str | Sequence[str] = DEFAULT_TOOL,
        *,
        next_uri: str | None = None,
    ) -> Authenticated | AuthorizationRequired:
        """Check that a user may use a tool, or all of several, and return where to consent if not.

        It asks the engine each time: the user may have disconnected elsewhere.

        Returns:
            `{"authenticated": True}`, or
            `{"authorization_required": True, "url": …, "message": …}`.

        Raises:
            InvalidInput, UnknownTool: nothing was asked. AuthorizationFailed: start over.
            EngineUnavailable, RateLimited, EngineRefused, ConfigurationError: the engine's.
        """
        user_id = self.check_call(user_id)
        tools = await self._tools(tool)
        found = await self._authorize(user_id, tools, next_uri)
        if found.status == "completed":
            self._worked(user_id, tools)
            return {"authenticated": True}
        return self._ask(user_id, tools, found)

    async def wait_for_authorization(
        self,
        user_id: str,
        tool: str | Sequence[str] | None = None,
        *,
        timeout_s: float = 300.0,
    ) -> Authenticated:
        """Wait until the user has granted what was asked for last, or what `tool` needs.

        Given the same `tool`, it also works in another process than the one that asked.

        Returns:
            `{"authenticated": True}`.

        Raises:
            AuthorizationFailed: declined, expired or confirmed as another user.
            AuthorizationPending: `timeout_s` is over; wait again if you like.
        """
        user_id = self.check_call(user_id)
        tools = None if tool is None else await self._tools(tool)
        pending = self._pending.find(user_id, None if tools is None else _names(tools))
        if pending is None:
            tools = tools or await self._tools(DEFAULT_TOOL)
            found = await self._authorize(user_id, tools)
            if found.status != "completed":
                self._ask(user_id, tools, found)
                pending = self._pending.find(user_id, _names(tools))
                if pending is None:
                    raise EngineUnavailable("The engine returned no id for the authorization.")
        try:
            if pending is not None:
                await wait_for(
                    self.client,
                    pending,
                    user_id,
                    timeout_s=timeout_s,
                    pause_s=self._poll_pause_s,
                )
        except AuthorizationFailed:
            self._drop(user_id)
            raise
        if pending is not None:
            self._pending.granted(user_id, pending)
        self.cache.invalidate(user_id)
        return {"authenticated": True}

    async def execute_gmail_action(
        self,
        user_id: str,
        action: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Any:
        """Run one tool for one user, by any of the tool's names ("send_email", "SendEmail" …).

        A call that writes is made once and never retried here; one that reads may be retried.

        Returns:
            What the tool returned, or what `authenticate_user` returns when consent is missing.

        Raises:
            InvalidInput, UnknownTool: nothing was sent.
            ToolFailed: the tool's own error, with `code`, `kind`, `can_retry`, `retry_after_ms`.
            RateLimited, EngineUnavailable: nothing was done; wait and retry.
            OutcomeUnknown: a write may have happened; look before repeating it.
            EngineRefused, ConfigurationError: retrying will not help.
        """
        try:
            return await self.run_tool(user_id, action, params, timeout_s=timeout_s)
        except AskUser as asked:
            return asked.answer

    async def run_tool(
        self,
        user_id: str,
        action: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Any:
        """Run a tool as `execute_gmail_action` does, but raise AskUser where consent is missing.

        A tool's output is thereby never mistaken for a request for consent.
        """
        user_id = self.check_call(user_id)
        inputs = sendable(params)
        tool = await self._catalog.find(action)
        if tool.definition is not None:
            inputs = with_user_id(tool.definition, inputs, user_id)
        try:
            output = await self._execute(user_id, tool, inputs, timeout_s)
        except NeedsAuthorization as missing:
            asked = await self._after_refusal(user_id, tool, missing)
            if asked is not None:
                raise AskUser(asked) from None
            if not isinstance(missing.otherwise, EngineRefused):
                raise missing.otherwise from None
        else:
            self._worked(user_id, (tool,))
            return output
        # The engine refused the call, so nothing was done, and now says that all is authorized.
        try:
            output = await self._execute(user_id, tool, inputs, timeout_s)
        except NeedsAuthorization as missing:
            raise missing.otherwise from None
        self._worked(user_id, (tool,))
        return output

    async def disconnect(self, user_id: str) -> Disconnected:
        """End the user's connections: the engine deletes the tokens. Repeating it is harmless.

        Returns:
            `{"disconnected": True, "connections": how many there were}`.
        """
        user_id = self.check_call(user_id)
        self._drop(user_id)
        providers = await self._catalog.providers() | {self._provider}
        ended = 0
        try:
            connections = self.client.admin.user_connections.list(user={"id": user_id}, limit=100)
            # An engine that ignores the filter lists every user's: delete only this one's.
            mine = [
                one.id
                async for one in connections
                if one.user_id == user_id and one.provider_id in providers and one.id
            ]
            for connection_id in mine:
                ended += await self._delete(connection_id)
        except APIError as problem:
            raise engine_error(problem, wrote=False) from None
        except ValueError:
            raise unreadable(wrote=False) from None
        finally:
            self._drop(user_id)
        return {"disconnected": True, "connections": ended}

    async def _delete(self, connection_id: str) -> bool:
        try:
            await self.client.admin.user_connections.delete(quote(connection_id, safe=""))
        except APIStatusError as problem:
            error = engine_error(problem, wrote=False)
            if problem.status_code == 404 or isinstance(error, NotFound):
                return False
            raise error from None
        return True

    async def _tools(self, named: str | Sequence[str]) -> tuple[Tool, ...]:
        names = (named,) if isinstance(named, str) else tuple(named)
        if not names:
            raise InvalidInput("Name at least one tool to authorize.")
        return tuple([await self._catalog.find(name) for name in names])

    async def _authorize(
        self, user_id: str, tools: tuple[Tool, ...], next_uri: str | None = None
    ) -> Authorization:
        more: dict[str, Any] = {} if next_uri is None else {"next_uri": next_uri}
        try:
            if len(tools) == 1:
                answer = await self.client.tools.authorize(
                    tool_name=tools[0].qualified_name, user_id=user_id, **more
                )
            else:
                answer = await self.client.auth.authorize(
                    auth_requirement=self._all_of(tools), user_id=user_id, **more
                )
        except APIError as problem:
            raise engine_error(problem, wrote=False) from None
        except ValueError:
            raise unreadable(wrote=False) from None
        found = authorization_of(answer)
        check_owner(found, user_id)
        return found

    def _all_of(self, tools: tuple[Tool, ...]) -> Any:
        definitions = [tool.definition for tool in tools if tool.definition is not None]
        if len(definitions) != len(tools):
            raise EngineUnavailable("The engine does not list its tools. Try again in a moment.")
        return requirement_of(definitions, provider=self._provider)

    async def _execute(
        self, user_id: str, tool: Tool, inputs: dict[str, object], timeout_s: float | None
    ) -> Any:
        client = self.client if tool.reads else self._once
        more: dict[str, Any] = {} if timeout_s is None else {"timeout": timeout_s}
        try:
            answer = await client.tools.execute(
                tool_name=tool.qualified_name, input=inputs, user_id=user_id, **more
            )
        except APIStatusError as problem:
            if problem.status_code == 403:
                raise authorization_refused(problem) from None
            raise engine_error(problem, wrote=not tool.reads) from None
        except APIError as problem:
            raise engine_error(problem, wrote=not tool.reads) from None
        except ValueError:
            raise unreadable(wrote=not tool.reads) from None
        return tool_output(answer, wrote=not tool.reads)

    async def _after_refusal(
        self, user_id: str, tool: Tool, missing: NeedsAuthorization
    ) -> AuthorizationRequired | None:
        """Return the request for consent; None when the engine says that nothing is missing."""
        self._drop(user_id)
        found = missing.found
        theirs = found is not None and found.user_id not in (None, user_id)
        if found is None or found.url is None or theirs:
            found = await self._authorize(user_id, (tool,))
            if found.status == "completed":
                return None
        return self._ask(user_id, (tool,), found)

    def _ask(
        self, user_id: str, tools: tuple[Tool, ...], found: Authorization
    ) -> AuthorizationRequired:
        if found.status == "failed":
            raise authorization_failed()
        if found.url is None:
            raise EngineUnavailable("The engine returned no url for granting access.")
        if found.id is not None:
            self._pending.remember(user_id, _names(tools), found.id)
        return {"authorization_required": True, "url": found.url, "message": MESSAGE}

    def _worked(self, user_id: str, tools: tuple[Tool, ...]) -> None:
        if self._pending.worked(user_id, _names(tools)):
            # The user has consented since: the cached tool list is out of date.
            self.cache.invalidate(user_id)

    def _drop(self, user_id: str) -> None:
        self._pending.forget(user_id)
        self.cache.invalidate(user_id)


def _names(tools: tuple[Tool, ...]) -> frozenset[str]:
    return frozenset(tool.name for tool in tools)
