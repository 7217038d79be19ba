"""Route an application's or a model's requests to the Gmail tools of one user."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from arcadepy import AsyncArcade
from arcadepy.types import ToolDefinition

from arcade_gmail_multiuser.client.arguments import (
    USER_ID,
    check_arguments,
    check_user_id,
    with_user_id,
)
from arcade_gmail_multiuser.client.manager import MultiUserGmailManager
from arcade_gmail_multiuser.client.naming import KNOWN_TOOLS, match_action
from arcade_gmail_multiuser.client.results import AskUser
from arcade_gmail_multiuser.client.shapes import EmailRequestResult, ErrorDetails, UserTools
from arcade_gmail_multiuser.client.toolset import acts_on_others, describe, is_destructive, takes
from arcade_gmail_multiuser.errors import (
    ConfigurationError,
    GmailMultiuserError,
    InvalidInput,
    ToolFailed,
    UnknownTool,
    WrongUser,
)
from arcade_gmail_multiuser.tool_schema import ToolFormat

__all__ = ["MultiUserGmailAgent"]


class MultiUserGmailAgent:
    """Answer requests such as {"action": "send", "parameters": {…}} for any number of users.

    Args:
        arcade: a manager to share, or a client to build one on; by default as for
            MultiUserGmailManager.
    """

    def __init__(self, arcade: MultiUserGmailManager | AsyncArcade | None = None) -> None:
        self.manager = (
            arcade if isinstance(arcade, MultiUserGmailManager) else MultiUserGmailManager(arcade)
        )

    async def initialize_user_tools(self, user_id: str) -> UserTools:
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
    ) -> EmailRequestResult:
        """Run the tool a request asks for, after checking its parameters.

        Returns:
            `{"success": True, "data": what the tool returned}`, or
            `{"success": False, "authRequired": True, "authUrl": …}`, or
            `{"success": False, "error": {"code", "message", "can_retry", …}}`.

        Raises:
            InvalidInput: the user_id is missing. ConfigurationError, WrongUser: for operators.
        """
        user_id = check_user_id(user_id)
        try:
            tool = await self._tool(user_id, request)
            given = with_user_id(tool, _parts(request)[1], user_id)
            data = await self.manager.run_tool(
                user_id, tool.qualified_name, check_arguments(tool, given)
            )
        except AskUser as asked:
            return {"success": False, "authRequired": True, "authUrl": asked.answer["url"]}
        except (ConfigurationError, WrongUser):
            raise
        except GmailMultiuserError as problem:
            return {"success": False, "error": _details(problem)}
        return {"success": True, "data": data}

    async def needs_approval(self, user_id: str, request: Mapping[str, Any]) -> bool:
        """Tell whether to ask the person before `process_email_request` does this for a model.

        True for what may reach other people, now or later, and for what throws something away; a
        `dry_run` does neither. A tool whose effect is not known needs approval.

        Raises:
            UnknownTool, InvalidInput: the request asks for nothing known.
        """
        tool = await self._tool(user_id, request)
        if _parts(request)[1].get("dry_run") is True and takes(tool, "dry_run"):
            return False
        return acts_on_others(tool) or is_destructive(tool)

    def determine_gmail_tool(
        self, request: Mapping[str, Any] | str, tools: Sequence[ToolDefinition] | None = None
    ) -> str:
        """Return the qualified name of the tool that a request, or a bare action, means.

        Actions are send, draft, list, search, read, reply, forward, archive, trash and labels, and
        every tool by any of its names. A search without a query searches by sender, subject and so
        on; a send with a `to` is MultiUserGmailSend. Without `tools`, the toolkit's own names are
        the ones known.

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
        """Return a request's parameters, checked against the tool's input if that is given.

        They are under "parameters", or beside the action.

        Raises:
            InvalidParameters: names all that are unknown, missing or of a wrong type.
        """
        _, parameters = _parts(request)
        return dict(parameters) if tool is None else check_arguments(tool, parameters)

    async def tool_definitions(
        self, user_id: str, form: ToolFormat = "openai", *, only: Collection[str] | None = None
    ) -> list[dict[str, Any]]:
        """Describe the user's tools for a model, in OpenAI's or Anthropic's format.

        Args:
            only: names of the tools to describe; by default all.
        """
        tools = (await self.initialize_user_tools(user_id))["tools"]
        if only is not None:
            names = (only,) if isinstance(only, str) else only
            wanted = {self.determine_gmail_tool({"action": name}, tools) for name in names}
            tools = [tool for tool in tools if tool.qualified_name in wanted]
        return [describe(tool, form, without=USER_ID) for tool in tools]

    async def _tool(self, user_id: str, request: Mapping[str, Any]) -> ToolDefinition:
        tools = (await self.initialize_user_tools(user_id))["tools"]
        name = self.determine_gmail_tool(request, tools)
        return next(tool for tool in tools if tool.qualified_name == name)


def _parts(request: object) -> tuple[object, Mapping[str, Any]]:
    if not isinstance(request, Mapping) or not request.get("action"):
        raise InvalidInput('A request is {"action": …, "parameters": {…}}.')
    parameters = request.get("parameters")
    if parameters is None:
        names = request.keys() - {"action", "parameters"}
        parameters = {name: request[name] for name in names}
    if not isinstance(parameters, Mapping):
        raise InvalidInput("The parameters of a request must be an object.")
    return request["action"], parameters


def _details(problem: GmailMultiuserError) -> ErrorDetails:
    found: ErrorDetails = {
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
