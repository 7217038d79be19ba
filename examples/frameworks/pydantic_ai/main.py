"""Pydantic AI with Gmail, for several people at once.

    python examples/frameworks/pydantic_ai/main.py alice@example.com bob@example.com

A call that lacks permission, or would send, is deferred; once the person has granted access and
said yes, the run continues with that very call. Set ARCADE_BASE_URL, ARCADE_API_KEY,
OPENAI_API_KEY and OPENAI_MODEL.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from pydantic_ai import (
    Agent,
    ApprovalRequired,
    DeferredToolRequests,
    RunContext,
    Tool,
    ToolCallPart,
    ToolDenied,
)
from pydantic_ai.models.openai import OpenAIChatModel

from arcade_gmail_multiuser import GmailMultiuserError, MultiUserGmailAgent

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
TERMINAL = asyncio.Lock()
DENIED = ToolDenied("The person does not want this to be done.")


@dataclass
class Person:
    """Whom a run is for. Pydantic AI passes it to the tools and never shows it to the model."""

    user_id: str


def gmail_tool(gmail: MultiUserGmailAgent, function: dict[str, Any]) -> Tool[Person]:
    """Make a tool of Pydantic AI; whose mail it works on comes with the run's dependencies."""
    name = function["name"]

    async def call(context: RunContext[Person], **arguments: Any) -> Any:
        user_id = context.deps.user_id
        request = {"action": name, "parameters": arguments}
        if not context.tool_call_approved and await gmail.needs_approval(user_id, request):
            raise ApprovalRequired
        answer = await gmail.process_email_request(user_id, request)
        if answer["success"]:
            return answer["data"]
        if "authUrl" in answer:
            raise ApprovalRequired
        return answer["error"]

    return Tool.from_schema(
        call, name, function["description"], function["parameters"], takes_ctx=True
    )


async def says_yes(user_id: str, tool: str, arguments: Any) -> bool:
    """Show a person what the model wants to do, and ask. Here everyone shares one terminal."""
    async with TERMINAL:
        print(f"{user_id}: {tool} {json.dumps(arguments)}: do it? [y/N]", flush=True)
        return (await asyncio.to_thread(sys.stdin.readline)).strip().lower() == "y"


async def grant(gmail: MultiUserGmailAgent, user_id: str, tools: list[str]) -> None:
    """Show a person where to grant what these tools need, at once, and wait until they have."""
    asked = await gmail.manager.authenticate_user(user_id, tools)
    if "url" in asked:
        print(f"{user_id}: open this page to connect: {asked['url']}", flush=True)
        await gmail.manager.wait_for_authorization(user_id, tools)


async def approve(gmail: MultiUserGmailAgent, user_id: str, call: ToolCallPart) -> bool:
    """Ask the person about a call that would send; one that only lacked permission may continue."""
    request = {"action": call.tool_name, "parameters": call.args_as_dict()}
    if not await gmail.needs_approval(user_id, request):
        return True
    return await says_yes(user_id, call.tool_name, call.args_as_dict())


async def ask(
    agent: Agent[Person, Any], gmail: MultiUserGmailAgent, user_id: str, task: str
) -> str:
    """Let the agent do a task for one person, through every permission and yes it needs."""
    # In an application the id comes from the signed-in user's session.
    person = Person(user_id)
    result = await agent.run(task, deps=person)
    while isinstance(wishes := result.output, DeferredToolRequests):
        calls = wishes.approvals
        await grant(gmail, user_id, [call.tool_name for call in calls])
        approvals = {
            call.tool_call_id: await approve(gmail, user_id, call) or DENIED for call in calls
        }
        result = await agent.run(
            message_history=result.all_messages(),
            deferred_tool_results=wishes.build_results(approvals=approvals),
            deps=person,
        )
    return str(result.output)


async def main(people: list[str]) -> None:
    gmail = MultiUserGmailAgent()
    async with gmail.manager:
        described = await gmail.tool_definitions(people[0], "openai", only=TOOLS)
        agent = Agent(
            OpenAIChatModel(os.environ["OPENAI_MODEL"]),
            deps_type=Person,
            output_type=[str, DeferredToolRequests],
            tools=[gmail_tool(gmail, one["function"]) for one in described],
        )

        async def one(user_id: str) -> None:
            try:
                said = await ask(agent, gmail, user_id, TASK)
            except GmailMultiuserError as problem:
                # A person who declines or takes too long does not hold up the others.
                said = problem.message
            print(f"{user_id}: {said}", flush=True)

        await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
