"""OpenAI's Agents SDK with Gmail, for several people at once.

    python examples/frameworks/openai_agents/main.py alice@example.com bob@example.com

A call that lacks permission, or would send, needs approval, as the SDK calls it; once the person
has granted access and said yes, the run continues with that very call. Set ARCADE_BASE_URL,
ARCADE_API_KEY, OPENAI_API_KEY and OPENAI_MODEL.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

from agents import (
    Agent,
    FunctionTool,
    RunContextWrapper,
    Runner,
    set_default_openai_api,
    set_tracing_disabled,
)
from agents.tool_context import ToolContext

from arcade_gmail_multiuser import GmailMultiuserError, MultiUserGmailAgent

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
TERMINAL = asyncio.Lock()
DENIED = "The person does not want this to be done."


@dataclass
class Person:
    """Whom a run is for. The SDK passes it to the tools and never shows it to the model."""

    user_id: str


def gmail_tool(gmail: MultiUserGmailAgent, function: dict[str, Any]) -> FunctionTool:
    """Make a tool of the SDK; whose mail it works on comes with the run's context."""
    name = function["name"]

    async def needs_approval(
        context: RunContextWrapper[Person], arguments: dict[str, Any], _call_id: str
    ) -> bool:
        user_id = context.context.user_id
        if await gmail.needs_approval(user_id, {"action": name, "parameters": arguments}):
            return True
        return "url" in await gmail.manager.authenticate_user(user_id, name)

    async def call(context: ToolContext[Person], arguments: str) -> str:
        request = {"action": name, "parameters": json.loads(arguments or "{}")}
        answer = await gmail.process_email_request(context.context.user_id, request)
        return json.dumps(answer["data"] if answer["success"] else answer)

    return FunctionTool(
        name=name,
        description=function["description"],
        params_json_schema=function["parameters"],
        on_invoke_tool=call,
        needs_approval=needs_approval,
        strict_json_schema=False,
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


async def ask(agent: Agent[Person], gmail: MultiUserGmailAgent, user_id: str, task: str) -> str:
    """Let the agent do a task for one person, through every permission and yes it needs."""
    # In an application the id comes from the signed-in user's session.
    person = Person(user_id)
    result = await Runner.run(agent, task, context=person)
    while result.interruptions:
        state = result.to_state()
        await grant(gmail, user_id, [call.name for call in result.interruptions])
        for call in result.interruptions:
            arguments = json.loads(call.arguments or "{}")
            request = {"action": call.name, "parameters": arguments}
            if not await gmail.needs_approval(user_id, request):
                state.approve(call)  # it only lacked permission
            elif await says_yes(user_id, call.name, arguments):
                state.approve(call)
            else:
                state.reject(call, rejection_message=DENIED)
        result = await Runner.run(agent, state, context=person)
    return str(result.final_output)


async def main(people: list[str]) -> None:
    set_default_openai_api("chat_completions")  # what servers other than OpenAI's speak
    set_tracing_disabled(True)  # traces would take people's mail to OpenAI
    gmail = MultiUserGmailAgent()
    async with gmail.manager:
        described = await gmail.tool_definitions(people[0], "openai", only=TOOLS)
        agent = Agent[Person](
            name="Gmail",
            model=os.environ["OPENAI_MODEL"],
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
