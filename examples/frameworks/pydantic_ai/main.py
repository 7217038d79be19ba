"""Pydantic AI with Gmail, for several people at once.

    python examples/frameworks/pydantic_ai/main.py alice@example.com bob@example.com

A tool that lacks permission defers its call; once the person has agreed, the run goes on with
that very call. ARCADE_BASE_URL, ARCADE_API_KEY, OPENAI_API_KEY and OPENAI_MODEL say where.
"""

import asyncio
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
)
from pydantic_ai.models.openai import OpenAIChatModel

from arcade_gmail_multiuser.client import MultiUserGmailAgent
from arcade_gmail_multiuser.errors import GmailMultiuserError

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")


@dataclass
class Person:
    """Whom a run is for. Pydantic AI hands it to the tools and never shows it to the model."""

    user_id: str


def gmail_tool(gmail: MultiUserGmailAgent, function: dict[str, Any]) -> Tool[Person]:
    """Make a tool of Pydantic AI; whose mail it works on comes with the run's dependencies."""
    name = function["name"]

    async def call(context: RunContext[Person], **arguments: Any) -> Any:
        request = {"action": name, "parameters": arguments}
        answer = await gmail.process_email_request(context.deps.user_id, request)
        if answer.get("authRequired"):
            raise ApprovalRequired
        return answer["data"] if answer["success"] else answer["error"]

    return Tool.from_schema(
        call, name, function["description"], function["parameters"], takes_ctx=True
    )


async def agree(gmail: MultiUserGmailAgent, user_id: str, tools: list[str]) -> None:
    """Show a person where to agree to these tools, all at once, and wait until they have."""
    asked = await gmail.manager.authenticate_user(user_id, tools)
    if "url" in asked:
        print(f"{user_id}: open this page to connect: {asked['url']}", flush=True)
        await gmail.manager.wait_for_authorization(user_id, tools)


async def ask(
    agent: Agent[Person, Any], gmail: MultiUserGmailAgent, user_id: str, task: str
) -> str:
    """Let the agent do a task for one person, through every permission it needs."""
    # In an application the id comes from the session of who is signed in.
    person = Person(user_id)
    result = await agent.run(task, deps=person)
    while isinstance(wishes := result.output, DeferredToolRequests):
        await agree(gmail, user_id, [call.tool_name for call in wishes.approvals])
        result = await agent.run(
            message_history=result.all_messages(),
            deferred_tool_results=wishes.build_results(approve_all=True),
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
                # One who declines, or takes too long, holds up nobody else.
                said = problem.message
            print(f"{user_id}: {said}", flush=True)

        await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
