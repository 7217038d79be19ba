"""Take people through authorization and run Gmail tools for them, thousands over one client."""

from __future__ import annotations

import asyncio
import json
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
from arcade_gmail_multiuser.client.authorization_wait import check_owner, failed, wait_for
from arcade_gmail_multiuser.client.cache import UserContextCache
from arcade_gmail_multiuser.client.catalog import Tool, ToolCatalog
from arcade_gmail_multiuser.client.results import (
    Authorization,
    NeedsAuthorization,
    authorization_of,
    authorization_refused,
    engine_error,
    tool_output,
    unreadable,
)
from arcade_gmail_multiuser.client.sessions import Sessions
from arcade_gmail_multiuser.client.tool_schema import with_user_id
from arcade_gmail_multiuser.client.toolset import requirement_of
from arcade_gmail_multiuser.client.users import check_user_id
from arcade_gmail_multiuser.errors import (
    AuthorizationFailed,
    ConfigurationError,
    EngineRefused,
    EngineUnavailable,
    InvalidInput,
    NotFound,
)

__all__ = ["AuthorizationRequired", "MultiUserGmailManager"]

DEFAULT_TOOL = "ListEmails"
MESSAGE = "Ask the person to open the url and agree, then call again."


class AuthorizationRequired(dict[str, Any]):
    """The dictionary that asks for authorization, told apart from what a tool returned."""


class MultiUserGmailManager:
    """Authorize, wait and execute for any number of users over one AsyncArcade.

    Works with Arcade Cloud, a self-hosted engine and the embedded one: only `base_url` differs.
    It holds no token, and of a user only the ids of authorizations that are pending. As arcadepy's
    client, it serves one event loop: the one that it is used in first.

    Args:
        client: made from ARCADE_API_KEY and ARCADE_BASE_URL when not given; closed only then.
        toolkit: the toolkit's name at the engine; "Gmail" for the hosted one.
        provider: what connections are filed under, beside what the tools' definitions say.
        cache: of users' tools of this toolkit; told when a user's permissions change.
        max_sessions, session_ttl_s: of how many users, and how long, pending ids are kept.
        poll_pause_s: between polls of an engine that answers at once.
        clock: seconds that only grow.
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
        # arcadepy repeats POSTs by itself, without a key: a send could go out twice.
        self._once = self.client.with_options(max_retries=0)
        self.toolkit = toolkit
        self.cache = UserContextCache() if cache is None else cache
        self._provider = provider
        self._catalog = ToolCatalog(self.client, toolkit, clock=clock)
        self._sessions = Sessions(max_sessions, session_ttl_s, clock)
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
            # Connections of a loop that is over cannot be closed any more, and need not be.
            over = self._loop is not None and self._loop.is_closed()
            with suppress(RuntimeError) if over else nullcontext():
                await self.client.close()

    def check_call(self, user_id: object) -> str:
        """Give the user's id, if a call for that user can be made here and now.

        Raises:
            InvalidInput: the id is missing. ConfigurationError: the client is closed, or its
                connections belong to another event loop, where a write would end in doubt.
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
    ) -> dict[str, Any]:
        """Say whether a user may use a tool, or all of several, and where to agree if not.

        The engine is asked each time: somebody may have disconnected elsewhere.

        Returns:
            `{"authenticated": True}`, or
            `{"authorization_required": True, "url": …, "message": …}`.

        Raises:
            InvalidInput, UnknownTool: nothing was asked. AuthorizationFailed: begin anew.
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
    ) -> dict[str, Any]:
        """Wait until the user has agreed to what was asked last, or to what `tool` needs.

        Works in another process than the one that asked, given the same `tool`.

        Returns:
            `{"authenticated": True}`.

        Raises:
            AuthorizationFailed: declined, expired or confirmed as another user.
            AuthorizationPending: `timeout_s` is over; wait again if you like.
        """
        user_id = self.check_call(user_id)
        tools = None if tool is None else await self._tools(tool)
        pending = self._sessions.pending(user_id, None if tools is None else _names(tools))
        if pending is None:
            tools = tools or await self._tools(DEFAULT_TOOL)
            found = await self._authorize(user_id, tools)
            if found.status != "completed":
                self._ask(user_id, tools, found)
                pending = self._sessions.pending(user_id, _names(tools))
                if pending is None:
                    raise EngineUnavailable("The engine gave no id of the authorization.")
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
            self._sessions.agreed(user_id, pending)
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
        """Run one tool for one user, named by any of its names ("send_email", "SendEmail" …).

        A tool that writes is sent once and never repeated here; one that reads may be repeated.

        Returns:
            What the tool returned, or what `authenticate_user` returns when the user has to agree.

        Raises:
            InvalidInput, UnknownTool: nothing was sent.
            ToolFailed: the tool's own error, with `code`, `kind`, `can_retry`, `retry_after_ms`.
            RateLimited, EngineUnavailable: nothing was done; wait and repeat.
            OutcomeUnknown: a write may have happened; look before repeating.
            EngineRefused, ConfigurationError: repeating will not help.
        """
        user_id = self.check_call(user_id)
        inputs = _sendable(params)
        tool = await self._catalog.find(action)
        if tool.definition is not None:
            inputs = with_user_id(tool.definition, inputs, user_id)
        try:
            output = await self._execute(user_id, tool, inputs, timeout_s)
        except NeedsAuthorization as missing:
            asked = await self._after_refusal(user_id, tool, missing)
            if asked is not None:
                return asked
            if not isinstance(missing.otherwise, EngineRefused):
                raise missing.otherwise from None
        else:
            self._worked(user_id, (tool,))
            return output
        # The engine refused it, so nothing was done; and now it says that all is authorized.
        try:
            output = await self._execute(user_id, tool, inputs, timeout_s)
        except NeedsAuthorization as missing:
            raise missing.otherwise from None
        self._worked(user_id, (tool,))
        return output

    async def disconnect(self, user_id: str) -> dict[str, Any]:
        """End the user's connection: the engine forgets the tokens. Doing so twice is no error.

        Returns:
            `{"disconnected": True, "connections": how many there were}`.
        """
        user_id = self.check_call(user_id)
        self._drop(user_id)
        providers = await self._catalog.providers() | {self._provider}
        ended = 0
        try:
            connections = self.client.admin.user_connections.list(user={"id": user_id}, limit=100)
            # An engine that ignores the filter lists everybody: only the user's own may go.
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
    ) -> dict[str, Any] | None:
        """Give the wish for authorization; None when the engine says that nothing is missing."""
        self._drop(user_id)
        found = missing.found
        theirs = found is not None and found.user_id not in (None, user_id)
        if found is None or found.url is None or theirs:
            found = await self._authorize(user_id, (tool,))
            if found.status == "completed":
                return None
        return self._ask(user_id, (tool,), found)

    def _ask(self, user_id: str, tools: tuple[Tool, ...], found: Authorization) -> dict[str, Any]:
        if found.status == "failed":
            raise failed()
        if found.url is None:
            raise EngineUnavailable("The engine gave no address at which the person can agree.")
        if found.id is not None:
            self._sessions.remember(user_id, _names(tools), found.id)
        return AuthorizationRequired(authorization_required=True, url=found.url, message=MESSAGE)

    def _worked(self, user_id: str, tools: tuple[Tool, ...]) -> None:
        if self._sessions.worked(user_id, _names(tools)):
            # The person has agreed since we asked: what was kept of their tools says otherwise.
            self.cache.invalidate(user_id)

    def _drop(self, user_id: str) -> None:
        self._sessions.forget(user_id)
        self.cache.invalidate(user_id)


def _names(tools: tuple[Tool, ...]) -> frozenset[str]:
    return frozenset(tool.name for tool in tools)


def _sendable(params: Mapping[str, Any] | None) -> dict[str, object]:
    """Check that the parameters are JSON before anything is sent; a failure names no value."""
    if params is not None and not isinstance(params, Mapping):
        raise InvalidInput("The parameters are given by name, as a mapping.")
    inputs = dict(params or {})
    try:
        json.dumps(inputs, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput("The parameters cannot be written as JSON.") from None
    return inputs
