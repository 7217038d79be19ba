"""The same with agents-arcade's own get_arcade_tools, for code that uses it already.

    python examples/frameworks/openai_agents/with_arcade_tools.py alice@example.com bob@example.com

It needs no change but ARCADE_BASE_URL. Its tools stop a run at any error of theirs, and arcadepy
waits on for a person who has declined. main.py does neither.
"""

import asyncio
import os
import sys
from functools import partial
from typing import Any

from agents import (
    Agent,
    RunContextWrapper,
    Runner,
    set_default_openai_api,
    set_tracing_disabled,
)
from agents_arcade import get_arcade_tools
from arcadepy import AsyncArcade

TASK = "Send me a summary of my three latest mails, and keep one as a draft."
TOOLS = [
    f"GmailMultiuser.{name}" for name in ("WhoAmI", "ListEmails", "SendEmail", "WriteDraftEmail")
]


async def lacks_permission(
    gmail: AsyncArcade,
    tool: str,
    context: RunContextWrapper[dict[str, str]],
    _arguments: dict[str, Any],
    _call_id: str,
) -> bool:
    user_id = context.context["user_id"]
    return (await gmail.tools.authorize(tool_name=tool, user_id=user_id)).status != "completed"


async def ask(agent: Agent[Any], gmail: AsyncArcade, user_id: str, task: str) -> str:
    """Let the agent do a task for one person, through every permission it needs."""
    person = {"user_id": user_id}
    result = await Runner.run(agent, task, context=person)
    while result.interruptions:
        state = result.to_state()
        for wish in result.interruptions:
            asked = await gmail.tools.authorize(tool_name=wish.name, user_id=user_id)
            if asked.status != "completed":
                print(f"{user_id}: open this page to connect: {asked.url}", flush=True)
                await gmail.auth.wait_for_completion(asked)
            state.approve(wish)
        result = await Runner.run(agent, state, context=person)
    return str(result.final_output)


async def main(people: list[str]) -> None:
    set_default_openai_api("chat_completions")  # what servers other than OpenAI's speak
    set_tracing_disabled(True)  # traces would take people's mail to OpenAI
    # arcadepy repeats a POST by itself, and a mail would go out twice.
    async with AsyncArcade(max_retries=0) as gmail:
        tools = await get_arcade_tools(gmail, tools=TOOLS)
        for tool in tools:
            tool.needs_approval = partial(lacks_permission, gmail, tool.name)
        agent = Agent(name="Gmail", model=os.environ["OPENAI_MODEL"], tools=tools)

        async def one(user_id: str) -> None:
            print(f"{user_id}: {await ask(agent, gmail, user_id, TASK)}", flush=True)

        await asyncio.gather(*(one(user_id) for user_id in people))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or sys.exit(__doc__)))
