"""Route an application's requests, and a chat model's, to the Gmail tools of one user."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from arcadepy import AsyncArcade
from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client.conversation import ChatModel, RunResult, RunState
from arcade_gmail_multiuser.client.formats import ToolFormat, describe_tool
from arcade_gmail_multiuser.client.loop import SYSTEM, Approve, Limits, Run
from arcade_gmail_multiuser.client.manager import AuthorizationRequired, MultiUserGmailManager
from arcade_gmail_multiuser.client.naming import KNOWN_TOOLS, match_action
from arcade_gmail_multiuser.client.tool_schema import check_arguments, with_user_id
from arcade_gmail_multiuser.client.users import check_user_id
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    GmailMultiuserError,
    InvalidInput,
    ToolFailed,
    UnknownTool,
    WrongUser,
)

__all__ = ["MultiUserGmailAgent"]


class MultiUserGmailAgent:
    """Answer requests such as {"action": "send", "parameters": {…}} for any number of users.

    Args:
        arcade: a manager to share, or a client to make one over; else as MultiUserGmailManager.
    """

    def __init__(self, arcade: MultiUserGmailManager | AsyncArcade | None = None) -> None:
        self.manager = (
            arcade if isinstance(arcade, MultiUserGmailManager) else MultiUserGmailManager(arcade)
        )

    async def initialize_user_tools(self, user_id: str) -> dict[str, Any]:
        """Load all of a user's tools, or take them from the manager's cache.

        Returns:
            `{"tools": [arcadepy's ToolDefinition, …], "client": AsyncArcade, "user_id": …}`.
        """
        manager = self.manager
        user_id = manager.check_call(user_id)
        tools = await manager.cache.load(manager.client, user_id, toolkit=manager.toolkit)
        return {"tools": tools, "client": manager.client, "user_id": user_id}

    async def process_email_request(
        self, user_id: str, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Do what a request asks for. Parameters are checked before anything is called.

        Returns:
            `{"success": True, "data": what the tool returned}`, or
            `{"success": False, "authRequired": True, "authUrl": …}`, or
            `{"success": False, "error": {"code", "message", "can_retry", …}}`.

        Raises:
            InvalidInput: the user_id is missing. ConfigurationError, WrongUser: for operators.
        """
        user_id = check_user_id(user_id)
        try:
            tools = (await self.initialize_user_tools(user_id))["tools"]
            name = self.determine_gmail_tool(request, tools)
            tool = next(one for one in tools if one.qualified_name == name)
            given = with_user_id(tool, _parts(request)[1], user_id)
            parameters = check_arguments(tool, given)
            data = await self.manager.execute_gmail_action(user_id, name, parameters)
        except (ConfigurationError, WrongUser):
            raise
        except GmailMultiuserError as problem:
            return {"success": False, "error": _described(problem)}
        if isinstance(data, AuthorizationRequired):
            return {"success": False, "authRequired": True, "authUrl": data["url"]}
        return {"success": True, "data": data}

    def determine_gmail_tool(
        self, request: Mapping[str, Any] | str, tools: Sequence[ToolDefinition] | None = None
    ) -> str:
        """Give the qualified name of the tool that a request, or a bare action, means.

        Known are send, draft, list, search, read, reply, forward, archive, trash and labels, and
        every tool by any of its names. A search without a query is one by sender, subject and so
        on, and a send with a `to` is MultiUserGmailSend. Without `tools`, the names this toolkit is
        known by count.

        Raises:
            UnknownTool: with the closest names; an unknown action is never taken for another.
        """
        action, parameters = (request, {}) if isinstance(request, str) else _parts(request)
        toolkit = self.manager.toolkit
        if tools is None:
            return f"{toolkit}.{match_action(action, parameters, KNOWN_TOOLS, toolkit=toolkit)}"
        by_name = {tool.name: tool for tool in tools}
        if not by_name:
            raise UnknownTool(f"The engine has no tools of a toolkit {toolkit}.")
        name = match_action(action, parameters, by_name, toolkit=toolkit)
        return by_name[name].qualified_name

    def parse_request_parameters(
        self, request: Mapping[str, Any], tool: ToolDefinition | None = None
    ) -> dict[str, Any]:
        """Give a request's parameters, checked against the tool's input if that is given.

        They stand under "parameters", or beside the action.

        Raises:
            InvalidParameters: names all that are unknown, missing or of a wrong type.
        """
        _, parameters = _parts(request)
        return dict(parameters) if tool is None else check_arguments(tool, parameters)

    async def tool_definitions(
        self, user_id: str, form: ToolFormat = "openai", *, only: Collection[str] | None = None
    ) -> list[dict[str, Any]]:
        """Describe the user's tools for a chat model, as OpenAI or Anthropic take them.

        Args:
            only: names of the tools to describe; all when not given.
        """
        return [describe_tool(tool, form) for tool in await self._offered(user_id, only)]

    async def run(
        self,
        user_id: str,
        prompt: str | None,
        model: ChatModel,
        *,
        state: RunState | None = None,
        only: Collection[str] | None = None,
        approve: Approve | None = None,
        limits: Limits | None = None,
        system: str = SYSTEM,
    ) -> RunResult:
        """Let a chat model answer a prompt with this user's tools.

        Mail reaches the model as tool results only, and it never sees a token. Its own mistakes
        (an unknown tool, arguments that do not fit, a tool's error) are told to it.

        Args:
            prompt: None to go on with `state` after an authorization or a failure of the model.
            state: of an earlier run for the same user; it is brought up to date in place.
            only: names of the tools to offer; all when not given.
            approve: asked with a tool's name and arguments before anything is thrown away or can
                reach other people; anything but True leaves it undone.

        Raises:
            WrongUser: the state is another user's. InvalidInput: neither prompt nor state.
            EngineUnavailable, RateLimited, ConfigurationError, …: the tools could not be loaded.
        """
        user_id = check_user_id(user_id)
        if state is not None and state.user_id != user_id:
            raise WrongUser("That conversation belongs to another user.")
        if prompt is not None and not (isinstance(prompt, str) and prompt.strip()):
            raise InvalidInput("A prompt is a text.")
        if prompt is None and (state is None or not state.messages):
            raise InvalidInput("Give a prompt, or the state of a run to go on with.")
        run = Run(
            self.manager,
            model,
            await self._offered(user_id, only),
            RunState(user_id) if state is None else state,
            system=system,
            limits=limits or Limits(),
            approve=approve,
        )
        return await run.go(prompt)

    async def _offered(self, user_id: str, only: Collection[str] | None) -> list[ToolDefinition]:
        tools: list[ToolDefinition] = (await self.initialize_user_tools(user_id))["tools"]
        if only is None:
            return tools
        names = (only,) if isinstance(only, str) else only
        wanted = {self.determine_gmail_tool({"action": name}, tools) for name in names}
        return [tool for tool in tools if tool.qualified_name in wanted]


def _parts(request: object) -> tuple[object, Mapping[str, Any]]:
    if not isinstance(request, Mapping) or not request.get("action"):
        raise InvalidInput('A request is {"action": …, "parameters": {…}}.')
    parameters = request.get("parameters")
    if parameters is None:
        names = request.keys() - {"action", "parameters"}
        parameters = {name: request[name] for name in names}
    if not isinstance(parameters, Mapping):
        raise InvalidInput("The parameters of a request are given by name, as an object.")
    return request["action"], parameters


def _described(problem: GmailMultiuserError) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": problem.code,
        "message": problem.message,
        "can_retry": problem.can_retry,
    }
    if problem.retry_after_ms is not None:
        found["retry_after_ms"] = problem.retry_after_ms
    if isinstance(problem, ToolFailed):
        found["kind"] = problem.kind
        if problem.hint:
            found["hint"] = problem.hint
    if isinstance(problem, UnknownTool):
        found["closest"] = list(problem.closest)
    return found
